"""Runs whose process is gone."""

import multiprocessing
import os
import signal
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import psutil
import pytest

from sse_assets.orchestration import housekeeping
from sse_assets.orchestration.gpu import GPU_POOL
from sse_assets.orchestration.housekeeping import HOST_TAG, end_abandoned_runs, held_places

ONE_AT_A_TIME = {"concurrency": {"pools": {"granularity": "op", "default_limit": 1}}}
"""As in dagster.yaml."""


def job() -> dg.JobDefinition:
    @dg.asset(pool=GPU_POOL)
    def endless() -> None:
        time.sleep(600)

    return dg.Definitions(assets=[endless], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")


def carry_out(home: str, host: str) -> None:
    """What a command line does, in a process that a test kills."""
    with dg.DagsterInstance.local_temp(home, overrides=ONE_AT_A_TIME) as instance:
        job().execute_in_process(instance=instance, tags={HOST_TAG: host})


@pytest.fixture
def instance(tmp_path: Path) -> Iterator[dg.DagsterInstance]:
    with dg.DagsterInstance.local_temp(str(tmp_path), overrides=ONE_AT_A_TIME) as instance:
        yield instance


@pytest.mark.parametrize(("host", "ended"), [(socket.gethostname(), True), ("another machine", False)])
def test_a_killed_run_is_ended_on_its_own_machine(
    instance: dg.DagsterInstance, tmp_path: Path, host: str, ended: bool
) -> None:
    process = multiprocessing.get_context("spawn").Process(target=carry_out, args=(str(tmp_path), host))
    process.start()
    started = dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])
    deadline = time.monotonic() + 60
    while not instance.event_log_storage.get_concurrency_run_ids():
        assert time.monotonic() < deadline
        time.sleep(0.2)
    assert end_abandoned_runs(instance, beside_code_server=False) == []  # it is alive
    assert process.pid
    os.kill(process.pid, signal.SIGKILL)
    process.join()
    (run,) = instance.get_runs(started)
    assert end_abandoned_runs(instance, beside_code_server=False) == ([run.run_id] if ended else [])
    assert len(instance.get_runs(started)) == (0 if ended else 1)
    # Its place on the GPU is free again, or it is said who holds it.
    assert [run.run_id in sentence for sentence in held_places(instance)] == ([] if ended else [True])


def test_a_process_that_got_the_number_of_a_run_later_is_not_the_run() -> None:
    began = psutil.Process().create_time()
    assert time.time() - 3600 < began < time.time()
    assert housekeeping._is_alive(os.getpid(), at=began + 1)
    assert not housekeeping._is_alive(os.getpid(), at=began - 3600)
