"""The folder in which a person leaves measurements, and how its files reach the steps that read them.

`SSE_HOME/inbox/` lies on one machine and steps may run on others, so the files are copied under the blob
root: each once, by its hash, with a listing that says which of them the inbox holds now. Nothing is moved or
deleted, here or there: correcting or removing a file in the inbox corrects or removes its rows, and the
copies of what was once dropped stay.
"""

import hashlib
import json
import os
import time
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg
from upath import UPath

from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.settings import Settings

MAX_FILE_BYTES = 64 * 2**20
LISTING_METADATA = "inbox_listing"
"""Name of the metadata entry that says which listing an asset was made from."""

_FOLDER = "inbox"
_LISTING = "current.json"
_SETTLED_S = 5.0
"""A file that changed more recently may still be on its way."""


@dataclass(frozen=True)
class Dropped:
    """A file that the inbox holds."""

    path: str
    """Below the inbox, folders parted by `/`."""
    sha256: str | None
    """Names the copy; None if there is none."""
    refused: str | None
    """Why there is no copy, as the end of a sentence that begins with the path."""


def take_in(inbox: Path, blob_root: UPath) -> str | None:
    """Copy what the inbox holds, and list it.

    Returns:
        The hash of the listing; None, and nothing changes, if the inbox is not there: a disk that is not
        mounted withdraws no measurement.
    """
    if not inbox.is_dir():
        return None
    files = []
    for path in _files(inbox):
        name = path.relative_to(inbox).as_posix()
        refused = _why_not(path)
        sha256 = None
        if refused is None:
            content = path.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            copy = blob_root / _FOLDER / sha256
            if not copy.exists():
                write_bytes(copy, content)
        files.append(Dropped(name, sha256, refused))
    listing = json.dumps([asdict(file) for file in files], indent=1).encode()
    current = blob_root / _FOLDER / _LISTING
    if not current.exists() or current.read_bytes() != listing:
        write_bytes(current, listing)
    return hashlib.sha256(listing).hexdigest()


def dropped_files(blob_root: UPath) -> tuple[list[tuple[Dropped, bytes | None]], str]:
    """Everything that was taken in last, each file with its content, and the hash of the listing."""
    current = blob_root / _FOLDER / _LISTING
    listing = current.read_bytes() if current.exists() else b"[]"
    files = [Dropped(**file) for file in json.loads(listing)]
    contents = [(blob_root / _FOLDER / file.sha256).read_bytes() if file.sha256 else None for file in files]
    return list(zip(files, contents, strict=True)), hashlib.sha256(listing).hexdigest()


def has_news(
    instance: dg.DagsterInstance, key: dg.AssetKey, listing: str | None, entry: str = LISTING_METADATA
) -> bool:
    """Whether an asset that reads the inbox was made from another listing than this, or never.

    What else is read past Dagster is asked for by the name of its own metadata `entry`.
    """
    if listing is None:
        return False
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    read = made.metadata.get(entry) if made else None
    return read is None or read.value != listing


def inbox_sensor(settings: Settings, readers: list[dg.AssetKey], every_s: int = 30) -> dg.SensorDefinition:
    """Looks into the inbox and has its readers made again when something has changed; on by default."""

    @dg.sensor(
        name="watch_inbox",
        target=dg.AssetSelection.assets(*readers),
        minimum_interval_seconds=every_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Takes in the CSV, zip and CIF files that somebody leaves in {settings.inbox}.",
    )
    def watch_inbox(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        seen = _glance(settings.inbox)
        if seen is None:
            return dg.SkipReason(f"There is no folder {settings.inbox}.")
        if seen.text == context.cursor:
            return dg.SkipReason("Nothing has changed.")
        if time.time() - seen.changed < _SETTLED_S:
            return dg.SkipReason("A file changed just now and may still be on its way.")
        listing = take_in(settings.inbox, settings.blob_root)
        context.update_cursor(seen.text)
        if not any(has_news(context.instance, reader, listing) for reader in readers):
            return dg.SkipReason("What lies there has been read.")
        return dg.RunRequest()

    return watch_inbox


@dataclass(frozen=True)
class _Glance:
    text: str
    """Changes when a file does, without reading it."""
    changed: float
    """Time of the latest change."""


def _glance(inbox: Path) -> _Glance | None:
    if not inbox.is_dir():
        return None
    found = [(str(path), path.lstat()) for path in _files(inbox)]
    text = "\n".join(f"{path} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}" for path, info in found)
    changed = max((max(info.st_mtime, info.st_ctime) for _, info in found), default=0.0)
    return _Glance(hashlib.sha256(text.encode()).hexdigest(), changed)


def _files(inbox: Path) -> Iterator[Path]:
    """Files and links below the inbox by path, without hidden ones; links to folders are not entered."""
    for folder, folders, names in os.walk(inbox):
        links = [name for name in folders if (Path(folder) / name).is_symlink()]
        folders[:] = sorted(name for name in folders if not _is_hidden(name) and name not in links)
        for name in sorted([*names, *links]):
            if not _is_hidden(name):
                yield Path(folder) / name


def _is_hidden(name: str) -> bool:
    """Files that an operating system, an editor or a spreadsheet keeps for itself."""
    return name.startswith((".", "~$", "__MACOSX"))


def _why_not(path: Path) -> str | None:
    if path.is_symlink():
        return "is a link: put the file itself here"
    if not path.is_file():
        return "is not a plain file"
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        return f"has {size} bytes, more than {MAX_FILE_BYTES}: divide it"
    return None
