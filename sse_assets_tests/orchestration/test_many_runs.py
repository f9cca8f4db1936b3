"""Many runs at once on one home: one storage of Dagster, one store of tables, one warehouse."""

import multiprocessing
from multiprocessing.synchronize import Barrier
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest

from sse_assets.orchestration.dagster_home import create_storage
from sse_assets.orchestration.io import table_io_manager, table_result
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date
from sse_assets_tests.environment import settings_with
from sse_assets_tests.orchestration.test_warehouse import open_in_another_process

pytestmark = pytest.mark.services

RUNS = 16
PATIENCE_S = 240
PARTITIONS = dg.StaticPartitionsDefinition([str(number) for number in range(RUNS)])


def settings_of(home: Path) -> Settings:
    return settings_with(SSE_HOME=home, SSE_EXECUTOR="in_process")


def assets_of(number: int) -> list[dg.AssetsDefinition]:
    """A table of this run's own, a partition of a common one, and a table that every run replaces."""
    frame = pd.DataFrame({"run": [number] * (number + 1)})

    def table(name: str, partitions: dg.PartitionsDefinition | None = None) -> dg.AssetsDefinition:
        @dg.asset(key=["crowd", name], partitions_def=partitions)
        def made() -> dg.MaterializeResult[pd.DataFrame]:
            return table_result(frame)

        return made

    return [table(f"of_{number}"), table("stacked", PARTITIONS), table("replaced")]


def one_of_many(home: Path, number: int, start: Barrier) -> None:
    """What one of the processes does; it ends with 0 if every run went well."""
    start.wait(PATIENCE_S)
    create_storage(home / "dagster")
    with dg.DagsterInstance.from_config(str(home / "dagster")) as instance:
        resources = {"io_manager": table_io_manager(settings_of(home))}
        own, stacked, replaced = assets_of(number)
        dg.materialize([own, replaced], instance=instance, resources=resources)
        dg.materialize([stacked], instance=instance, resources=resources, partition_key=str(number))


def test_sixteen_runs_at_once_beside_a_notebook_fail_nowhere_and_lose_no_table(tmp_path: Path) -> None:
    settings = settings_of(tmp_path)
    store = TableStore(settings.blob_root)
    (tmp_path / "dagster").mkdir()
    store.write(TableKey("crowd", "before"), pd.DataFrame({"n": [1]}))
    bring_up_to_date(settings.warehouse, store)

    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload([__name__])  # Dagster is imported once, not sixteen times
    start = context.Barrier(RUNS)
    with open_in_another_process(settings.warehouse):
        runs = [context.Process(target=one_of_many, args=(tmp_path, number, start)) for number in range(RUNS)]
        for run in runs:
            run.start()
        for run in runs:
            run.join(PATIENCE_S)
        assert [run.exitcode for run in runs] == [0] * RUNS
        assert bring_up_to_date(settings.warehouse, store).waiting

    with dg.DagsterInstance.from_config(str(tmp_path / "dagster")) as instance:
        statuses = [run.status for run in instance.get_runs()]
        assert statuses == [dg.DagsterRunStatus.SUCCESS] * (2 * RUNS)
        for number in range(RUNS):
            key = dg.AssetKey(["crowd", f"of_{number}"])
            assert len(instance.fetch_materializations(key, limit=100).records) == 1

    names = [f"of_{number}" for number in range(RUNS)]
    copied = bring_up_to_date(settings.warehouse, store)
    assert copied.waiting is None
    assert set(copied.tables) == {f"crowd.{name}" for name in (*names, "stacked", "replaced")}
    with duckdb.connect(str(settings.warehouse), read_only=True) as warehouse:
        for number in range(RUNS):
            expected = [(number,)] * (number + 1)
            assert warehouse.execute(f"FROM crowd.of_{number}").fetchall() == expected
            rows = warehouse.execute("FROM crowd.stacked WHERE run = ?", [number]).fetchall()
            assert rows == expected
        ((rows, run),) = warehouse.execute("SELECT count(*), any_value(run) FROM crowd.replaced").fetchall()
        assert rows == run + 1  # that of one run, whole
