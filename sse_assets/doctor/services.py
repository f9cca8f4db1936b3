"""Dagster's storage and its daemon."""

import os

from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.settings import Settings

_WITHOUT_DAEMON = "`make run` and everything by hand; nothing starts by itself"


def dagster(settings: Settings) -> list[Finding]:
    """Whether runs and events can be read, and whether somebody follows them."""
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
    except Exception as error:  # noqa: BLE001  # whatever a database's driver says
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
    if any(healthy):
        ill = ", ".join(status.daemon_type.lower() for status in statuses if not status.healthy)
        return [
            storage,
            limited(f"a part of the daemon is not running ({ill})", _WITHOUT_DAEMON, "restart make ui"),
        ]
    return [storage, limited("the daemon is not running", _WITHOUT_DAEMON, "make ui")]
