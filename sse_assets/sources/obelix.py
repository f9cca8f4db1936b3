"""OBELiX (arXiv 2502.14234): 599 conductivities at room temperature, 321 crystals, a published split."""

import hashlib
import re
from pathlib import Path, PurePosixPath

import pandas as pd

from sse_assets.materials.cif_document import kept_text
from sse_assets.materials.formula import FormulaError, formula_text, parse_composition
from sse_assets.materials.symmetry import normalised_symbol
from sse_assets.sources.archives import read_members
from sse_assets.sources.columns import (
    SourceError,
    blank_as_missing,
    numbers,
    read_table,
)
from sse_assets.sources.registry import OBELIX_CIFS, OBELIX_TABLE
from sse_assets.tables import raw
from sse_assets.tables.names import Role, Source, StructureOrigin

_TABLE_COLUMNS = {
    "ID": "source_id",
    "True Composition": "formula",
    "Z": "z",
    "Ionic conductivity (S cm-1)": "reported_conductivity",
    "Space group": "space_group",
    "a": "a",
    "b": "b",
    "c": "c",
    "alpha": "alpha",
    "beta": "beta",
    "gamma": "gamma",
    "Family": "reported_family",
    "DOI": "doi",
}
_NUMBERS = ("Z", "a", "b", "c", "alpha", "beta", "gamma")
_FORMULA_TAG = re.compile(r"^_chemical_formula_sum\s+'([^']+)'", re.MULTILINE)


def read_measurements(path: Path) -> pd.DataFrame:
    """Return the table `all.csv` as `tables.raw.OBELIX_MEASUREMENTS`, by id.

    The formula is the content of one cell (`True Composition`), so z formula units. The temperature is NaN:
    OBELiX says only that it is room temperature.

    Raises:
        SourceError: if the file is absent, empty, lacks a column, or has text where a number should be.
    """
    table = read_table(path, list(_TABLE_COLUMNS))
    frame = table[list(_TABLE_COLUMNS)].rename(columns=_TABLE_COLUMNS)
    for name in _NUMBERS:
        frame[_TABLE_COLUMNS[name]] = numbers(table, name, "ID", path)
    frame["formula"] = [
        _formula_unit(content, z) for content, z in zip(frame["formula"], frame["z"], strict=True)
    ]
    frame["space_group"] = blank_as_missing(frame["space_group"]).map(normalised_symbol, na_action="ignore")
    frame["reported_family"] = blank_as_missing(frame["reported_family"])
    frame["doi"] = blank_as_missing(frame["doi"])
    frame["source"] = Source.OBELIX.value
    frame["licence"] = OBELIX_TABLE.licence
    return raw.OBELIX_MEASUREMENTS.sorted_frame(frame, by=["source_id"])


def _formula_unit(cell_content: str, z: float) -> str:
    """Return what one formula unit holds, or, for curation to refuse, a text that is no formula."""
    try:
        return formula_text(parse_composition(cell_content) / z)
    except FormulaError:
        return cell_content


def read_structures(archive_path: Path) -> pd.DataFrame:
    """Return the CIFs of `all_cifs.tar.gz` as `tables.raw.OBELIX_STRUCTURES`, by id.

    The formula is the one that the CIF states; the table's is the measured composition. A CIF that is no text
    keeps its place, so that curation can say so.

    Raises:
        SourceError: if the archive is absent, damaged or unsafe, or holds no CIF.
    """
    cifs = {name: content for name, content in read_members(archive_path).items() if name.endswith(".cif")}
    if not cifs:
        raise SourceError(f"{archive_path} holds no .cif file: fetch it again")
    rows = []
    for name, content in cifs.items():
        source_id = PurePosixPath(name).stem
        cif = kept_text(content)
        formula = _FORMULA_TAG.search(cif)
        rows.append(
            {
                "origin": StructureOrigin.OBELIX.value,
                "structure_id": f"obelix:{source_id}",
                "source_id": source_id,
                "formula": formula[1] if formula else None,
                "cif": cif,
                "sha256": hashlib.sha256(content).hexdigest(),
                "licence": OBELIX_CIFS.licence,
                "provenance": (
                    f"{archive_path.name}:{name} of OBELiX, whose authors added random noise to the positions"
                ),
            }
        )
    return raw.OBELIX_STRUCTURES.sorted_frame(rows, by=["source_id"])


def read_official_split(train_path: Path, test_path: Path) -> pd.DataFrame:
    """Return OBELiX's own split as `tables.raw.OBELIX_OFFICIAL_SPLIT`, by id.

    Raises:
        SourceError: if a file is absent, empty or lacks its column, or an id is in both.
    """
    train, test = read_table(train_path, ["ID"])["ID"], read_table(test_path, ["ID"])["ID"]
    shared = sorted(set(train) & set(test))
    if shared:
        raise SourceError(
            f"{train_path} and {test_path} both list {shared[0]!r}, which cannot be trained on and tested: "
            "fetch both again"
        )
    split = pd.concat(
        [
            pd.DataFrame({"source_id": train, "role": Role.TRAIN.value}),
            pd.DataFrame({"source_id": test, "role": Role.TEST.value}),
        ]
    )
    return raw.OBELIX_OFFICIAL_SPLIT.sorted_frame(split, by=["source_id"])
