"""What a step leaves in the UI when its table is stored."""

from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from sse_assets.orchestration.io import TableIOManager, table_asset, table_io_manager, table_result
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.environment import settings_with


@table_asset("curated.rows", "Rows.", code_version="1")
def rows() -> dg.MaterializeResult[pd.DataFrame]:
    return table_result(pd.DataFrame({"formula": ["Li3N"]}))


def test_where_a_table_lies_is_said_below_the_blob_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SSE_BLOB_ROOT", "")
    settings = Settings.from_environment()
    result = dg.materialize([rows], resources={"io_manager": TableIOManager(settings, {})})
    (made,) = result.asset_materializations_for_node("curated__rows")
    assert (settings.blob_root / str(made.metadata["parquet"].value)).is_file()
    assert str(tmp_path) not in repr(made.metadata)  # a home may be moved


@dg.asset(deps=[rows])
def broken() -> None:
    raise ValueError("on purpose")


def test_a_run_leaves_its_tables_in_the_warehouse_even_if_it_fails(tmp_path: Path) -> None:
    settings = settings_with(SSE_HOME=tmp_path)
    resources = {"io_manager": table_io_manager(settings)}
    assert not dg.materialize([rows, broken], resources=resources, raise_on_error=False).success
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        assert warehouse.execute("FROM curated.rows").fetchall() == [("Li3N",)]


def test_a_process_that_writes_no_table_leaves_the_warehouse_alone(tmp_path: Path) -> None:
    settings = settings_with(SSE_HOME=tmp_path)
    resources = {"io_manager": table_io_manager(settings)}
    assert not dg.materialize([broken], resources=resources, raise_on_error=False).success
    assert not settings.warehouse.exists()


def test_a_worker_elsewhere_leaves_it_to_the_machine_that_has_it(tmp_path: Path) -> None:
    settings = settings_with(SSE_HOME=tmp_path, SSE_WORKER="1")
    assert dg.materialize([rows], resources={"io_manager": table_io_manager(settings)}).success
    assert not settings.warehouse.exists()
