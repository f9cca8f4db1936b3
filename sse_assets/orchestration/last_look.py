"""What a run looked at that found everything up to date: where nothing of it changed, the next need not look.

To look takes seconds, most of them for the import of every stage. This module imports neither Dagster nor a
stage. It can only save a look: what it cannot read, or does not know, counts as changed.
"""

import hashlib
import json
import sqlite3
from contextlib import closing
from pathlib import Path

import sse_assets
from sse_assets.orchestration.blobs import is_remote
from sse_assets.orchestration.folder_state import folder_state, is_hidden
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TABLES

_FILE = "last_look.txt"
_EVENTS = {
    "history/runs/index.db": "SELECT max(event_logs.id), (SELECT max(id) FROM dynamic_partitions), "
    "(SELECT count(*) FROM dynamic_partitions) FROM event_logs",
    "history/runs.db": "SELECT count(*), max(id), max(update_timestamp) FROM runs",
}
"""Files of Dagster's storage below its home, and what tells of each whether something was added."""


def fingerprint(settings: Settings) -> str | None:
    """Return a text that changes when anything does that may make an asset stale.

    It tells of the code, the settings, inbox and candidates, the mirror, the tables and of every run and
    event. It is None where tables, runs or events are not in files of this machine.
    """
    if settings.given_dagster_home or is_remote(settings.blob_root):
        return None
    events = []
    for name, query in _EVENTS.items():
        try:
            with closing(
                sqlite3.connect(f"file:{settings.dagster_home / name}?mode=ro", uri=True)
            ) as storage:
                events.append(storage.execute(query).fetchone())
        except sqlite3.Error:
            return None
    folders = [
        Path(sse_assets.__file__).parent,
        settings.inbox,
        settings.candidates,
        Path(settings.blob_root.path) / TABLES,
    ]
    if settings.data_mirror:
        folders.append(settings.data_mirror)
    named = [settings.dataset, str(settings.blob_root), str(settings.data_mirror)]
    seen = [named, events, [folder_state(folder, _is_left_out) for folder in folders]]
    return hashlib.sha256(json.dumps(seen).encode()).hexdigest()


def _is_left_out(path: Path) -> bool:
    return is_hidden(path) or path.name == "__pycache__"


def is_as_it_was(settings: Settings, now: str | None) -> bool:
    """Return whether everything was up to date when the fingerprint was the same as now."""
    file = settings.home / _FILE
    return now is not None and file.is_file() and file.read_text() == now


def remember(settings: Settings, now: str | None) -> None:
    """Keep the fingerprint of a home in which nothing is stale."""
    if now is not None:
        (settings.home / _FILE).write_text(now)
