"""The event log whose files stay open holds what Dagster's own does, for every reader."""

from pathlib import Path

import dagster as dg
import psutil
import pytest

from sse_assets.orchestration.dagster_home import create_dagster_home
from sse_assets.orchestration.event_log import OpenEventLog, open_instance
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.environment import settings_with


@dg.asset
def table() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(metadata={"rows": 3})


@dg.asset(deps=[table])
def broken() -> None:
    raise ValueError("on purpose")


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_with(SSE_HOME=tmp_path)
    create_dagster_home(settings.dagster_home)
    return settings


def told(instance: dg.DagsterInstance, run_id: str) -> list[tuple[str, str | None]]:
    """The kind and the step of each event of a run, as an instance reads them."""
    return [
        (str(entry.dagster_event_type), entry.step_key)
        for entry in instance.all_logs(run_id)
        if entry.is_dagster_event
    ]


def test_another_process_reads_every_event_while_the_files_are_open(settings: Settings) -> None:
    with open_instance(settings) as instance:
        assert isinstance(instance.event_log_storage, OpenEventLog)
        runs = [
            dg.materialize([table, broken], instance=instance, raise_on_error=False).run_id for _ in range(3)
        ]
        with dg.DagsterInstance.from_config(str(settings.dagster_home)) as reader:
            assert not isinstance(reader.event_log_storage, OpenEventLog)
            for run_id in runs:
                events = told(reader, run_id)
                assert events == told(instance, run_id)
                assert len({kind for kind, _ in events}) > 10
            latest = reader.get_latest_materialization_event(dg.AssetKey("table"))
            assert latest is not None
            assert latest.run_id == runs[-1]
            assert [run.status for run in reader.get_runs()] == [dg.DagsterRunStatus.FAILURE] * 3


def test_a_reader_is_told_of_every_event_by_a_change_of_the_file(settings: Settings) -> None:
    with open_instance(settings) as instance:
        run_id = dg.materialize([table], instance=instance).run_id
        file = settings.dagster_home / "history" / "runs" / f"{run_id}.db"
        before = file.stat().st_mtime_ns
        instance.report_engine_event("something", instance.get_run_by_id(run_id))
        assert file.stat().st_mtime_ns > before


def test_no_more_than_two_files_stay_open_and_none_at_the_end(settings: Settings) -> None:
    def open_files() -> set[str]:
        paths = {Path(file.path) for file in psutil.Process().open_files()}
        return {path.name for path in paths if settings.dagster_home in path.parents and path.suffix == ".db"}

    with open_instance(settings) as instance:
        runs = [dg.materialize([table], instance=instance).run_id for _ in range(4)]
        assert open_files() == {"index.db", f"{runs[-1]}.db"}
    assert open_files() == set()
    assert not list((settings.dagster_home / "history" / "runs").glob("*-wal"))


def test_a_dagster_home_of_somebody_else_has_its_own_storage(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    (elsewhere / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    monkeypatch.setenv("DAGSTER_HOME", str(elsewhere))
    with open_instance(settings_with(SSE_HOME=tmp_path / "home", DAGSTER_HOME=elsewhere)) as instance:
        assert not isinstance(instance.event_log_storage, OpenEventLog)
        assert instance.root_directory == str(elsewhere)
