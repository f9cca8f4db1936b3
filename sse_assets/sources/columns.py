"""Tables read from the files of a source, and how a source says that its file is not what it should be.

Missing text is NaN (pandas' `str` dtype), and so is a missing number.
"""

from dataclasses import dataclass
from pathlib import Path

import pandas as pd


class SourceError(RuntimeError):
    """A source's file is missing, damaged or not laid out as expected; the message names file and remedy."""


class UnreachableError(SourceError):
    """A server that cannot be reached or does not answer as it should; another try may succeed."""


@dataclass(frozen=True)
class References:
    """What databases, or a record of them, hold for the compositions asked for."""

    structures: pd.DataFrame
    """As `tables.raw.REFERENCE_STRUCTURES`."""
    warnings: list[str]
    """One sentence for everything that was asked for and could not be had."""
    queried: int
    """How many distinct compositions were looked up."""


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
