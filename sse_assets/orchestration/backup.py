"""One file that holds all of `SSE_HOME`, and the way from it to a home.

A copy may be taken while runs go on. Dagster's databases and the tables have to be of one moment; otherwise a
table would seem to be made from data that it was not made from. SQLite itself therefore copies the databases,
and does so again if a table changed meanwhile. A step that was going on counts as killed in the copy. The
warehouse is left out, for it is itself a copy.
"""

import contextlib
import gzip
import io
import json
import os
import shutil
import sqlite3
import tarfile
import tempfile
import time
import zlib
from collections.abc import Callable, Container
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath
from typing import NamedTuple
from urllib.parse import quote

import dagster as dg
from upath import UPath

from sse_assets.orchestration.blobs import files_below, is_remote
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import MANIFEST, TABLES, TableStore
from sse_assets.orchestration.warehouse import Copied, bring_up_to_date

_FORMAT = 1
_LABEL = "backup.json"
"""Name of the first member of an archive."""
_BLOBS, _DAGSTER = "blobs", "dagster"
"""Folders of the archive, wherever the originals lie."""
_DAGSTER_SETTINGS = "dagster.yaml"
"""File that is written at each start and names classes to load: no archive holds it, and none is believed."""
_DATABASE = ".db"
_BESIDE_DATABASE = ("-wal", "-shm", "-journal")
_EVENTS = "index.db"
"""Name of the database of the lineage; beside it lies a database for each run."""
_LABEL_BYTES = 2**16
_ATTEMPTS = 20
_LOCK_PATIENCE_S = 60.0
_PAUSE_S = 0.5


class BackupError(RuntimeError):
    """Reason why there is no backup, or no home made of one; nothing is left half done."""


@dataclass(frozen=True)
class Label:
    """First member of an archive, which describes it."""

    format: int
    made_at: str
    elsewhere: list[str]
    """Sentences about parts of the home that are not in the archive."""


class BackedUp(NamedTuple):
    """Result of `back_up`."""

    label: Label
    files: int
    skipped: list[str]
    """Links and other special files, which no backup holds."""


class Restored(NamedTuple):
    """Result of `restore`."""

    label: Label
    files: int
    ended: list[str]
    """Ids of the runs that were going on when the copy was taken: in the new home they have failed."""
    copied: Copied
    """Tables of the new warehouse."""


def back_up(settings: Settings, archive: Path) -> BackedUp:
    """Write a copy of the home into a tar.gz, complete or not at all; runs may go on.

    Raises:
        BackupError: if there is no home, if the archive exists or would lie in the home, or if tables are
            written too fast for databases and tables to be of one moment.
    """
    archive = archive.resolve()
    if not settings.home.is_dir():
        raise BackupError(f"there is no {settings.home} to back up: set SSE_HOME to the one that you mean")
    if archive.exists():
        raise BackupError(f"{archive} is there already: choose another name, or remove it")
    if archive.is_relative_to(settings.home):
        raise BackupError(f"{archive} would lie in what it is a copy of: choose a place outside SSE_HOME")
    archive.parent.mkdir(parents=True, exist_ok=True)
    label = Label(_FORMAT, datetime.now(UTC).isoformat(), _elsewhere(settings))
    with tempfile.TemporaryDirectory(prefix=f".{archive.name}.", dir=archive.parent) as working:
        unfinished = Path(working) / archive.name
        with tarfile.open(unfinished, "w:gz", compresslevel=6) as tar:
            packed = _Packing(tar, Path(working))
            packed.add_bytes(_LABEL, json.dumps(asdict(label), indent=1).encode())
            databases, manifests = _one_moment(settings, Path(working))
            for database, copy in databases.items():
                packed.add(copy, _name(_DAGSTER, database.relative_to(settings.dagster_home)))
            apart = {settings.dagster_home, settings.warehouse, settings.warehouse.with_suffix(".duckdb.wal")}
            if not is_remote(settings.blob_root):
                blobs = _local(settings.blob_root)
                apart.add(blobs)
                packed.add_tables(blobs, manifests)
                # A table that did not exist at that moment is no part of the copy.
                tables = blobs / TABLES
                packed.add_folder(
                    blobs, _BLOBS, lambda file: file.name == MANIFEST and file.is_relative_to(tables)
                )
            if settings.dagster_home.is_relative_to(settings.home):
                for database in filter(_is_of_run, _databases(settings)):
                    if _copy_database(database, Path(working) / "of_run.db"):
                        name = _name(_DAGSTER, database.relative_to(settings.dagster_home))
                        packed.add(Path(working) / "of_run.db", name)
                packed.add_folder(settings.dagster_home, _DAGSTER, _is_dagsters_own)
            packed.add_folder(settings.home, "", lambda path: path in apart)
        unfinished.replace(archive)
    return BackedUp(label, len(packed.names), packed.skipped)


def restore(settings: Settings, archive: Path) -> Restored:
    """Make the home of the settings from an archive, complete or not at all.

    Raises:
        BackupError: if the home is not empty, or if the archive is damaged, no backup, or holds a member that
            no backup has, such as a path that leads out of it.
    """
    home = settings.home
    if home.exists() and (not home.is_dir() or any(home.iterdir())):
        raise BackupError(f"{home} is not empty, and nothing is written over: set SSE_HOME to a new folder")
    if home.is_mount():
        raise BackupError(f"{home} is a disk of its own: set SSE_HOME to a new folder on it")
    if not is_remote(settings.blob_root) and not settings.blob_root.is_relative_to(UPath(home)):
        raise BackupError(
            f"SSE_BLOB_ROOT={settings.blob_root} lies outside SSE_HOME: unset it, restore, and move "
            f"{home / _BLOBS} there"
        )
    home.parent.mkdir(parents=True, exist_ok=True)
    staging = Path(tempfile.mkdtemp(prefix=f".{home.name}.", dir=home.parent))
    try:
        label, files = _unpack(archive, staging)
        ended = _end_runs(staging / _DAGSTER)
        staging.chmod(0o755)
        if not is_remote(settings.blob_root) and (staging / _BLOBS).is_dir():
            place = staging / _local(settings.blob_root).relative_to(home)
            place.parent.mkdir(parents=True, exist_ok=True)
            (staging / _BLOBS).replace(place)
        staging.replace(home)
    finally:
        shutil.rmtree(staging, ignore_errors=True)
    copied = bring_up_to_date(settings.warehouse, TableStore(settings.blob_root))
    return Restored(label, files, ended, copied)


class _Packing:
    """Archive that is being written; it takes each file once."""

    def __init__(self, tar: tarfile.TarFile, working: Path) -> None:
        self.names: set[str] = set()
        self.skipped: list[str] = []
        self._tar = tar
        self._working = working

    def add_bytes(self, name: str, content: bytes) -> None:
        info = tarfile.TarInfo(name)
        info.size, info.mtime = len(content), int(time.time())
        self._tar.addfile(info, io.BytesIO(content))
        self.names.add(name)

    def add(self, file: Path, name: str) -> None:
        """Add a file as it is now, without what a run appends meanwhile."""
        with file.open("rb") as content:
            status = os.fstat(content.fileno())
            info = tarfile.TarInfo(name)
            info.size, info.mtime, info.mode = status.st_size, int(status.st_mtime), status.st_mode & 0o777
            try:
                self._tar.addfile(info, content)
            except OSError as error:
                raise BackupError(f"{file} could not be copied ({error}): try again") from error
        self.names.add(name)

    def add_tables(self, blobs: Path, manifests: dict[Path, bytes]) -> None:
        """Add every table in the version that its manifest names at the moment of the copy."""
        for manifest, content in manifests.items():
            current = manifest.with_name(json.loads(content)["file"])
            self.add(current, _name(_BLOBS, current.relative_to(blobs)))
            self.add_bytes(_name(_BLOBS, manifest.relative_to(blobs)), content)

    def add_folder(self, folder: Path, name: str, leave_out: Callable[[Path], bool]) -> None:
        """Add all files below a folder that are not in the archive yet."""
        for file in files_below(folder, lambda path: path == self._working or leave_out(path)):
            member = _name(name, file.relative_to(folder))
            if member in self.names:
                continue
            if file.is_symlink() or not file.is_file():
                self.skipped.extend([str(file)] if os.path.lexists(file) else [])
                continue
            with contextlib.suppress(FileNotFoundError):  # a run has just finished with it
                self.add(file, member)


def _one_moment(settings: Settings, working: Path) -> tuple[dict[Path, Path], dict[Path, bytes]]:
    """Return Dagster's databases, each with a copy, and the manifests of the same moment.

    Raises:
        BackupError: if tables go on changing while the databases are copied.
    """
    databases = [database for database in _databases(settings) if not _is_of_run(database)]
    copies = {database: working / f"{number}{_DATABASE}" for number, database in enumerate(databases)}
    for _ in range(_ATTEMPTS):
        manifests = _manifests(settings.blob_root)
        for database, copy in copies.items():
            _copy_database(database, copy)
        if _manifests(settings.blob_root) == manifests:
            return copies, manifests
        time.sleep(_PAUSE_S)
    raise BackupError("tables change faster than they can be copied: wait for the runs to end, and try again")


def _manifests(blob_root: UPath) -> dict[Path, bytes]:
    if is_remote(blob_root):
        return {}
    return {path: path.read_bytes() for path in sorted((_local(blob_root) / TABLES).rglob(MANIFEST))}


def _copy_database(database: Path, copy: Path) -> bool:
    """Copy a database while runs write to it, and return whether it still exists."""
    copy.unlink(missing_ok=True)
    source = f"file:{quote(str(database))}?mode=ro"
    try:
        with (
            contextlib.closing(sqlite3.connect(source, uri=True, timeout=_LOCK_PATIENCE_S)) as there,
            contextlib.closing(sqlite3.connect(copy)) as here,
        ):
            there.backup(here)
    except sqlite3.Error as error:
        if not database.exists():  # of a run that has just been deleted
            return False
        raise BackupError(f"{database} could not be copied ({error}): try again") from error
    return True


def _databases(settings: Settings) -> list[Path]:
    """Return Dagster's databases in an order in which a later copy may hold more than an earlier one.

    Schedules and the automation come first, for they look again at what they have not seen. The events of
    single runs come last, for nothing is decided by them.
    """
    if not settings.dagster_home.is_relative_to(settings.home):
        return []
    found = [file for file in settings.dagster_home.rglob(f"*{_DATABASE}") if file.is_file()]
    return sorted(
        found, key=lambda file: (file.parent.name != "schedules", file.name == _EVENTS, _is_of_run(file))
    )


def _is_of_run(database: Path) -> bool:
    return database.parent.name == "runs" and database.name != _EVENTS


def _is_dagsters_own(file: Path) -> bool:
    """Return whether a file is the settings, or a database that only SQLite can copy while it is open."""
    return file.name == _DAGSTER_SETTINGS or file.name.endswith((_DATABASE, *_BESIDE_DATABASE))


def _elsewhere(settings: Settings) -> list[str]:
    sentences = []
    if is_remote(settings.blob_root):
        sentences.append(
            f"Tables and files lie in {settings.blob_root} and are not part of it: versioning of the bucket "
            "keeps them."
        )
    if not _databases(settings):
        sentences.append(
            f"Dagster's runs and events are not below {settings.home} and not part of it: pg_dump copies "
            "those of a PostgreSQL."
        )
    return sentences


def _unpack(archive: Path, place: Path) -> tuple[Label, int]:
    """Unpack into an empty folder; an error may leave a part of the files there."""
    seen: set[str] = set()
    label: Label | None = None
    total = 0
    room = shutil.disk_usage(place).free
    try:
        with gzip.open(archive) as unzipped, tarfile.open(fileobj=unzipped, mode="r|") as tar:
            # Python before 3.11.4, such as Debian 12's, has no such filter; `_problem` looks at each member.
            tar.extraction_filter = getattr(tarfile, "data_filter", None)
            for member in tar:
                total += member.size
                problem = _problem(member, seen)
                if problem:
                    raise BackupError(f"{archive}: the member {member.name!r} {problem}, so it is refused")
                if total > room:
                    raise BackupError(f"{archive} needs more room than there is at {place.parent}: make some")
                seen.add(member.name)
                if label is None:
                    label = _label(tar, member, archive)
                elif member.name != f"{_DAGSTER}/{_DAGSTER_SETTINGS}":
                    tar.extract(member, place)
            while unzipped.read(2**20):  # an archive that was cut short shows at its end
                pass
    except FileNotFoundError as error:
        raise BackupError(f"{archive} is not there: name the file that `backup` wrote") from error
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise BackupError(f"{archive} is not a whole archive ({error}): take another backup") from error
    if label is None:
        raise BackupError(f"{archive} is empty: take another backup")
    return label, len(seen)


def _label(tar: tarfile.TarFile, member: tarfile.TarInfo, archive: Path) -> Label:
    content = tar.extractfile(member) if member.name == _LABEL and member.size < _LABEL_BYTES else None
    try:
        label = Label(**json.loads(content.read() if content else b""))
    except (ValueError, TypeError) as error:
        raise BackupError(f"{archive} was not written by `sse-assets backup`: name one that was") from error
    if label.format != _FORMAT:
        raise BackupError(f"{archive} has the format {label.format} of another version: restore it with that")
    return label


def _problem(member: tarfile.TarInfo, seen: Container[str]) -> str | None:
    """Return why a member must not be unpacked, as the end of a sentence that begins with its name."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        return "leads out of the archive"
    if not member.isreg():
        return "is not a plain file"
    if member.name in seen:
        return "comes twice"
    return None


def _end_runs(dagster_home: Path) -> list[str]:
    """Mark the runs as failed that were going on at the time of the copy, and return their ids."""
    if not any(dagster_home.rglob(f"*{_DATABASE}")):
        return []
    status = dg.DagsterRunStatus
    going_on = dg.RunsFilter(statuses=[status.STARTING, status.STARTED, status.CANCELING])
    ended = []
    with dg.DagsterInstance.local_temp(str(dagster_home)) as instance:
        for run in instance.get_runs(going_on):
            instance.report_run_failed(
                run, "This run was going on when the backup was made. What was finished is kept."
            )
            ended.append(run.run_id)
    return ended


def _name(prefix: str, path: Path) -> str:
    return (PurePosixPath(prefix) / path.as_posix()).as_posix()


def _local(blob_root: UPath) -> Path:
    return Path(blob_root.path)
