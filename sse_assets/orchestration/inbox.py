"""The folders in which a person leaves files, and the way of these to the steps that read them.

`SSE_HOME/inbox/` is for measurements and `SSE_HOME/candidates/` for materials to ask about. What holds of the
first here holds of the second. The inbox lies on one machine, and steps may run on others. Each file is
therefore copied once below the blob root, by its hash, and a listing says which files the inbox holds now. No
file is moved or deleted here or there. Correcting or removing a file in the inbox corrects or removes its
rows; the old copy stays.
"""

import hashlib
import json
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import dagster as dg
from upath import UPath

from sse_assets.orchestration.automation import AUTOMATIC
from sse_assets.orchestration.blobs import files_below, write_bytes
from sse_assets.orchestration.folder_state import folder_state, is_hidden
from sse_assets.orchestration.settings import Settings

MAX_FILE_BYTES = 64 * 2**20
LISTING_METADATA = "inbox_listing"
"""Name of the metadata entry that says which listing an asset was made from."""

_FOLDER = "inbox"
CANDIDATES_FOLDER = "candidates"
"""Folder of the copies of candidates, below the blob root."""
_LISTING = "current.json"
_SETTLED_S = 5.0
"""Age below which a changed file may still be incomplete."""


@dataclass(frozen=True)
class Dropped:
    """A file that the inbox holds."""

    path: str
    """Path below the inbox, with `/` between folders."""
    sha256: str | None
    """Name of the copy; None if there is none."""
    refused: str | None
    """Reason why there is no copy, as the end of a sentence that begins with the path."""


def take_in(inbox: Path, blob_root: UPath, copies: str = _FOLDER) -> str | None:
    """Copy the files of the inbox into a folder below the blob root, and list them.

    Returns:
        The hash of the listing. It is None if the inbox is not there; then nothing changes, as a disk that is
        not mounted withdraws no measurement.
    """
    if not inbox.is_dir():
        return None
    files = []
    for path in files_below(inbox, is_hidden):
        name = path.relative_to(inbox).as_posix()
        refused = _why_not(path)
        sha256 = None
        if refused is None:
            content = path.read_bytes()
            sha256 = hashlib.sha256(content).hexdigest()
            copy = blob_root / copies / sha256
            if not copy.exists():
                write_bytes(copy, content)
        files.append(Dropped(name, sha256, refused))
    listing = json.dumps([asdict(file) for file in files], indent=1).encode()
    current = blob_root / copies / _LISTING
    if not current.exists() or current.read_bytes() != listing:
        write_bytes(current, listing)
    return hashlib.sha256(listing).hexdigest()


def dropped_files(blob_root: UPath, copies: str = _FOLDER) -> tuple[list[tuple[Dropped, bytes | None]], str]:
    """Return every file that was taken in last, with its content, and the hash of the listing."""
    current = blob_root / copies / _LISTING
    listing = current.read_bytes() if current.exists() else b"[]"
    files = [Dropped(**file) for file in json.loads(listing)]
    contents = [(blob_root / copies / file.sha256).read_bytes() if file.sha256 else None for file in files]
    return list(zip(files, contents, strict=True)), hashlib.sha256(listing).hexdigest()


def has_news(
    instance: dg.DagsterInstance, key: dg.AssetKey, listing: str | None, entry: str = LISTING_METADATA
) -> bool:
    """Return whether an asset that reads the inbox was made from another listing than this, or never.

    What else is read past Dagster is asked for by the name of its own metadata `entry`.
    """
    if listing is None:
        return False
    event = instance.get_latest_materialization_event(key)
    made = event.asset_materialization if event else None
    read = made.metadata.get(entry) if made else None
    return read is None or read.value != listing


def inbox_sensor(settings: Settings, readers: list[dg.AssetKey], every_s: int = 30) -> dg.SensorDefinition:
    """Return the sensor that watches the inbox and has its readers made again; it is on by default."""
    return _watching("watch_inbox", settings.inbox, _FOLDER, settings.blob_root, readers, every_s)


def candidates_sensor(
    settings: Settings, readers: list[dg.AssetKey], every_s: int = 60
) -> dg.SensorDefinition:
    """Return the sensor that watches the folder of candidates likewise."""
    return _watching(
        "watch_candidates", settings.candidates, CANDIDATES_FOLDER, settings.blob_root, readers, every_s
    )


def _watching(
    name: str, folder: Path, copies: str, blob_root: UPath, readers: list[dg.AssetKey], every_s: int
) -> dg.SensorDefinition:
    @dg.sensor(
        name=name,
        target=dg.AssetSelection.assets(*readers),
        minimum_interval_seconds=every_s,
        default_status=dg.DefaultSensorStatus.RUNNING,
        description=f"Takes in the tables, zip and CIF files that somebody leaves in {folder}.",
    )
    def watch(context: dg.SensorEvaluationContext) -> dg.RunRequest | dg.SkipReason:
        seen = folder_state(folder, is_hidden)
        if seen is None:
            return dg.SkipReason(f"There is no folder {folder}.")
        state, changed_at = seen
        if state == context.cursor:
            return dg.SkipReason("Nothing has changed.")
        if time.time() - changed_at < _SETTLED_S:
            return dg.SkipReason("A file changed just now and may still be on its way.")
        listing = take_in(folder, blob_root, copies)
        context.update_cursor(state)
        if not any(has_news(context.instance, reader, listing) for reader in readers):
            return dg.SkipReason("What lies there has been read.")
        return dg.RunRequest(tags=AUTOMATIC)

    return watch


def _why_not(path: Path) -> str | None:
    if path.is_symlink():
        return "is a link: put the file itself here"
    if not path.is_file():
        return "is not a plain file"
    size = path.stat().st_size
    if size > MAX_FILE_BYTES:
        return f"has {size} bytes, more than {MAX_FILE_BYTES}: divide it"
    return None
