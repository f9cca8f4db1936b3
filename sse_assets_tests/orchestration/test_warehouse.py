import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pandas as pd
import pytest
from upath import UPath

from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date

KEY = TableKey("curated", "electrolytes")


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(UPath(tmp_path / "blobs"))


@pytest.fixture
def warehouse(tmp_path: Path) -> Path:
    return tmp_path / "warehouse.duckdb"


def rows(warehouse: Path, query: str) -> list[tuple]:
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        return connection.execute(query).fetchall()


@contextmanager
def open_in_another_process(warehouse: Path) -> Iterator[None]:
    """A notebook that holds the file open, read-only."""
    code = f"import duckdb, sys; c = duckdb.connect({str(warehouse)!r}, read_only=True); print(1, flush=True)"
    notebook = subprocess.Popen(
        [sys.executable, "-c", code + "; sys.stdin.read()"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    )
    try:
        assert notebook.stdout is not None
        notebook.stdout.readline()
        yield
    finally:
        notebook.communicate()


def test_every_table_is_copied_and_again_when_it_changes(store: TableStore, warehouse: Path) -> None:
    store.write(KEY, pd.DataFrame({"id": ["x"], "sigma": [1e-4]}))
    assert bring_up_to_date(warehouse, store).tables == ["curated.electrolytes"]
    assert bring_up_to_date(warehouse, store).tables == []
    # Columns change places and number: the copy goes by name, and holds no row of the old content.
    store.write(KEY, pd.DataFrame({"sigma": [1e-5], "id": ["y"], "family": ["Garnet"]}))
    bring_up_to_date(warehouse, store)
    assert rows(warehouse, "SELECT id, sigma, family FROM curated.electrolytes") == [("y", 1e-5, "Garnet")]


def test_an_empty_table_is_a_table(store: TableStore, warehouse: Path) -> None:
    store.write(KEY, pd.DataFrame({"id": pd.Series(dtype="str"), "sigma": pd.Series(dtype=float)}))
    bring_up_to_date(warehouse, store)
    assert rows(warehouse, "SELECT count(*) FROM curated.electrolytes") == [(0,)]


def test_partitions_with_different_columns_make_one_table(store: TableStore, warehouse: Path) -> None:
    store.write(TableKey("models", "trees", "all"), pd.DataFrame({"variant": ["all"], "depth": [8]}))
    store.write(TableKey("models", "trees", "geo"), pd.DataFrame({"variant": ["geo"], "extra": ["k"]}))
    bring_up_to_date(warehouse, store)
    found = rows(warehouse, "SELECT variant, depth, extra FROM models.trees ORDER BY variant")
    assert found == [("all", 8, None), ("geo", None, "k")]


def test_a_notebook_delays_the_copy_and_loses_nothing(store: TableStore, warehouse: Path) -> None:
    store.write(KEY, pd.DataFrame({"id": ["old"]}))
    bring_up_to_date(warehouse, store)
    with open_in_another_process(warehouse):
        store.write(KEY, pd.DataFrame({"id": ["new"]}))
        copied = bring_up_to_date(warehouse, store)
        assert copied.tables == []
        assert copied.waiting is not None
        assert "is open elsewhere" in copied.waiting
    bring_up_to_date(warehouse, store)
    assert rows(warehouse, "SELECT id FROM curated.electrolytes") == [("new",)]


def test_a_copy_that_fails_leaves_the_old_one(
    store: TableStore, warehouse: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(KEY, pd.DataFrame({"id": ["old"]}))
    bring_up_to_date(warehouse, store)
    store.write(KEY, pd.DataFrame({"id": ["new"]}))
    monkeypatch.setattr("sse_assets.orchestration.warehouse._COPIES", "_sse.no_such_table")
    monkeypatch.setattr("sse_assets.orchestration.warehouse._versions_held", lambda _: {})
    with pytest.raises(duckdb.CatalogException):
        bring_up_to_date(warehouse, store)
    assert rows(warehouse, "SELECT id FROM curated.electrolytes") == [("old",)]


def test_a_table_whose_partitions_do_not_stack_costs_no_other_its_copy(
    store: TableStore, warehouse: Path
) -> None:
    store.write(TableKey("a", "torn", "x"), pd.DataFrame({"value": [1.5]}))
    store.write(TableKey("a", "torn", "y"), pd.DataFrame({"value": ["text"]}))
    store.write(KEY, pd.DataFrame({"id": ["new"]}))
    copied = bring_up_to_date(warehouse, store)
    assert copied.tables == ["curated.electrolytes"]
    assert copied.waiting is not None
    assert "the partitions of a.torn do not stack into one table" in copied.waiting
    assert rows(warehouse, "SELECT id FROM curated.electrolytes") == [("new",)]


def test_what_a_stranger_puts_beside_the_tables_is_no_sql(
    store: TableStore, warehouse: Path, tmp_path: Path
) -> None:
    store.write(KEY, pd.DataFrame({"id": ["x"], 'a"; DROP TABLE b; --': [1]}))
    tables = tmp_path / "blobs" / "tables"
    for evil in ('x"; CREATE TABLE evil (i INT); --/y', 'curated/y" AS SELECT 1; --'):
        shutil.copytree(tables / "curated" / "electrolytes", tables / evil)
    assert bring_up_to_date(warehouse, store).tables == ["curated.electrolytes"]
    names = rows(warehouse, "SELECT table_name FROM information_schema.tables WHERE table_schema != '_sse'")
    assert names == [("electrolytes",)]


def test_a_file_that_is_no_warehouse_is_an_error(store: TableStore, warehouse: Path) -> None:
    warehouse.write_text("not a database")
    with pytest.raises(duckdb.IOException, match="not a valid DuckDB"):
        bring_up_to_date(warehouse, store)
