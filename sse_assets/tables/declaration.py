"""Declarations of stored tables, and the check of a frame against its declaration."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

if TYPE_CHECKING:  # it takes half a second to import
    from pandera.pandas import DataFrameSchema

_NAMED = 3
"""Rows that a message names; it counts the others."""


class DeclarationError(ValueError):
    """A frame that breaks the declaration of its table; the message says where and how."""


class Kind(StrEnum):
    """Kind of the cells of a column; the value is the dtype in pandas."""

    TEXT = "str"
    NUMBER = "float64"
    INTEGER = "int64"
    FLAG = "bool"


@dataclass(frozen=True)
class Column:
    """One column of a stored table."""

    name: str
    kind: Kind
    meaning: str
    """Meaning of a cell, for a person who sees the table for the first time."""
    unit: str | None = None
    optional: bool = False
    """Whether a cell may be missing (NaN)."""
    allowed: tuple[str, ...] | None = None
    """Every text that a cell may hold; None allows any."""
    at_least: float | None = None
    at_most: float | None = None
    above: float | None = None
    """A bound that a cell may not reach; `at_least` is one that it may."""

    @property
    def description(self) -> str:
        """Meaning and unit in one line, as the UI and the warehouse show them."""
        return f"{self.meaning}, {self.unit}" if self.unit else self.meaning

    def but(self, **changes: Any) -> "Column":
        """Return the same column with another name, meaning or bound, for a table where it differs."""
        return replace(self, **changes)


def text(name: str, meaning: str, *, optional: bool = False) -> Column:
    """Return a column of free text."""
    return Column(name, Kind.TEXT, meaning, optional=optional)


def choice(name: str, among: Iterable[StrEnum | str], meaning: str, *, optional: bool = False) -> Column:
    """Return a column of names, such as the members of an enum."""
    return Column(name, Kind.TEXT, meaning, optional=optional, allowed=tuple(map(str, among)))


def number(
    name: str,
    meaning: str,
    unit: str | None = None,
    *,
    optional: bool = False,
    at_least: float | None = None,
    at_most: float | None = None,
    above: float | None = None,
) -> Column:
    """Return a column of real numbers."""
    return Column(name, Kind.NUMBER, meaning, unit, optional, None, at_least, at_most, above)


def integer(
    name: str,
    meaning: str,
    unit: str | None = None,
    *,
    at_least: float | None = 0,
    at_most: float | None = None,
) -> Column:
    """Return a column of whole numbers; none may be missing, as pandas has no int64 for that."""
    return Column(name, Kind.INTEGER, meaning, unit, at_least=at_least, at_most=at_most)


def flag(name: str, meaning: str) -> Column:
    """Return a column of yes or no; none may be missing."""
    return Column(name, Kind.FLAG, meaning)


@dataclass(frozen=True)
class Table:
    """Declaration of one stored table, and of its partitions where it has some."""

    name: str
    """Schema and name, as in SQL: `curated.electrolytes`."""
    meaning: str
    """Meaning of one row."""
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    """Columns that together name a row: no two rows agree in all of them."""
    pattern: Column | None = None
    """Declaration of all further columns, whose names match its name as a regular expression."""

    @property
    def names(self) -> list[str]:
        """Names of the columns in their order."""
        return [column.name for column in self.columns]

    def column(self, name: str) -> Column:
        """Return the declaration of a column, that of the pattern included.

        Raises:
            KeyError: if the table has no such column.
        """
        for column in self.columns:
            if column.name == name:
                return column
        if self.pattern is not None:
            return self.pattern.but(name=name, meaning=self.pattern.meaning.format(name))
        raise KeyError(f"{self.name} has no column {name!r}")

    def like(self, name: str, meaning: str, *further: Column) -> "Table":
        """Return another table with the same columns, and further ones behind them."""
        return replace(self, name=name, meaning=meaning, columns=(*self.columns, *further))

    def frame(self, rows: pd.DataFrame | Iterable[Mapping[Any, Any]] = ()) -> pd.DataFrame:
        """Return rows as a frame with exactly the declared columns, in order and with their dtypes.

        A column that the rows lack is filled with NaN. What they hold beyond the table is left out. A value
        that its dtype cannot hold stays as it is, for `check` to name it.

        >>> from sse_assets.tables import splits
        >>> splits.ASSIGNMENTS.frame().dtypes["fold"].name
        'int64'
        """
        frame = rows if isinstance(rows, pd.DataFrame) else pd.DataFrame(list(rows))
        names = self.names
        if self.pattern is not None:
            names = [*names, *(str(name) for name in frame.columns if name not in names)]
        frame = frame.reindex(columns=names).reset_index(drop=True)
        return self.with_dtypes(frame)

    def sorted_frame(
        self, rows: pd.DataFrame | Iterable[Mapping[Any, Any]], *, by: Sequence[str]
    ) -> pd.DataFrame:
        """Return the same as `frame`, sorted by some columns; the sort is stable."""
        return self.frame(rows).sort_values(list(by), kind="stable", ignore_index=True)

    def with_dtypes(self, frame: pd.DataFrame) -> pd.DataFrame:
        """Return the frame with the declared dtypes wherever a column can take its own without loss."""
        kinds = {name: self._kind(str(name)) for name in frame.columns}
        return frame.assign(
            **{
                str(name): _as(kind, frame[name])
                for name, kind in kinds.items()
                if kind and frame[name].dtype != kind
            }
        )

    def check(self, frame: pd.DataFrame) -> None:
        """Compare a frame with the declaration.

        Raises:
            DeclarationError: naming every fault of the frame, with the rows where it is.
        """
        from pandera.errors import SchemaErrors

        try:
            self.schema.validate(frame, lazy=True)
        except SchemaErrors as errors:
            faults = "; ".join(_faults(self, errors.failure_cases))
            raise DeclarationError(f"{self.name} is not stored: {faults}. See docs/tables.md.") from None

    @cached_property
    def schema(self) -> "DataFrameSchema":
        """The declaration as pandera has it."""
        import pandera.pandas as pa

        def schema(column: Column, *, regex: bool = False) -> pa.Column:
            checks = [
                check(bound)
                for check, bound in (
                    (pa.Check.isin, column.allowed),
                    (pa.Check.ge, column.at_least),
                    (pa.Check.le, column.at_most),
                    (pa.Check.gt, column.above),
                )
                if bound is not None
            ]
            return pa.Column(
                column.kind.value,
                checks,
                nullable=column.optional,
                required=not regex,
                regex=regex,
                description=column.meaning,
                metadata={"unit": column.unit},
            )

        columns = {column.name: schema(column) for column in self.columns}
        if self.pattern is not None:
            columns[self.pattern.name] = schema(self.pattern, regex=True)
        return pa.DataFrameSchema(
            columns, strict=True, unique=list(self.key) or None, name=self.name, description=self.meaning
        )

    def _kind(self, name: str) -> Kind | None:
        try:
            return self.column(name).kind
        except KeyError:
            return None


def _as(kind: Kind, values: pd.Series) -> pd.Series:
    """Return a column with another dtype, or as it was where that would lose or invent something."""
    return values.astype(kind.value) if _fits(kind, values) else values


def _fits(kind: Kind, values: pd.Series) -> bool:
    given = values.dropna()
    match kind:
        case Kind.TEXT:
            return all(isinstance(value, str) for value in given)
        case Kind.FLAG:
            return len(given) == len(values) and all(isinstance(value, bool) for value in given)
        case Kind.NUMBER:
            return all(isinstance(value, (int, float)) and not isinstance(value, bool) for value in given)
        case Kind.INTEGER:
            return len(given) == len(values) and all(
                isinstance(value, (int, float)) and value == round(value) for value in given
            )


def _faults(table: Table, cases: pd.DataFrame) -> list[str]:
    """Return one clause for each column and check that failed, with the first rows where it did."""
    faults = []
    for check, found in cases.groupby("check", sort=False):
        if check == "column_in_schema":
            faults += [f"it has a column {name!r} that is not declared" for name in found["failure_case"]]
        elif check == "column_in_dataframe":
            faults += [f"it lacks the column {name!r}" for name in found["failure_case"]]
        elif check == "multiple_fields_uniqueness":
            rows = sorted(set(found["index"]))
            faults.append(f"rows {_listed(rows)} have the same {' and '.join(table.key)}")
        else:
            faults += [
                f"column {name!r} {_rule(table.column(str(name)), str(check))} ({_cells(part)})"
                for name, part in found.groupby("column", sort=False)
            ]
    return faults


def _rule(column: Column, check: str) -> str:
    """Return the rule that the cells of a column break, by the name of pandera's check."""
    match check.partition("(")[0]:
        case "isin":
            return f"may hold only {', '.join(column.allowed or ())}"
        case "greater_than":
            return f"must be above {column.above:g}"
        case "greater_than_or_equal_to":
            return f"must be at least {column.at_least:g}"
        case "less_than_or_equal_to":
            return f"must be at most {column.at_most:g}"
        case "not_nullable":
            return "must have a value in every row"
        case _:
            return f"must hold {column.kind.value}"


def _cells(found: pd.DataFrame) -> str:
    """Return the first cells that broke a check, or the dtype that a whole column has."""
    if found["index"].isna().all():
        return f"it holds {found['failure_case'].iloc[0]}"
    rows = zip(found["index"], found["failure_case"], strict=True)
    return _listed([f"row {index}: {value!r}" for index, value in rows])


def _listed(items: Sequence[object]) -> str:
    more = f" and {len(items) - _NAMED} more" if len(items) > _NAMED else ""
    return ", ".join(map(str, items[:_NAMED])) + more
