"""The tables that every source returns, and how a source says that its file is not what it should be.

Missing text is NaN (pandas' `str` dtype), a missing number is NaN. Lengths are in Å, angles in degrees,
temperatures in °C.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd

MEASUREMENT_COLUMNS = {
    "source": "str",  # obelix, liion, sample or inbox
    "source_id": "str",  # the row's own id in its source
    "formula": "str",  # as the source gives it
    "z": "float64",  # units of `formula` in one cell
    "reported_conductivity": "str",  # in S/cm, exactly as printed; may be a bound such as <1E-10
    "temperature_c": "float64",  # NaN where the source says only "room temperature"
    "reported_family": "str",
    "space_group": "str",  # Hermann-Mauguin symbol as materials.symmetry.normalised_symbol leaves it
    "a": "float64",
    "b": "float64",
    "c": "float64",
    "alpha": "float64",
    "beta": "float64",
    "gamma": "float64",
    "doi": "str",  # where the value was reported; several are joined by |
    "licence": "str",
}
"""Columns and dtypes of a table of measurements, one row per reported value."""

STRUCTURE_COLUMNS = {
    "origin": "str",  # materials.crystal.StructureOrigin
    "structure_id": "str",  # unique over all sources: obelix:jqc, mp-759384, oqmd:123
    "source_id": "str",  # the measurement it was made for; NaN for a reference structure
    "formula": "str",  # as the structure's own file or database states it
    "cif": "str",  # the text of the file
    "sha256": "str",  # of the file's bytes
    "licence": "str",
    "provenance": "str",  # one sentence: where it came from and what to know before using it
}
"""Columns and dtypes of a table of crystal structures."""

REFERENCE_COLUMNS = STRUCTURE_COLUMNS | {
    "rank": "int64",  # 1 is the oldest entry of its composition in its database
    "space_group": "str",  # normalised
    "volume_per_atom": "float64",  # Å³
}
"""Columns and dtypes of structures found in a database by their composition."""

OFFICIAL_SPLIT_COLUMNS = {"source_id": "str", "role": "str"}
"""Columns of a split that a source publishes with its data; the role is `train` or `test`."""


class SourceError(RuntimeError):
    """A source's file is missing, damaged or not laid out as expected; the message names file and remedy."""


class UnreachableError(SourceError):
    """A server that cannot be reached or does not answer as it should; another try may succeed."""


@dataclass(frozen=True)
class References:
    """What databases, or a record of them, hold for the compositions asked for."""

    structures: pd.DataFrame
    """Columns of `REFERENCE_COLUMNS`."""
    warnings: list[str]
    """One sentence for everything that was asked for and could not be had."""
    queried: int
    """How many distinct compositions were looked up."""


def as_table(frame: pd.DataFrame, columns: dict[str, str], sort_by: list[str]) -> pd.DataFrame:
    """Exactly these columns with these dtypes; absent ones are filled with NaN. The sort is stable."""
    table = frame.reindex(columns=list(columns)).astype(columns)
    return table.sort_values(sort_by, kind="stable", ignore_index=True)


def require_columns(frame: pd.DataFrame, columns: list[str], file: Path) -> None:
    """Check that a table read from `file` can be used.

    Raises:
        SourceError: if a column is missing or there are no rows.
    """
    missing = [column for column in columns if column not in frame.columns]
    if missing:
        raise SourceError(
            f"{file} lacks the column {', '.join(map(repr, missing))}; it has {', '.join(frame.columns)}: "
            "fetch the file again, or rename its columns"
        )
    if frame.empty:
        raise SourceError(f"{file} has a header and no rows: fetch the file again")


def read_table(file: Path, columns: list[str]) -> pd.DataFrame:
    """A CSV file with every cell as the text that stands there; an empty cell is the empty text.

    Raises:
        SourceError: if the file is absent, is no CSV, lacks one of `columns` or has no rows.
    """
    try:
        frame = pd.read_csv(file, dtype="str", keep_default_na=False)
    except FileNotFoundError as error:
        raise SourceError(f"{file} is not there: fetch it, or set SSE_DATA_MIRROR") from error
    except pd.errors.EmptyDataError as error:
        raise SourceError(f"{file} is empty: fetch the file again") from error
    except (pd.errors.ParserError, UnicodeDecodeError) as error:
        detail = " ".join(str(error).split())
        raise SourceError(f"{file} is not a CSV table ({detail}): fetch the file again") from error
    require_columns(frame, columns, file)
    return frame


def numbers(frame: pd.DataFrame, column: str, id_column: str, file: Path) -> pd.Series:
    """A column of text as numbers, NaN where a cell is blank.

    Raises:
        SourceError: naming the first row whose cell is neither blank nor a number.
    """
    text = frame[column].str.strip()
    values = pd.to_numeric(text, errors="coerce")
    wrong = frame[values.isna() & (text != "")]
    if not wrong.empty:
        row = wrong.iloc[0]
        raise SourceError(
            f"{file}, row {row[id_column]!r}: {column} is {row[column]!r} and should be a number or blank: "
            "correct the cell"
        )
    return values.astype("float64")


def blank_as_missing(text: pd.Series) -> pd.Series:
    """Text without blanks around it; a cell with nothing in it, or a spreadsheet's `#N/A`, is missing."""
    stripped = text.str.strip()
    return stripped.mask(stripped.isin(["", "#N/A"]))
