"""Sets of candidates: files that somebody has left, and compounds of which no conductivity is known."""

import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path, PurePosixPath

import numpy as np
import pandas as pd

from sse_assets.materials.cif_document import decoded
from sse_assets.materials.crystal import CifError
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition
from sse_assets.materials.plain_text import harmless
from sse_assets.screening.candidates import SUFFIXES, candidate_frame, read_candidates
from sse_assets.screening.errors import PredictionError
from sse_assets.tables import screening
from sse_assets.tables.names import Reason

STATED = ("band_gap_ev", "energy_above_hull_ev")
"""Columns of a file of candidates that filters look at."""
_FAMILY = "family"
"""Another one, which says of a glass that it is one."""
_NOT_STATED = ("", "none", "nan", "null", "-")
"""How a file says that it states no energy."""
LONE_CIFS = "cifs"
"""Set of the CIFs that lie in no folder."""
OTHER_TEMPERATURES, REFERENCES = "other_temperatures", "references"
"""Sets of the pipeline: compounds measured at other temperatures alone, and computed crystals."""


def sets_of_files(files: Mapping[str, bytes]) -> tuple[pd.DataFrame, list[str]]:
    """Read the files of candidates: a table is a set by its name, a folder of CIFs one by its own.

    Args:
        files: contents by path, with `/` between folders. A table may name CIFs among them.

    Returns:
        A frame as `tables.screening.CANDIDATES`, and a sentence on each file that could not be read.
    """
    rows: list[dict[str, object]] = []
    unread: list[str] = []
    named: set[str] = set()
    for path, content in files.items():
        if PurePosixPath(path).suffix.lower() in SUFFIXES:
            try:
                rows += _of_table(PurePosixPath(path), content, files, named, unread)
            except PredictionError as error:
                unread.append(str(error))
    for path, content in files.items():
        place = PurePosixPath(path)
        if place.suffix.lower() == ".cif" and path not in named:
            name = place.parent.as_posix() if len(place.parts) > 1 else LONE_CIFS
            try:
                rows.append(_row(name, place.name, None, decoded(content)))
            except CifError as error:
                unread.append(f"{path}: {error}")
        elif place.suffix.lower() not in (*SUFFIXES, ".cif"):
            unread.append(f"{path} is neither a table of candidates ({', '.join(SUFFIXES)}) nor a CIF")
    return _frame(rows), unread


def set_of_database(name: str, found: pd.DataFrame) -> pd.DataFrame:
    """Return crystals of a database as a set of candidates.

    Args:
        name: of the set.
        found: columns `material`, `formula`, `cif` and those of `STATED`.

    Returns:
        A frame as `tables.screening.CANDIDATES`.
    """
    rows = [
        _row(name, row["material"], row["formula"], row["cif"]) | {column: row[column] for column in STATED}
        for row in found.to_dict("records")
    ]
    return _frame(rows)


def known_compounds(
    electrolytes: pd.DataFrame, rejected: pd.DataFrame, references: pd.DataFrame, reported: pd.DataFrame
) -> pd.DataFrame:
    """List the Li compounds that the pipeline knows and does not learn from.

    These are the compositions that were measured at other temperatures alone, and every computed crystal with
    Li. The ranking sets those aside whose composition has been measured.

    Args:
        electrolytes: a frame as `tables.curated.ELECTROLYTES`.
        rejected: a frame as `tables.curated.REJECTED`; the rows at other temperatures are candidates.
        references: a frame as `tables.raw.REFERENCE_STRUCTURES`; may be empty.
        reported: a frame as `tables.raw.LIION_MEASUREMENTS`, which names the families; may be empty.

    Returns:
        A frame as `tables.screening.CANDIDATES`.
    """
    measured = set(electrolytes["composition_key"])
    warm = rejected.loc[rejected["reason_code"] == Reason.TEMPERATURE, "formula"].dropna().unique()
    families = reported.drop_duplicates("formula").set_index("formula")["reported_family"]
    rows = []
    for formula in _of_lithium(warm, measured):
        plain = formula.strip("'\"")
        rows.append(_row(OTHER_TEMPERATURES, plain, plain, None) | {"reported_family": families.get(formula)})
    computed = references[references["formula"].isin(_of_lithium(references["formula"], set()))]
    rows += [
        _row(REFERENCES, row["structure_id"], row["formula"], row["cif"])
        for row in computed.to_dict("records")
    ]
    return _frame(rows)


def _of_lithium(formulas: Iterable[str], measured: set[str]) -> list[str]:
    """Return the formulas of Li compounds whose composition has not been measured, each composition once."""
    found: dict[str, str] = {}
    for formula in formulas:
        try:
            composition = parse_composition(formula)
        except FormulaError:  # curation has said so
            continue
        key = composition_key(composition)
        if composition["Li"] > 0 and key not in measured:
            found.setdefault(key, formula)
    return list(found.values())


def _of_table(
    path: PurePosixPath, content: bytes, files: Mapping[str, bytes], named: set[str], unread: list[str]
) -> list[dict[str, object]]:
    """Read the rows of a table; note in `named` which CIFs it names, and in `unread` what is no number.

    Raises:
        PredictionError: if it cannot be read, or names a CIF that is not there.
    """
    table = candidate_frame(content, path.name)
    stated = {name: _numbers(table[name], f"{path}: {name}", unread) for name in STATED if name in table}
    if _FAMILY in table:
        stated["reported_family"] = table[_FAMILY].replace("", None)
    folder = Path(path.parent)
    rows = []
    for number, material in enumerate(read_candidates(content, path.name, folder)):
        cif = material.cif
        if material.file is not None:
            place = material.file.as_posix()
            if place not in files:
                raise PredictionError(f"{path} names {place}, which is not there: put it beside the table")
            named.add(place)
            cif = files[place].decode(errors="replace")
        of_row = {name: values.iloc[number] for name, values in stated.items()}
        rows.append(_row(path.with_suffix("").as_posix(), material.asked, material.formula, cif) | of_row)
    return rows


def _numbers(column: pd.Series, name: str, unread: list[str]) -> pd.Series:
    """Return energies in eV, NaN where there is none; note in `unread` what is no energy."""
    numbers = pd.to_numeric(column, errors="coerce")
    numbers = numbers.where(np.isfinite(numbers) & ((numbers >= 0) | (column.name != "band_gap_ev")))
    is_wrong = numbers.isna() & ~column.astype(str).str.strip().str.lower().isin(_NOT_STATED)
    if is_wrong.any():
        first = harmless(str(column[is_wrong].iloc[0]))
        unread.append(
            f"{name}: {is_wrong.sum()} values are no energies in eV, the first is {first!r}; no candidate is "
            "set aside by them"
        )
    return numbers


def _row(name: str, material: str, formula: str | None, cif: str | None) -> dict[str, object]:
    digest = hashlib.sha256(f"{formula or ''}\n{cif or ''}".encode()).hexdigest()[:16]
    return {
        "candidate_set": name,
        "candidate_id": digest,
        "material": material,
        "formula": formula,
        "cif": cif,
    }


def _frame(rows: list[dict[str, object]]) -> pd.DataFrame:
    frame = screening.CANDIDATES.frame(rows)
    return frame.drop_duplicates(["candidate_set", "candidate_id"]).reset_index(drop=True)
