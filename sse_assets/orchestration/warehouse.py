"""DuckDB copy of every table, for SQL.

The copy never holds up a run: a file that a notebook, say, has open is left alone and brought up to date at
the next write.
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
"""Longest wait for another step of the same run, which holds the file for a fraction of that time."""


@dataclass(frozen=True)
class Copied:
    """Result of `bring_up_to_date`."""

    tables: list[str]
    """Tables copied now."""
    waiting: str | None = None
    """Sentence for a log on what could not be copied and why; None when the warehouse is up to date."""


def bring_up_to_date(warehouse: Path, store: TableStore, declared: Mapping[str, Table] = TABLES) -> Copied:
    """Copy every table whose current version the warehouse does not hold, each in one transaction.

    A table that cannot be copied is named in the result; the others are copied all the same. Comments in the
    warehouse give the meaning of each declared table and its columns.
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
    """Return a read-write connection; None if another program has the file open."""
    warehouse.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + _PATIENCE_S
    while True:
        try:
            return duckdb.connect(str(warehouse))
        except (duckdb.IOException, duckdb.ConnectionException) as error:
            # The second error means that this process itself holds it read-only, as a notebook may.
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
            _comment(connection, f'"{key.group}"."{key.name}"', declared, content.column_names)
        connection.execute(
            f"INSERT OR REPLACE INTO {_COPIES} VALUES (?, ?, ?)", [key.group, key.name, version]
        )
        connection.commit()
    except BaseException:
        connection.rollback()
        raise


def _comment(
    connection: duckdb.DuckDBPyConnection, place: str, declared: Table, names: Iterable[str]
) -> None:
    """Write the meaning of a table and of its declared columns into the warehouse."""
    connection.execute(f"COMMENT ON TABLE {place} IS {_quoted(declared.meaning)}")
    for name in names:
        with suppress(KeyError):
            meaning = declared.column(name).description
            connection.execute(f'COMMENT ON COLUMN {place}."{name}" IS {_quoted(meaning)}')


def _quoted(text: str) -> str:
    """Return a text as an SQL literal; COMMENT takes no parameters."""
    return "'" + text.replace("'", "''") + "'"
