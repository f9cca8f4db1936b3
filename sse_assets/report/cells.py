"""Cells and tables as they are printed: rounded numbers, intervals and plain words."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

ABSENT = "–"
NAN = float("nan")


@dataclass(frozen=True)
class Cell:
    """One cell: a text, a note in small print below it, and whether it stands out."""

    text: str
    note: str = ""
    is_number: bool = False
    is_best: bool = False


@dataclass(frozen=True)
class Table:
    """A printable table; the first cell of each row is that row's heading.

    `groups` are headings that span several columns, each with its number of columns.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()


Row = dict[Any, Any]
"""One row of a frame, by the names of its columns."""


def listed(
    caption: str,
    frame: pd.DataFrame,
    columns: Sequence[tuple[str, Callable[[Row], Cell]]],
    groups: tuple[tuple[str, int], ...] = (),
) -> Table:
    """Return a table that prints each row of a frame.

    Args:
        columns: heading of each printed column, and the function that makes its cell from a row.
    """
    rows = tuple(tuple(cell(row) for _, cell in columns) for row in frame.to_dict("records"))
    return Table(caption, tuple(heading for heading, _ in columns), rows, groups)


def number(value: float, digits: int = 3, *, note: str = "", is_best: bool = False) -> Cell:
    """Return a rounded number with a true minus sign, none on a zero; a dash where there is no number."""
    text = ABSENT if pd.isna(value) else f"{value:z.{digits}f}".replace("-", "−")
    return Cell(text, note=note, is_number=True, is_best=is_best)


def count(value: float) -> Cell:
    """Return a whole number; a dash where there is none."""
    return number(value, digits=0)


def percent(share: float, note: str = "") -> Cell:
    """Return a share as a whole number of percent; a dash where there is none."""
    text = ABSENT if pd.isna(share) else f"{share:.0%}".replace("%", " %")
    return Cell(text, note=note, is_number=True)


def interval(low: float, high: float, digits: int = 2) -> str:
    """Return `0.34 to 0.51`, or nothing where the interval is not defined."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return f"{number(low, digits).text} to {number(high, digits).text}"


def score(row: Row | None, digits: int = 3, *, is_best: bool = False) -> Cell:
    """Return value and interval of a row of scores; a dash where there is no such row."""
    if row is None:
        return number(NAN)
    return number(row["value"], digits, note=interval(row["low"], row["high"]), is_best=is_best)
