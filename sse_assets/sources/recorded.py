"""Reference structures recorded in a folder, for machines that reach no database.

The folder holds one CIF a structure and an `index.csv` that says what each of them is.
"""

import hashlib
import re
from collections.abc import Iterable
from contextlib import suppress
from pathlib import Path

import pandas as pd

from sse_assets.materials.cif_document import kept_text
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition
from sse_assets.materials.plain_text import harmless_table
from sse_assets.materials.symmetry import normalised_symbol
from sse_assets.sources.columns import (
    References,
    SourceError,
    blank_as_missing,
    numbers,
    read_table,
)
from sse_assets.tables import raw
from sse_assets.tables.names import StructureOrigin

FOLDER = "mp_snapshot"
"""Folder of a data mirror that holds such a record."""
INDEX = "index.csv"

_INDEX_COLUMNS = {
    "file": "file",
    "reduced_formula": "formula",
    "material_id": "structure_id",
    "rank_by_id": "rank",
    "space_group": "space_group",
    "volume_per_atom": "volume_per_atom",
    "provenance": "provenance",
}
"""The columns that every index has, and what `tables.raw.REFERENCE_STRUCTURES` calls the same thing."""

_DEFAULTS = {"origin": StructureOrigin.MATERIALS_PROJECT.value, "licence": "CC BY 4.0", "sha256": ""}
"""Columns that an index may lack: one without an origin was recorded from the Materials Project alone."""


def read_snapshot(folder: Path, formulas: Iterable[str]) -> References:
    """The recorded structures with one of these compositions; a text that is no formula matches none.

    A CIF that holds no readable crystal keeps its row and its text, for curation to judge. A file that is
    missing, or whose SHA-256 is not the index's, is left out with a warning.

    Raises:
        SourceError: if the index is absent, empty, lacks a column, or has a formula or number that is none.
    """
    wanted = set()
    for formula in formulas:
        with suppress(FormulaError):
            wanted.add(composition_key(parse_composition(formula)))

    index = _read_index(folder / INDEX)
    rows = []
    warnings = []
    for row in index[index["key"].isin(wanted)].to_dict("records"):
        path = folder / row["file"]
        if not path.is_file():
            warnings.append(f"{path} is listed in {INDEX} and not there, so it is left out: record it again")
            continue
        content = path.read_bytes()
        sha256 = hashlib.sha256(content).hexdigest()
        if row["sha256"] not in ("", sha256):
            warnings.append(
                f"{path} has the SHA-256 {sha256}, not {row['sha256']} as in {INDEX}, so it is left out: "
                "record it again"
            )
            continue
        rows.append(row | {"cif": kept_text(content), "sha256": sha256})
    structures = raw.REFERENCE_STRUCTURES.sorted_frame(rows, by=["origin", "formula", "rank"])
    return References(structures, warnings, queried=len(wanted))


def record_snapshot(structures: pd.DataFrame, folder: Path) -> None:
    """Write structures (as `tables.raw.REFERENCE_STRUCTURES`) so that `read_snapshot` gives them back.

    Files of an earlier snapshot in the folder are replaced or no longer listed.
    """
    folder.mkdir(parents=True, exist_ok=True)
    safe = re.compile(r"[^A-Za-z0-9.-]+")
    files = [
        f"{safe.sub('_', formula)}__{safe.sub('-', structure_id)}.cif"
        for formula, structure_id in zip(structures["formula"], structures["structure_id"], strict=True)
    ]
    for file, cif in zip(files, structures["cif"], strict=True):
        (folder / file).write_bytes(cif.encode())
    index = structures.assign(file=files).rename(
        columns={ours: theirs for theirs, ours in _INDEX_COLUMNS.items()}
    )
    harmless_table(index[[*_INDEX_COLUMNS, *_DEFAULTS]]).to_csv(folder / INDEX, index=False)


def _read_index(path: Path) -> pd.DataFrame:
    """Return the index with our names, and each composition's key as `key`."""
    table = read_table(path, list(_INDEX_COLUMNS))
    absent = {column: value for column, value in _DEFAULTS.items() if column not in table.columns}
    table = table.assign(**absent)[[*_INDEX_COLUMNS, *_DEFAULTS]]
    table["rank_by_id"] = numbers(table, "rank_by_id", "file", path)
    table["volume_per_atom"] = numbers(table, "volume_per_atom", "file", path)
    table["space_group"] = blank_as_missing(table["space_group"]).map(normalised_symbol, na_action="ignore")
    try:
        table["key"] = [composition_key(parse_composition(formula)) for formula in table["reduced_formula"]]
    except FormulaError as error:
        raise SourceError(f"{path}: {error}: correct the row, or record the snapshot again") from error
    return table.rename(columns=_INDEX_COLUMNS)
