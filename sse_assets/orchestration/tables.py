"""Tables as versioned Parquet files: the truth that every worker on every host reads without a lock.

A table `group.name` lies in `tables/group/name/` (and one folder deeper for each partition). A version is one
Parquet file; `current.json` names the version that counts and is written last, so a killed write leaves the
old version in place.
"""

import hashlib
import io
import json
import re
from collections.abc import Iterator
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
"""File beside a table's versions that names the one that counts."""
_TIME = "%Y%m%dT%H%M%S%f"
"""Begins a version's name, so that versions sort by age."""
_NAME = re.compile(r"[A-Za-z0-9_]+")
_MAX_FOLDER_NAME = 255
"""Bytes, on every file system in use."""
_VERSIONS_KEPT = 3
"""The current version and the two before it, so that a slow reader can finish.

The newest version with other content than the current one is kept too, for `read_previous`.
"""
_YOUNG = timedelta(minutes=10)
"""A version is not forgotten before this age: of many runs that write one table at once, one may be about to
make its own version the current one, or to read another's."""


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
        """Name of the whole table, as in SQL."""
        return f"{self.group}.{self.name}"

    def __str__(self) -> str:
        return f"{self.table}[{self.partition}]" if self.partition is not None else self.table


@dataclass(frozen=True)
class TableVersion:
    """What `current.json` says of a table's current version."""

    file: str
    content_sha256: str
    rows: int
    columns: list[str]
    written_at: str


class TableError(RuntimeError):
    """A table that is not there or cannot be read."""


class TableStore:
    """Reads and writes the tables below one root."""

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
        folder = self._folder(key)
        write_bytes(folder / version.file, data)
        write_bytes(folder / MANIFEST, json.dumps(asdict(version)).encode())
        self._forget_old_versions(folder, version.file)
        return version

    def read(self, key: TableKey) -> pd.DataFrame:
        """The current version of a table; of a partitioned one without a partition named, all partitions.

        Raises:
            TableError: if there is no such table.
        """
        return self.read_arrow(key).to_pandas()

    def read_previous(self, key: TableKey) -> pd.DataFrame | None:
        """What one table or partition held before its content last changed; None if it never did.

        Not the version before the current one: writing the same again, as a run does that was killed and
        is repeated, does not hide what has changed.
        """
        current = self.version(key)
        folder = self._folder(key)
        previous = _before(current.file, _versions(folder)) if current else None
        return _read(folder / previous).to_pandas() if previous else None

    def read_arrow(self, key: TableKey) -> pa.Table:
        """As `read`, without the conversion to pandas."""
        parts = [self._read_part(part) for part in self._parts(key)]
        if not parts:
            raise TableError(f"there is no table {key} under {self._root}; materialise it first")
        return pa.concat_tables(parts, promote_options="permissive")

    def version(self, key: TableKey) -> TableVersion | None:
        """The current version of one unpartitioned table or one partition; None where there is none."""
        manifest = self._folder(key) / MANIFEST
        try:
            return TableVersion(**json.loads(manifest.read_text()))
        except FileNotFoundError:
            return None

    def location(self, key: TableKey) -> UPath:
        """The folder that holds a table's versions."""
        return self._folder(key)

    def current_versions(self) -> dict[TableKey, str]:
        """A text for every table, partitions taken together, that changes when its content does."""
        versions: dict[TableKey, str] = {}
        for group in filter(_can_name, _folders(self._root)):
            for table in filter(_can_name, _folders(group)):
                key = TableKey(group.name, table.name)
                parts = [self.version(part) for part in self._parts(key)]
                versions[key] = " ".join(part.file for part in parts if part)
        return versions

    def _parts(self, key: TableKey) -> list[TableKey]:
        if key.partition is not None or self.version(key):
            return [key] if self.version(key) else []
        partitions = (unquote(f.name, errors="surrogatepass") for f in _folders(self._folder(key)))
        return sorted(
            part for name in partitions if self.version(part := TableKey(key.group, key.name, name))
        )

    def _read_part(self, key: TableKey) -> pa.Table:
        version = self.version(key)
        assert version is not None  # _parts names only what has one
        return _read(self._folder(key) / version.file)

    def _folder(self, key: TableKey) -> UPath:
        folder = self._root / key.group / key.name
        return folder if key.partition is None else folder / _folder_name(key.partition)

    def _forget_old_versions(self, folder: UPath, current: str) -> None:
        versions = _versions(folder)
        kept = {*versions[-_VERSIONS_KEPT:], _before(current, versions)}
        young = f"{datetime.now(UTC) - _YOUNG:{_TIME}}"
        for name in versions:
            if name not in kept and name < young:
                (folder / name).unlink(missing_ok=True)


def _versions(folder: UPath) -> list[str]:
    """File names of a table's versions, the newest last."""
    return sorted(file.name for file in folder.iterdir() if file.name.endswith(".parquet"))


def _before(current: str, versions: list[str]) -> str | None:
    """The newest version before the current one that has other content; names are a time and a hash."""
    content = current.split("-")[1]
    others = [name for name in versions if name < current and name.split("-")[1] != content]
    return others[-1] if others else None


def _read(file: UPath) -> pa.Table:
    return pq.read_table(io.BytesIO(file.read_bytes()))


def content_sha256(frame: pd.DataFrame) -> str:
    """Hash of a frame's content as it is stored: equal for equal tables, whenever and wherever made."""
    return hashlib.sha256(_parquet(frame)).hexdigest()


def _folder_name(partition: str) -> str:
    """A partition as the name of a folder, whatever is in it; `unquote` gives it back."""
    name = quote(partition, safe="", errors="surrogatepass")
    # A folder and its parent, and the files beside which the folder lies, have names with these dots.
    is_taken = name in (".", "..", MANIFEST) or name.endswith(".parquet")
    return name.replace(".", "%2E") if is_taken else name


def _parquet(frame: pd.DataFrame) -> bytes:
    buffer = io.BytesIO()
    frame.to_parquet(buffer, index=False)
    return buffer.getvalue()


def _can_name(folder: UPath) -> bool:
    """Whether a folder may be a table's; what somebody else has put there is none."""
    return _NAME.fullmatch(folder.name) is not None


def _folders(folder: UPath) -> Iterator[UPath]:
    if folder.exists():
        yield from sorted((entry for entry in folder.iterdir() if entry.is_dir()), key=lambda f: f.name)
