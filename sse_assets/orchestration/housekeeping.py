"""Regular work of the daemon on the machine that owns `SSE_HOME`."""

import socket
import time
from collections.abc import Sequence

import dagster as dg
import psutil

from sse_assets.orchestration.pruning import forget_kept, forget_models, forget_runs
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date

HOST_TAG = "sse_assets/host"
"""Tag of a run that a command line carries out itself: the name of its machine."""

_SECONDS_BETWEEN_PRUNINGS = 3600.0
_CLOCK_STEP_S = 60.0
"""Largest step of the clock that does not make a living process look like a later one."""


def housekeeping_sensor(settings: Settings) -> dg.SensorDefinition:
    """Return the sensor that ends runs whose process is gone, copies new tables and forgets what is old."""

    @dg.sensor(
        name="housekeeping",
        minimum_interval_seconds=60,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Ends runs whose process is gone; copies new tables to {settings.warehouse}; deletes "
        "old models and runs once an hour.",
    )
    def housekeeping(context: dg.SensorEvaluationContext) -> dg.SkipReason:
        ended = end_abandoned_runs(context.instance, beside_code_server=True)
        copied = bring_up_to_date(settings.warehouse, TableStore(settings.blob_root))
        if time.time() - float(context.cursor or 0) > _SECONDS_BETWEEN_PRUNINGS:
            forget_models(settings.blob_root)
            forget_kept(settings.blob_root)
            forget_runs(context.instance, settings.dagster_home)
            context.update_cursor(str(time.time()))
        return dg.SkipReason(
            f"Runs ended: {', '.join(ended) or 'none'}. "
            + (copied.waiting or f"Tables copied: {', '.join(copied.tables) or 'none'}.")
        )

    return housekeeping


def end_abandoned_runs(instance: dg.DagsterInstance, *, beside_code_server: bool) -> list[str]:
    """Mark runs as failed that count as running while their process on this machine is gone.

    Dagster does not notice when a process is killed together with its code server, or when a command line is
    killed. All assets downstream would wait for such a run for ever. So would the next step that needs its
    place in a pool, such as the place on the GPU.

    Args:
        instance: Dagster's storage.
        beside_code_server: whether processes of runs from the UI and the daemon can be seen from here. Runs
            of a command line are judged in any case.

    Returns:
        The ids of the runs that were ended.
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
    """Return a sentence for each run that holds a place in a pool, for which others may have to wait."""
    return [
        f"Run {run.run_id} holds a place in a pool, such as that on the GPU, and the next step waits for it. "
        "If that run is dead, `make ui` ends it within a minute."
        for run in _holders_of_places(instance)
    ]


def _holders_of_places(instance: dg.DagsterInstance) -> Sequence[dg.DagsterRun]:
    holders = list(instance.event_log_storage.get_concurrency_run_ids())
    return instance.get_runs(dg.RunsFilter(run_ids=holders)) if holders else []


def _is_visible(run: dg.DagsterRun, instance: dg.DagsterInstance, beside_code_server: bool) -> bool:
    """Return whether the process of a run, if it lives, can be seen from here."""
    host = run.tags.get(HOST_TAG)
    if host is not None:
        return host == socket.gethostname()
    # Other launchers start runs elsewhere, and notice themselves when one ends.
    return beside_code_server and isinstance(instance.run_launcher, dg.DefaultRunLauncher)


def _start(run: dg.DagsterRun, instance: dg.DagsterInstance) -> tuple[int | None, float]:
    """Return the process that began a run, and the time in s since 1970."""
    (start,) = instance.all_logs(run.run_id, of_type=dg.DagsterEventType.RUN_START)
    return start.get_dagster_event().pid, start.timestamp


def _is_alive(process_id: int | None, at: float) -> bool:
    """Return whether the process that had this number at that time still runs."""
    if process_id is None:
        return True
    try:
        # Numbers of processes begin at 1 with every start of a container: another process may have this one.
        return psutil.Process(process_id).create_time() <= at + _CLOCK_STEP_S
    except psutil.NoSuchProcess:
        return False
