"""What a home forgets with time, so that it stays as large as its data and not as old as its use.

- **Old versions of tables**: `TableStore` keeps three, and the last with other content.
- **Models that are trained by themselves**: one stays while a kept version of a table names it. Of the
  champions only the last is named; the others are history. A model made or used in the last hour stays in any
  case, as the run that makes it may not have written its table yet. A language model takes hours, and stays.
- **Kept answers**, such as those of fits: those used last stay, as many as find room. The others are computed
  again when they are asked for.
- **Runs**: the newest stay, and every run that made what is there now, since provenance is read from it.
  What Dagster keeps of a run beside its events goes with it (`leftovers`).

What a person left or asked for stays: the inbox, candidates, searches and their journals. A back-up is a file
of its own, and needs nothing of the home.
"""

import time
from pathlib import Path

import dagster as dg
from upath import UPath

from sse_assets.orchestration.kept_files import KEPT
from sse_assets.orchestration.leftovers import forget_leftovers
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.tables import models
from sse_assets.tables.catalogue import TABLES

RUNS_KEPT = 100
"""Number of finished runs kept with their events, about half a megabyte each: the last ten changes."""

_RETRAINED = ("models/boosted_trees", "models/gaussian_process")
"""Folders below the blob root of models that a change of the data trains again."""
_PATH = "model_path"
_YOUNG_S = 3600.0
_ROOM_FOR_KEPT = 200_000_000
"""Bytes for kept answers; one state of OBELiX needs a tenth of it."""
_RUNS_AT_ONCE = 50


def forget_models(blob_root: UPath) -> int:
    """Delete the files of models that no table names any more, and return their number."""
    named = _named_models(TableStore(blob_root))
    forgotten = 0
    for folder in (blob_root / place for place in _RETRAINED):
        for file in [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []:
            place = file.path.removeprefix(blob_root.path).lstrip("/")
            is_named = any(place.startswith(f"{path}/") for path in named)
            if not is_named and time.time() - file.stat().st_mtime > _YOUNG_S:
                file.unlink()
                forgotten += 1
        _remove_empty_folders(folder)
    return forgotten


def forget_kept(blob_root: UPath, room: int = _ROOM_FOR_KEPT) -> int:
    """Delete the kept answers whose last use is longest ago, until they find room; return how many.

    Args:
        blob_root: root of the store.
        room: bytes for all of them. An answer used in the last hour stays in any case.
    """
    folder = blob_root / KEPT
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
    states = [(state.st_mtime, state.st_size, file) for file in files if (state := file.stat())]
    left, forgotten = sum(size for _, size, _ in states), 0
    for used, size, file in sorted(states, key=lambda state: state[0]):
        if left <= room or time.time() - used < _YOUNG_S:
            break
        file.unlink()
        left, forgotten = left - size, forgotten + 1
    return forgotten


def _named_models(store: TableStore) -> set[str]:
    """Return the paths of models in every kept version of every table."""
    named: set[str] = set()
    for table in TABLES.values():
        if _PATH in table.names:
            for rows in store.kept_versions(TableKey(*table.name.split("."))):
                paths = rows.column(_PATH).drop_null().to_pylist()
                named.update(paths[-1:] if table is models.CHAMPIONS else paths)
    return named


def _remove_empty_folders(folder: UPath) -> None:
    """Remove what deleted files leave behind in a file system; an object store has no folders."""
    if folder.protocol in ("", "file") and folder.exists():
        for place in sorted(Path(folder.path).rglob("*"), reverse=True):
            if place.is_dir() and not any(place.iterdir()):
                place.rmdir()


def forget_runs(instance: dg.DagsterInstance, dagster_home: Path, keep: int = RUNS_KEPT) -> int:
    """Delete finished runs, with their events and logs, that made nothing of what is there now.

    Args:
        instance: Dagster's storage.
        dagster_home: folder of that storage, if it is in files.
        keep: number of the newest runs that stay in any case.

    Returns:
        The number of deleted runs; a later call goes on with the next.
    """
    old = [run for run in instance.get_runs()[keep:] if run.is_finished]
    forgotten = 0
    for run in reversed(old):
        if forgotten == _RUNS_AT_ONCE:
            break
        if not _made_what_is_there(instance, run.run_id):
            instance.delete_run(run.run_id)
            instance.compute_log_manager.delete_logs(prefix=[run.run_id])
            for file in (dagster_home / "history" / "runs").glob(f"{run.run_id}.db*"):
                file.unlink()
            forgotten += 1
    if forgotten:
        forget_leftovers(instance, dagster_home)
    return forgotten


def _made_what_is_there(instance: dg.DagsterInstance, run_id: str) -> bool:
    for entry in instance.all_logs(run_id, of_type=dg.DagsterEventType.ASSET_MATERIALIZATION):
        event = entry.get_dagster_event()
        assert event.asset_key is not None
        latest = instance.get_latest_data_version_record(event.asset_key, partition_key=event.partition)
        if latest is None or latest.run_id == run_id:
            return True
    return False
