"""The embedded sample: well-known electrolytes, so that the pipeline runs without a network.

Its table and its crystals lie in `sample_data/`, whose README says how they were compiled.
"""

import hashlib
from importlib.resources import as_file, files

import pandas as pd

from sse_assets.materials.cif_document import kept_text
from sse_assets.materials.symmetry import normalised_symbol
from sse_assets.sources.columns import (
    SourceError,
    blank_as_missing,
    numbers,
    read_table,
)
from sse_assets.tables import raw
from sse_assets.tables.names import Source, StructureOrigin

LICENCE = "facts compiled by this project, each with the DOI of the paper that reports it"

_DATA = files("sse_assets.sources") / "sample_data"
_TABLE = _DATA / "electrolytes.csv"
_STRUCTURES = _DATA / "structures"

_TABLE_COLUMNS = {
    "id": "source_id",
    "formula": "formula",
    "z": "z",
    "conductivity_s_cm": "reported_conductivity",
    "temperature_c": "temperature_c",
    "family": "reported_family",
    "space_group": "space_group",
    "a": "a",
    "b": "b",
    "c": "c",
    "alpha": "alpha",
    "beta": "beta",
    "gamma": "gamma",
    "conductivity_doi": "doi",
    "structure_doi": "structure_doi",
    "structure": "structure",
    "note": "note",
}
_NUMBERS = ("z", "temperature_c", "a", "b", "c", "alpha", "beta", "gamma")


def load_measurements() -> pd.DataFrame:
    """Return the sample's table as `tables.raw.SAMPLE_MEASUREMENTS`, by id.

    Raises:
        SourceError: if the table lacks a column or has text where a number should be.
    """
    frame = _read_table()
    frame["source"] = Source.SAMPLE.value
    frame["licence"] = LICENCE
    return raw.SAMPLE_MEASUREMENTS.sorted_frame(frame, by=["source_id"])


def load_structures() -> pd.DataFrame:
    """Return the sample's crystals as `tables.raw.SAMPLE_STRUCTURES`, by id.

    The formula is the table's, which every CIF gives to 0.02 in each atomic fraction.

    Raises:
        SourceError: if the table cannot be read, or names a CIF that is not there.
    """
    frame = _read_table()
    rows = []
    for row in frame[frame["structure"].notna()].to_dict("records"):
        file = _STRUCTURES / row["structure"]
        if not file.is_file():
            raise SourceError(
                f"{_TABLE}, row {row['source_id']!r}: there is no {file}: add the CIF, or leave the cell "
                "`structure` empty"
            )
        content = file.read_bytes()
        rows.append(
            {
                "origin": StructureOrigin.SAMPLE.value,
                "structure_id": f"sample:{row['source_id']}",
                "source_id": row["source_id"],
                "formula": row["formula"],
                "cif": kept_text(content),
                "sha256": hashlib.sha256(content).hexdigest(),
                "licence": LICENCE,
                "provenance": f"structure model with the cell of https://doi.org/{row['structure_doi']}",
            }
        )
    return raw.SAMPLE_STRUCTURES.sorted_frame(rows, by=["source_id"])


def content_sha256() -> str:
    """Return one hash of the table and of all CIFs, by name and content: the sample's data version."""
    total = hashlib.sha256()
    for file in [_TABLE, *sorted(_STRUCTURES.iterdir(), key=lambda file: file.name)]:
        total.update(f"{file.name} {hashlib.sha256(file.read_bytes()).hexdigest()}\n".encode())
    return total.hexdigest()


def _read_table() -> pd.DataFrame:
    """Return the table under the names of `tables.raw`, with its own columns that have none there."""
    with as_file(_TABLE) as path:
        table = read_table(path, list(_TABLE_COLUMNS))
        frame = table[list(_TABLE_COLUMNS)].rename(columns=_TABLE_COLUMNS)
        for name in _NUMBERS:
            frame[name] = numbers(table, name, "id", path)
    for name in ("reported_family", "space_group", "doi", "structure_doi", "structure", "note"):
        frame[name] = blank_as_missing(frame[name])
    frame["space_group"] = frame["space_group"].map(normalised_symbol, na_action="ignore")
    return frame
