"""Dagster's storage and its daemon, and the cluster that takes the steps."""

import os

from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.settings import Executor, Settings, SettingsError

_WITHOUT_DAEMON = "`make run` and everything by hand; nothing starts by itself"


def ray_cluster(settings: Settings) -> list[Finding]:
    """Look whether the Ray cluster that is to take the steps answers; no finding where none is asked for."""
    if settings.executor is not Executor.RAY:
        return []
    from sse_assets.orchestration.executors import require_ray_cluster

    try:
        require_ray_cluster(settings.ray_address)
    except SettingsError as error:
        remedy = "ray start --head on one machine, or SSE_EXECUTOR=in_process"
        return [broken(str(error), "predict, and reading tables and the report", remedy)]
    return [good(f"the Ray cluster at {settings.ray_address} answers")]


def dagster(settings: Settings) -> list[Finding]:
    """Look whether runs and events can be read, and whether the daemon is running."""
    home = settings.dagster_home
    if not (home / "dagster.yaml").is_file():
        return [good("Dagster's storage is made by the first run")]
    import dagster as dg

    os.environ.setdefault("PGCONNECT_TIMEOUT", "3")  # libpq waits for ever otherwise
    try:
        with dg.DagsterInstance.from_config(str(home)) as instance:
            kind = type(instance.run_storage).__name__
            runs = instance.get_runs_count()
            statuses = instance.get_daemon_statuses().values()
    except Exception as error:  # noqa: BLE001  # each driver of a database raises errors of its own
        detail = " ".join(str(error).split())[:300]
        return [
            broken(
                f"Dagster's storage, as {home / 'dagster.yaml'} says, cannot be read ({detail})",
                "reading tables and the report",
                "start the database and check its address and password; for SQLite, restore a backup",
            )
        ]
    storage = good(f"Dagster's storage holds {runs} runs ({kind})")
    healthy = [status.healthy for status in statuses]
    if all(healthy):
        return [storage, good("the daemon is running")]
    what, remedy = "the daemon is not running", "make ui"
    if any(healthy):
        ill = ", ".join(status.daemon_type.lower() for status in statuses if not status.healthy)
        what, remedy = f"a part of the daemon is not running ({ill})", "restart make ui"
    return [storage, limited(what, _WITHOUT_DAEMON, remedy)]
