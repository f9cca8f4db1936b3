import shutil
import time
from pathlib import Path

import dagster as dg
import pytest
from dagster._daemon.types import DaemonHeartbeat

from sse_assets.doctor.findings import Mark
from sse_assets.doctor.services import dagster, ray_cluster
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.environment import settings_with
from sse_assets_tests.services.processes import free_port


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_with(SSE_HOME=tmp_path)
    settings.dagster_home.mkdir()
    shutil.copyfile(REPOSITORY / "dagster.yaml", settings.dagster_home / "dagster.yaml")
    return settings


def test_a_home_without_runs(tmp_path: Path) -> None:
    (finding,) = dagster(settings_with(SSE_HOME=tmp_path))
    assert finding.mark is Mark.GOOD
    assert list(tmp_path.iterdir()) == []


def test_a_ray_cluster_is_looked_for_where_it_is_to_take_the_steps(tmp_path: Path) -> None:
    assert ray_cluster(settings_with(SSE_HOME=tmp_path)) == []
    address = f"http://127.0.0.1:{free_port()}"
    (finding,) = ray_cluster(settings_with(SSE_HOME=tmp_path, SSE_EXECUTOR="ray", RAY_ADDRESS=address))
    assert finding.mark is Mark.BROKEN
    assert f"finds no Ray cluster at {address}" in str(finding)


def test_whether_the_daemon_runs_shows_in_its_heartbeats(settings: Settings) -> None:
    def daemon() -> str:
        storage, daemon = dagster(settings)
        assert str(storage) == "✓ Dagster's storage holds 0 runs (SqliteRunStorage)"
        return str(daemon)

    assert daemon() == "! the daemon is not running; still works: `make run` and everything by hand; " + (
        "nothing starts by itself; remedy: make ui"
    )
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        kinds = sorted(instance.get_required_daemon_types())
        for kind in kinds[1:]:
            instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), kind, "x", []))
        assert f"a part of the daemon is not running ({kinds[0].lower()})" in daemon()
        instance.add_daemon_heartbeat(DaemonHeartbeat(time.time(), kinds[0], "x", []))
    assert daemon() == "✓ the daemon is running"


def test_a_database_that_cannot_be_read(settings: Settings) -> None:
    (settings.dagster_home / "history").mkdir()
    (settings.dagster_home / "history" / "runs.db").write_text(
        "not a database, and longer than its header" * 20
    )
    (finding,) = dagster(settings)
    assert finding.mark is Mark.BROKEN
    assert "file is not a database" in str(finding)


def test_a_postgres_that_is_down(settings: Settings) -> None:
    pytest.importorskip("dagster_postgres")
    (settings.dagster_home / "dagster.yaml").write_text(
        "storage: {postgres: {postgres_url: 'postgresql://sse:x@127.0.0.1:9/sse'}}"
    )
    (finding,) = dagster(settings)
    assert finding.mark is Mark.BROKEN
    assert "start the database and check its address and password" in str(finding)
