"""What Dagster keeps beside the events of a run goes with the run."""

import sqlite3
from contextlib import closing
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.orchestration.dagster_home import create_dagster_home
from sse_assets.orchestration.leftovers import forget_leftovers
from sse_assets.orchestration.pruning import forget_runs
from sse_assets_tests.environment import settings_with

RUNS = Path("history", "runs.db")
EVENTS = Path("history", "runs", "index.db")


@pytest.fixture
def home(tmp_path: Path) -> Path:
    settings = settings_with(SSE_HOME=tmp_path)
    create_dagster_home(settings.dagster_home)
    return settings.dagster_home


def counted(file: Path, table: str) -> int:
    with closing(sqlite3.connect(file)) as storage:
        (count,) = storage.execute(f"SELECT count(*) FROM {table}").fetchone()
    return int(count)


def made(name: str, instance: dg.DagsterInstance) -> str:
    """Make a table with a check, in a run whose job is like no other, and return the run's id."""

    @dg.asset(name="table", check_specs=[dg.AssetCheckSpec("sound", asset="table")], description=name)
    def table() -> dg.MaterializeResult:  # type: ignore[type-arg]  # Dagster reads it, and takes no other
        return dg.MaterializeResult(check_results=[dg.AssetCheckResult(passed=True)])

    return dg.materialize([table], instance=instance).run_id


def test_snapshots_and_results_of_checks_go_with_their_runs(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for number in range(5):
            made(f"version {number}", instance)
        assert counted(home / RUNS, "snapshots") == 10
        assert forget_runs(instance, home, keep=2) == 3
        assert counted(home / RUNS, "snapshots") == 4
        assert counted(home / EVENTS, "asset_check_executions") == 2
        for run in instance.get_runs():
            assert run.job_snapshot_id is not None
            assert instance.has_job_snapshot(run.job_snapshot_id)


def test_the_last_result_of_a_check_stays_when_its_run_is_gone(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        instance.delete_run(made("once", instance))
        forget_leftovers(instance, home)
        key = dg.AssetCheckKey(dg.AssetKey("table"), "sound")
        (result,) = instance.event_log_storage.get_asset_check_execution_history(key, limit=10)
        assert result.evaluation is not None
        assert result.evaluation.passed


def test_a_file_that_is_half_free_is_written_anew(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        made("table", instance)
        with closing(sqlite3.connect(home / RUNS)) as storage, storage:
            storage.execute("CREATE TABLE large AS SELECT randomblob(3000000) AS content")
        with closing(sqlite3.connect(home / RUNS)) as storage, storage:
            storage.execute("DROP TABLE large")
        before = (home / RUNS).stat().st_size
        forget_leftovers(instance, home)
        assert (home / RUNS).stat().st_size < before / 2
        assert len(instance.get_runs()) == 1


def test_a_file_that_another_process_writes_is_left_for_the_next_time(home: Path) -> None:
    with dg.DagsterInstance.from_config(str(home)) as instance:
        for number in range(3):
            made(f"version {number}", instance)
        with closing(sqlite3.connect(home / RUNS)) as other:
            other.execute("BEGIN IMMEDIATE")
            for run in instance.get_runs()[1:]:
                instance.event_log_storage.delete_events(run.run_id)
            forget_leftovers(instance, home)
            assert counted(home / RUNS, "snapshots") == 6


def test_a_storage_elsewhere_is_left_alone(tmp_path: Path) -> None:
    with dg.DagsterInstance.ephemeral() as instance:
        forget_leftovers(instance, tmp_path)
    assert not any(tmp_path.iterdir())
