"""The DuckDB copy of every table, for SQL.

The copy never stands in a run's way: a file that somebody else has open, a notebook say, is left alone and
brought up to date at the next write.
"""

import random
import time
from collections.abc import Iterable, Mapping
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pyarrow as pa

from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.declaration import Table

_COPIES = "_sse.copies"
_PATIENCE_S = 0.5
"""How long to wait for another step of the same run, which holds the file for a fraction of that."""


@dataclass(frozen=True)
class Copied:
    """What a call of `bring_up_to_date` did."""

    tables: list[str]
    """Tables copied now."""
    waiting: str | None = None
    """What could not be copied and why, in words for a log; None when the warehouse is up to date."""


def bring_up_to_date(warehouse: Path, store: TableStore, declared: Mapping[str, Table] = TABLES) -> Copied:
    """Copy every table whose current version the warehouse does not hold, each in one transaction.

    A table that cannot be copied is named in the result and costs no other its copy. Comments in the
    warehouse say what a declared table and its columns mean.
    """
    connection = _connect(warehouse)
    if connection is None:
        return Copied([], waiting=f"{warehouse} is open elsewhere; the SQL copy waits for the next write")
    with connection:
        held = _versions_held(connection)
        changed = {
            key: version for key, version in store.current_versions().items() if held.get(key) != version
        }
        copied, refused = [], []
        for key, version in changed.items():
            try:
                _replace(connection, key, version, store, declared.get(key.table))
                copied.append(str(key))
            except (pa.ArrowInvalid, pa.ArrowTypeError) as error:
                refused.append(f"the partitions of {key} do not stack into one table ({error})")
        return Copied(copied, waiting="; ".join(refused) or None)


def _connect(warehouse: Path) -> duckdb.DuckDBPyConnection | None:
    """A read-write connection; None if somebody else has the file open."""
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return duckdb.connect(str(warehouse))
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            # The second means that this very process holds it read-only, as a notebook may.
            if "lock" not in str(error) and "configuration" not in str(error):
                raise
            if time.monotonic() > deadline:
                return None
            time.sleep(random.uniform(0.05, 0.15))


def _versions_held(connection: duckdb.DuckDBPyConnection) -> dict[TableKey, str]:
    connection.execute("CREATE SCHEMA IF NOT EXISTS _sse")
    connection.execute(
        f"CREATE TABLE IF NOT EXISTS {_COPIES} "
        '("group" VARCHAR, "name" VARCHAR, version VARCHAR, PRIMARY KEY ("group", "name"))'
    )
    rows = connection.execute(f"SELECT * FROM {_COPIES}").fetchall()
    return {TableKey(group, name): version for group, name, version in rows}


def _replace(
    connection: duckdb.DuckDBPyConnection,
    key: TableKey,
    version: str,
    store: TableStore,
    declared: Table | None,
) -> None:
    content = store.read_arrow(key)
    connection.begin()
    try:
        # A table's name is letters, digits and _ (TableKey), so that it needs no escape in SQL.
        connection.execute(f'CREATE SCHEMA IF NOT EXISTS "{key.group}"')
        connection.register("incoming", content)
        connection.execute(f'CREATE OR REPLACE TABLE "{key.group}"."{key.name}" AS SELECT * FROM incoming')
        connection.unregister("incoming")
        if declared is not None:
            _comment(connection, key, declared, content.column_names)
        connection.execute(
            f"INSERT OR REPLACE INTO {_COPIES} VALUES (?, ?, ?)", [key.group, key.name, version]
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _comment(
    connection: duckdb.DuckDBPyConnection, key: TableKey, declared: Table, names: Iterable[str]
) -> None:
    """Write down what a table and its columns mean, as far as they are declared."""
    place = f'"{key.group}"."{key.name}"'
    connection.execute(f"COMMENT ON TABLE {place} IS {_quoted(declared.meaning)}")
    for name in names:
        with suppress(KeyError):
            meaning = declared.column(name).description
            connection.execute(f'COMMENT ON COLUMN {place}."{name}" IS {_quoted(meaning)}')


def _quoted(text: str) -> str:
    """Return a text as SQL has it; COMMENT takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
