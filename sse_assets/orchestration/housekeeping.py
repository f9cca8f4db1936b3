"""What the daemon sees to on the machine that owns `SSE_HOME`."""

import socket
from collections.abc import Sequence

import dagster as dg
import psutil

from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date

HOST_TAG = "sse_assets/host"
"""On a run that a command line carries out by itself: the machine it is on."""

_CLOCK_STEP_S = 60.0
"""A clock that is set forward by no more than this makes no living process look like a later one."""


def housekeeping_sensor(settings: Settings) -> dg.SensorDefinition:
    """Ends runs whose process is gone, and copies to DuckDB what other machines wrote."""

    @dg.sensor(
        name="housekeeping",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Ends runs whose process is gone; copies new tables to {settings.warehouse}.",
    )
    def housekeeping(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_abandoned_runs(context.instance, beside_code_server=True)
        copied = bring_up_to_date(settings.warehouse, TableStore(settings.blob_root))
        return dg.SkipReason(
            f"Runs ended: {', '.join(ended) or 'none'}. "
            + (copied.waiting or f"Tables copied: {', '.join(copied.tables) or 'none'}.")
        )

    return housekeeping


def end_abandoned_runs(instance: dg.DagsterInstance, *, beside_code_server: bool) -> list[str]:
    """Mark as failed the runs that say they are running while their process on this machine is gone.

    Dagster does not see that a process was killed together with the code server that started it, or that a
    command line was; everything downstream would wait for it for ever, and so would the next step in need of
    its place in a pool, such as that on the GPU.

    Args:
        instance: Dagster's storage.
        beside_code_server: whether the processes of runs from the UI and the daemon would be seen from here;
            those of a command line are judged in any case.

    Returns:
        The ids of those runs.
    """
    ended = []
    for run in instance.get_runs(dg.RunsFilter(statuses=[dg.DagsterRunStatus.STARTED])):
        if _is_visible(run, instance, beside_code_server) and not _is_alive(*_start(run, instance)):
            instance.report_run_failed(run, "The process of this run is gone. What was finished is kept.")
            ended.append(run.run_id)
    for run in _holders_of_places(instance):
        is_over = run.is_finished and _is_visible(run, instance, beside_code_server)
        if is_over and not _is_alive(*_start(run, instance)):
            instance.event_log_storage.free_concurrency_slots_for_run(run.run_id)
    return ended


def held_places(instance: dg.DagsterInstance) -> list[str]:
    """A sentence for each run that others may have to wait for, as it holds a place in a pool."""
    return [
        f"Run {run.run_id} holds a place in a pool, such as that on the GPU, and a step in need of one waits "
        "for it. If nobody carries that run out any more, `make ui` ends it within a minute."
        for run in _holders_of_places(instance)
    ]


def _holders_of_places(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    holders = list(instance.event_log_storage.get_concurrency_run_ids())
    return instance.get_runs(dg.RunsFilter(run_ids=holders)) if holders else []


def _is_visible(run: dg.DagsterRun, instance: dg.DagsterInstance, beside_code_server: bool) -> bool:
    """Whether the run's process, if it lives, can be seen from here."""
    host = run.tags.get(HOST_TAG)
    if host is not None:
        return host == socket.gethostname()
    # Other launchers start runs elsewhere, and see to them.
    return beside_code_server and isinstance(instance.run_launcher, dg.DefaultRunLauncher)


def _start(run: dg.DagsterRun, instance: dg.DagsterInstance) -> tuple[int | None, float]:
    """The process that began the run, and when (s since 1970)."""
    (start,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_START)
    return start.get_dagster_event().pid, start.timestamp


def _is_alive(process_id: int | None, at: float) -> bool:
    """Whether the process that had this number at that time still runs."""
    if process_id is None:
        return True
    try:
        # In a container, where numbers begin at 1 again with every start, another process may have it by now.
        return psutil.Process(process_id).create_time() <= at + _CLOCK_STEP_S
    except psutil.NoSuchProcess:
        return False
