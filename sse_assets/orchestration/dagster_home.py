"""Dagster's own folder below `SSE_HOME`: its settings and, where it uses no server, its storage."""

import fcntl
import shutil
from pathlib import Path

INSTANCE_SETTINGS = Path(__file__).with_name("dagster.yaml")
"""Dagster's settings for a home that brings none of its own."""
WORKSPACE = Path(__file__).with_name("workspace.yaml")
"""File that tells Dagster's web server and daemon to load `sse_assets.definitions`."""

_LOCK = ".being_made"


def create_dagster_home(dagster_home: Path) -> None:
    """Make the folder with the settings of the package, and a storage if there is none yet."""
    dagster_home.mkdir(exist_ok=True)
    shutil.copyfile(INSTANCE_SETTINGS, dagster_home / INSTANCE_SETTINGS.name)
    create_storage(dagster_home)


def create_storage(dagster_home: Path) -> None:
    """Make the storage of runs and events where there is none, one process at a time.

    Dagster makes its SQLite files when they are first opened, and of several processes that open a new home
    at once all but one fail in tables that exist already.
    """
    with (dagster_home / _LOCK).open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)  # given back when the file is closed, by a kill too
        if not any(dagster_home.glob("**/*.db")):
            import dagster as dg  # it takes seconds, and is needed once in the life of a home

            dg.DagsterInstance.from_config(str(dagster_home)).dispose()
