"""Removal of what Dagster leaves in its SQLite files when a run is deleted, for which it has no call.

- Snapshots of jobs and of plans of steps, which the runs that had them named.
- Results of checks. The last of each check stays, for the UI shows it.
- Free pages. Later runs fill them; a file of which they are half is written anew without them.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path

import dagster as dg

_RUNS = Path("history", "runs.db")
_EVENTS = Path("history", "runs", "index.db")
_PATIENCE_S = 1.0
"""Longest wait for another process; the next call does what this one could not."""
_FREE = 0.5
"""Share of free pages from which a file is written anew."""


def forget_leftovers(instance: dg.DagsterInstance, dagster_home: Path) -> None:
    """Delete what no run names any more, if Dagster's storage is in files below its home."""
    if not (dagster_home / _RUNS).is_file():
        return
    with suppress(sqlite3.OperationalError), _opened(dagster_home / _RUNS) as runs:
        # A run is stored a moment after its two snapshots: the newest two stay in any case.
        (newest,) = runs.execute("SELECT max(id) FROM snapshots").fetchone()
        named = [
            snapshot
            for run in instance.get_runs()
            for snapshot in (run.job_snapshot_id, run.execution_plan_snapshot_id)
            if snapshot
        ]
        runs.execute("CREATE TEMP TABLE named (id)")
        runs.executemany("INSERT INTO named VALUES (?)", [(snapshot,) for snapshot in named])
        runs.execute("DELETE FROM snapshots WHERE id < ? - 1 AND snapshot_id NOT IN named", (newest,))
    with suppress(sqlite3.OperationalError), _opened(dagster_home / _EVENTS) as events:
        events.execute("ATTACH ? AS of_runs", (str(dagster_home / _RUNS),))
        events.execute(
            "DELETE FROM asset_check_executions WHERE run_id NOT IN (SELECT run_id FROM of_runs.runs) AND id "
            "NOT IN (SELECT max(id) FROM asset_check_executions GROUP BY asset_key, check_name, partition)"
        )


@contextmanager
def _opened(file: Path) -> Iterator[sqlite3.Connection]:
    """Open a file for one transaction, and write it anew afterwards if half of it is free."""
    with closing(sqlite3.connect(file, timeout=_PATIENCE_S)) as storage:
        with storage:
            yield storage
        (free,), (pages,) = (
            storage.execute(f"PRAGMA {count}").fetchone() for count in ("freelist_count", "page_count")
        )
        if free > _FREE * pages:
            storage.execute("VACUUM")
