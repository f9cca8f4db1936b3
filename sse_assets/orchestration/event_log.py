"""Dagster's event log in SQLite, with connections that stay open.

Dagster opens a file anew for each event and each look. A run of sixty small steps has a thousand events, and
to open and close their files takes more than half of the processor time that an event costs.
"""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from threading import Lock
from typing import Any

import dagster as dg
from sqlalchemy import Connection, Engine, create_engine, event
from upath import UPath

from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.dagster_internals import EventLogEntry, SqliteEventLogStorage
from sse_assets.orchestration.settings import Settings

_EVENTS = Path("history", "runs")
"""Folder below Dagster's home, where Dagster itself has it."""
_INDEX = "index"
"""Name of the file of all runs; each run has a further one."""
_PATIENCE_S = 30.0
"""Longest wait for another process that writes to the same file; as Dagster's own."""


class OpenEventLog(SqliteEventLogStorage):
    """Event log that keeps the file of all runs open, and that of the run which it wrote or read last."""

    def __init__(self, base_dir: str, inst_data: Any = None) -> None:
        """Take the folder, and Dagster's note of how this was configured."""
        self._engines: dict[str, Engine] = {}
        self._one_at_a_time = Lock()
        self._new_file: bytes | None = None
        super().__init__(base_dir, inst_data)

    @classmethod
    def from_config_value(cls, inst_data: Any, config_value: Any) -> "OpenEventLog":
        """Return the log of a configuration; Dagster's own method would return one of its own class."""
        return cls(inst_data=inst_data, **config_value)

    def store_event(self, event: EventLogEntry) -> None:
        """Store an event."""
        super().store_event(event)
        # SQLite writes beside a file that is open; the web server looks for changes of the file itself.
        os.utime(self.path_for_shard(event.run_id))

    def dispose(self) -> None:
        """Close the files."""
        super().dispose()
        for engine in self._engines.values():
            engine.dispose()
        self._engines.clear()

    @contextmanager
    def _connect(self, shard: str) -> Iterator[Connection]:
        with self._one_at_a_time, self._engine(shard).connect() as connection, connection.begin():
            yield connection

    def _engine(self, shard: str) -> Engine:
        if shard not in self._engines:
            self._begin(shard)
            for of_run in {*self._engines} - {_INDEX}:
                self._engines.pop(of_run).dispose()
            engine = create_engine(self.conn_string_for_shard(shard), connect_args={"timeout": _PATIENCE_S})
            event.listen(engine, "connect", _trust_the_system)
            self._engines[shard] = engine
        return self._engines[shard]

    def _begin(self, shard: str) -> None:
        """Make the tables of a new file; those of the second run on are copied from the first."""
        file = Path(self.path_for_shard(shard))
        is_new = not file.exists()
        if is_new and self._new_file is not None:
            write_bytes(UPath(file), self._new_file)
        with super()._connect(shard):
            pass
        if is_new and self._new_file is None:
            self._new_file = file.read_bytes()


def _trust_the_system(connection: Any, _: object) -> None:
    """Let the operating system choose when events reach the disk.

    They outlive this process all the same. A machine that loses its power may forget the last of them, and
    the next run then makes these steps again.
    """
    connection.execute("PRAGMA synchronous=NORMAL")


def open_instance(settings: Settings) -> dg.DagsterInstance:
    """Return Dagster's storage for one process that carries out runs, whose event log stays open.

    A DAGSTER_HOME with a dagster.yaml of its own decides on its storage itself.
    """
    if settings.given_dagster_home:
        return dg.DagsterInstance.get()
    events = {
        "module": __name__,
        "class": OpenEventLog.__name__,
        "config": {"base_dir": str(settings.dagster_home / _EVENTS)},
    }
    return dg.DagsterInstance.local_temp(str(settings.dagster_home), overrides={"event_log_storage": events})
