"""Tables as versioned Parquet files, which every worker on every host reads without a lock.

A table `group.name` lies in `tables/group/name/`, or one folder deeper for each partition. A version is one
Parquet file. `current.json` names the current version and is written last, so that the old version stays in
place when a write is killed.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime, timedelta
from urllib.parse import quote, unquote

import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from upath import UPath

from sse_assets.orchestration.blobs import write_bytes

TABLES = "tables"
"""Folder of all tables, below the blob root."""
MANIFEST = "current.json"
"""File beside the versions of a table that names the current one."""
_TIME = "%Y%m%dT%H%M%S%f"
"""Format of the time at the start of the name of a version, so that versions sort by age."""
_NAME = re.compile(r"[A-Za-z0-9_]+")
_MAX_FOLDER_NAME = 255
"""Longest name that every file system in use allows, in bytes."""
_VERSIONS_KEPT = 3
"""Number of versions kept: the current one and two before it, so that a slow reader can finish.

The newest version with other content than the current one is kept too, for `read_previous`.
"""
_YOUNG = timedelta(minutes=10)
"""Age before which no version is deleted: of many runs that write one table at once, one may be about to make
its version the current one, or to read another version."""


@dataclass(frozen=True, order=True)
class TableKey:
    """Name of a table, and of one partition of it where it has some."""

    group: str
    name: str
    partition: str | None = None

    def __post_init__(self) -> None:
        """Refuse what cannot name a folder, or a table in SQL; a partition may be any text.

        Raises:
            TableError: if group or name is not made of letters, digits and `_`, or if the partition is empty
                or too long for the name of a folder.
        """
        for name in (self.group, self.name):
            if not _NAME.fullmatch(name):
                raise TableError(f"{name!r} cannot name a table: use letters, digits and _")
        if self.partition is not None and not 0 < len(_folder_name(self.partition)) <= _MAX_FOLDER_NAME:
            raise TableError(
                f"{self.partition[:40]!r} cannot name a partition of {self.group}.{self.name}: it has "
                f"{len(self.partition)} characters, none or too many for the name of a folder"
            )

    @property
    def table(self) -> str:
        """Return the name of the whole table, as in SQL."""
        return f"{self.group}.{self.name}"

    def __str__(self) -> str:
        return f"{self.table}[{self.partition}]" if self.partition is not None else self.table


@dataclass(frozen=True)
class TableVersion:
    """Content of `current.json`, which describes the current version of a table."""

    file: str
    content_sha256: str
    rows: int
    columns: list[str]
    written_at: str


class TableError(RuntimeError):
    """Error for a table that does not exist or cannot be read."""


class TableStore:
    """Tables below one root, to read and write."""

    def __init__(self, root: UPath) -> None:
        self._root = root / TABLES

    def write(self, key: TableKey, frame: pd.DataFrame) -> TableVersion:
        """Store a frame as the table's new current version; its index is not kept."""
        data = _parquet(frame)
        now = datetime.now(UTC)
        sha256 = hashlib.sha256(data).hexdigest()
        version = TableVersion(
            file=f"{now:{_TIME}}-{sha256[:8]}.parquet",
            content_sha256=sha256,
            rows=len(frame),
            columns=[str(column) for column in frame.columns],
            written_at=now.isoformat(),
        )
        folder = self.location(key)
        write_bytes(folder / version.file, data)
        write_bytes(folder / MANIFEST, json.dumps(asdict(version)).encode())
        self._forget_old_versions(folder, version.file)
        return version

    def read(self, key: TableKey) -> pd.DataFrame:
        """Return the current version of a table; all partitions are stacked if the key names none.

        Raises:
            TableError: if there is no such table.
        """
        return self.read_arrow(key).to_pandas()

    def read_previous(self, key: TableKey) -> pd.DataFrame | None:
        """Return the rows of a table or partition before its content last changed; None if it never did.

        This need not be the version before the current one, for a run that is repeated after a kill writes
        the same content again.
        """
        current = self.version(key)
        folder = self.location(key)
        previous = _before(current.file, _versions(folder)) if current else None
        return _read(folder / previous).to_pandas() if previous else None

    def read_arrow(self, key: TableKey) -> pa.Table:
        """Return the same as `read`, without the conversion to pandas."""
        parts = [self._read_part(part) for part in self._parts(key)]
        if not parts:
            raise TableError(f"there is no table {key} under {self._root}; materialise it first")
        return pa.concat_tables(parts, promote_options="permissive")

    def kept_versions(self, key: TableKey) -> Iterator[pa.Table]:
        """Return the rows of every version that is still there, of every partition if the key names none."""
        for part in self._parts(key):
            folder = self.location(part)
            for name in _versions(folder):
                with suppress(FileNotFoundError):  # another process may have forgotten it just now
                    yield _read(folder / name)

    def version(self, key: TableKey) -> TableVersion | None:
        """Return the current version of one unpartitioned table or one partition; None if there is none."""
        manifest = self.location(key) / MANIFEST
        try:
            return TableVersion(**json.loads(manifest.read_text()))
        except FileNotFoundError:
            return None

    def location(self, key: TableKey) -> UPath:
        """Return the folder that holds the versions of a table or a partition."""
        folder = self._root / key.group / key.name
        return folder if key.partition is None else folder / _folder_name(key.partition)

    def current_versions(self) -> dict[TableKey, str]:
        """Return a text for every table, partitions taken together, that changes with every write."""
        versions: dict[TableKey, str] = {}
        for group in filter(_can_name, _folders(self._root)):
            for table in filter(_can_name, _folders(group)):
                key = TableKey(group.name, table.name)
                parts = [self.version(part) for part in self._parts(key)]
                versions[key] = " ".join(part.file for part in parts if part)
        return versions

    def last_write(self) -> datetime | None:
        """Return when the newest version of any table was written; None if there is none."""
        files = " ".join(self.current_versions().values()).split()
        times = [file.partition("-")[0] for file in files]
        return datetime.strptime(max(times), _TIME).replace(tzinfo=UTC) if times else None

    def _parts(self, key: TableKey) -> list[TableKey]:
        if key.partition is not None or self.version(key):
            return [key] if self.version(key) else []
        partitions = (unquote(f.name, errors="surrogatepass") for f in _folders(self.location(key)))
        return sorted(
            part for name in partitions if self.version(part := TableKey(key.group, key.name, name))
        )

    def _read_part(self, key: TableKey) -> pa.Table:
        version = self.version(key)
        assert version is not None  # _parts names only what has one
        return _read(self.location(key) / version.file)

    def _forget_old_versions(self, folder: UPath, current: str) -> None:
        versions = _versions(folder)
        kept = {*versions[-_VERSIONS_KEPT:], _before(current, versions)}
        young = f"{datetime.now(UTC) - _YOUNG:{_TIME}}"
        for name in versions:
            if name not in kept and name < young:
                (folder / name).unlink(missing_ok=True)


def _versions(folder: UPath) -> list[str]:
    """Return the file names of the versions of a table, the newest last."""
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".parquet"))


def _before(current: str, versions: list[str]) -> str | None:
    """Return the newest version before the current one with other content; names are a time and a hash."""
    content = current.split("-")[1]
    others = [name for name in versions if name < current and name.split("-")[1] != content]
    return others[-1] if others else None


def _read(file: UPath) -> pa.Table:
    return pq.read_table(io.BytesIO(file.read_bytes()))


def content_sha256(frame: pd.DataFrame) -> str:
    """Return the hash of the stored content of a frame: equal tables have equal hashes."""
    return hashlib.sha256(_parquet(frame)).hexdigest()


def _folder_name(partition: str) -> str:
    """Return a partition, whatever text it is, as the name of a folder; `unquote` gives it back."""
    name = quote(partition, safe="", errors="surrogatepass")
    # The folder itself, its parent, and the files beside it have these names.
    is_taken = name in (".", "..", MANIFEST) or name.endswith(".parquet")
    return name.replace(".", "%2E") if is_taken else name


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _can_name(folder: UPath) -> bool:
    """Return whether a folder may be that of a table, and not one that somebody else has put there."""
    return _NAME.fullmatch(folder.name) is not None


def _folders(folder: UPath) -> Iterator[UPath]:
    if folder.exists():
        yield from sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda f: f.name)
