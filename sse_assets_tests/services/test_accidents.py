"""kill -9 of each process of a deployment while a run is on its way: no finished result is lost."""

import os
import signal
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.environment import settings_with
from sse_assets_tests.services.accident_lineage import DATA, SCORES, SLOW, Notes
from sse_assets_tests.services.deployment import POSTGRES_URL, Deployment
from sse_assets_tests.services.postgres import Postgres, postgres
from sse_assets_tests.services.processes import wait_for

pytestmark = pytest.mark.services

TIME_FOR_A_MISTAKE_S = 20
"""More than a queued run takes to begin."""
PATIENCE_OF_A_RUN_S = 6
"""How long a run tries to reach a database again."""
FAILURE, SUCCESS = dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.SUCCESS


@dataclass
class Site:
    """The deployment, and what a test asks of it."""

    deployment: Deployment
    database: Postgres
    instance: dg.DagsterInstance
    notes: Notes

    def launch(self, job: str) -> str:
        return self.deployment.client().submit_job_execution(job)

    def launch_until_slow(self) -> str:
        """A run whose first step is finished and whose second is on its way."""
        self.notes.hold()
        run_id = self.launch("everything")
        wait_for(lambda: self.notes.of("slow begins"), "the run does not reach its second step")
        return run_id

    def status(self, run_id: str) -> dg.DagsterRunStatus:
        run = self.instance.get_run_by_id(run_id)
        assert run
        return run.status

    def end(self, run_id: str) -> dg.DagsterRunStatus:
        """How a run ends."""
        wait_for(lambda: self.status(run_id) in (FAILURE, SUCCESS), f"run {run_id} does not end")
        return self.status(run_id)

    def successor(self, run_id: str) -> str:
        """The run that takes up what another left."""

        def found() -> list[str]:
            retried = dg.RunsFilter(tags={"dagster/parent_run_id": run_id})
            return [run.run_id for run in self.instance.get_runs(retried)]

        wait_for(found, f"run {run_id} has no successor")
        (successor,) = found()
        return successor

    def made(self, *run_ids: str) -> list[dg.AssetKey]:
        """What runs have materialised, in order."""
        made = dg.DagsterEventType.ASSET_MATERIALIZATION
        logs = (entry for run_id in run_ids for entry in self.instance.all_logs(run_id, of_type=made))
        return [entry.asset_materialization.asset_key for entry in logs if entry.asset_materialization]

    def scores(self) -> list[float]:
        settings = settings_with(SSE_HOME=self.deployment.home)
        return TableStore(settings.blob_root).read(TableKey("metrics", "scores"))["x"].tolist()


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home = tmp_path_factory.mktemp("home")
    with postgres(port=21300) as database, pytest.MonkeyPatch.context() as here:
        here.setenv(POSTGRES_URL, database.url)
        module = "sse_assets_tests.services.accident_lineage"
        deployment = Deployment(home, module, range(21301, 21303), {POSTGRES_URL: database.url})
        try:
            deployment.start()
            with deployment.instance() as instance:
                yield Site(deployment, database, instance, Notes(home))
        finally:
            deployment.stop()


@pytest.fixture(autouse=True)
def _everything_runs(site: Site) -> None:
    """What one test has killed is there for the next."""
    site.deployment.start()


def test_the_daemon_is_killed(site: Site) -> None:
    run = site.launch_until_slow()
    site.deployment.daemon.kill()
    site.notes.let_go_on()
    assert site.end(run) is SUCCESS  # runs belong to the code server
    assert site.made(run) == [DATA, SLOW, SCORES]
    waiting = site.launch("everything")
    time.sleep(5)
    assert site.status(waiting) is dg.DagsterRunStatus.QUEUED
    site.deployment.daemon.start()
    assert site.end(waiting) is SUCCESS


def test_the_web_server_is_killed(site: Site) -> None:
    run = site.launch_until_slow()
    site.deployment.web_server.kill()
    assert not site.deployment.answers()
    site.notes.let_go_on()
    assert site.end(run) is SUCCESS
    assert site.made(run) == [DATA, SLOW, SCORES]
    site.deployment.web_server.start()
    wait_for(site.deployment.answers, "the web server does not come back")
    assert site.deployment.client().get_run_status(run) is SUCCESS


def test_the_process_of_a_step_is_killed(site: Site) -> None:
    run = site.launch_until_slow()
    (process,) = site.notes.of("slow begins")
    os.kill(int(process), signal.SIGKILL)
    assert site.end(run) is FAILURE
    site.notes.let_go_on()
    again = site.successor(run)
    assert site.end(again) is SUCCESS
    assert site.made(run, again) == [DATA, SLOW, SCORES]
    assert site.scores() == [4.0, 6.0]


def test_the_process_of_a_run_is_killed(site: Site) -> None:
    run = site.launch_until_slow()
    (step,) = site.notes.of("slow begins")
    os.kill(_process_of(site, run), signal.SIGKILL)
    assert site.end(run) is FAILURE
    wait_for(lambda: not _is_alive(int(step)), "the step outlives its run")
    site.notes.let_go_on()
    again = site.successor(run)
    assert site.end(again) is SUCCESS
    assert site.made(run) == [DATA]
    assert site.made(again) == [SLOW, SCORES]


def _is_alive(process: int) -> bool:
    """Whether there is such a process; one that has ended and that nobody has asked after is none."""
    status = Path(f"/proc/{process}/status")
    return status.exists() and "Z (zombie)" not in status.read_text()


def _process_of(site: Site, run_id: str) -> int:
    (started,) = site.instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_START)
    process = started.get_dagster_event().pid
    assert process
    return process


def test_the_code_server_is_killed(site: Site) -> None:
    run = site.launch_until_slow()
    site.deployment.code_server.kill()
    site.notes.let_go_on()
    assert site.end(run) is SUCCESS  # its process outlives it
    assert site.made(run) == [DATA, SLOW, SCORES]


@pytest.mark.parametrize("outage_s", [1, 20])
def test_the_database_is_killed(site: Site, outage_s: float) -> None:
    run = site.launch_until_slow()
    site.database.process.kill()
    site.notes.let_go_on()
    time.sleep(outage_s)
    site.database.start()
    runs = [run]
    if site.end(run) is FAILURE:
        runs.append(site.successor(run))
        assert site.end(runs[-1]) is SUCCESS
    assert len(runs) == (1 if outage_s < PATIENCE_OF_A_RUN_S else 2)
    assert site.made(*runs) == [DATA, SLOW, SCORES]
    assert site.scores() == [4.0, 6.0]
    assert all(process.runs for process in site.deployment.processes)
    site.deployment.reload_the_page()


def test_steps_on_the_gpu_take_turns_and_a_cancelled_run_frees_its_place(site: Site) -> None:
    site.notes.hold()
    one, other = site.launch("on_the_gpu"), site.launch("on_the_gpu")
    wait_for(lambda: site.notes.lines(), "nothing begins")
    time.sleep(TIME_FOR_A_MISTAKE_S)
    (first,) = site.notes.of("relaxed begins")
    (second,) = {one, other} - {first}
    site.deployment.client().terminate_run(first)
    wait_for(lambda: len(site.notes.lines()) == 2, "the cancelled run keeps its place")
    assert site.status(first) is dg.DagsterRunStatus.CANCELED
    third = site.launch("on_the_gpu")
    time.sleep(TIME_FOR_A_MISTAKE_S)
    site.notes.let_go_on()
    assert (site.end(second), site.end(third)) == (SUCCESS, SUCCESS)
    assert site.notes.lines() == [
        f"relaxed begins {first}",
        f"relaxed begins {second}",
        f"relaxed ends {second}",
        f"relaxed begins {third}",
        f"relaxed ends {third}",
    ]
