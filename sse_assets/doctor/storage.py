"""The home, the blob root, the warehouse, and Dagster's storage."""

import os
import re
import secrets
import shutil
import tempfile
from pathlib import Path

from pebble.concurrent import thread
from upath import UPath

from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.blobs import is_remote
from sse_assets.orchestration.settings import Settings

_LEAST_BYTES = 200e6
"""Bytes that a run on the sample writes, its temporary files included."""
_COMFORTABLE_BYTES = 20e9
"""Bytes of the weights of a 7-8B model."""
_PATIENCE_S = 4.0


def home(settings: Settings) -> Finding:
    """Look whether a file can be written below `SSE_HOME`."""
    place = _nearest(settings.home)
    try:
        with tempfile.TemporaryFile(dir=place):
            pass
    except OSError as error:
        return broken(
            f"SSE_HOME={settings.home} cannot be written to ({error.strerror})",
            "nothing that stores a result",
            "set SSE_HOME to a folder of your own",
        )
    return good(
        f"SSE_HOME={settings.home}" + (", which the first run makes" if place != settings.home else "")
    )


def disk(settings: Settings) -> Finding:
    """Look whether there is room for what a run writes."""
    free = shutil.disk_usage(_nearest(settings.home)).free
    room = f"{free / 1e9:.1f} GB free at {settings.home}"
    remedy = "make room, or set SSE_HOME to a larger disk"
    if free < _LEAST_BYTES:
        return broken(f"only {room}", "reading what there is", remedy)
    if free < _COMFORTABLE_BYTES:
        return limited(f"only {room}", "all but fine-tuning a 7-8B language model", remedy)
    return good(room)


def blob_root(root: UPath, patience_s: float = _PATIENCE_S) -> Finding:
    """Write, read and remove a file of the doctor's at the blob root, or in the nearest folder above it."""
    place = root if is_remote(root) else UPath(_nearest(Path(root.path)))
    probe = place / f".sse_assets_doctor_{secrets.token_hex(8)}"
    try:
        # Threads of pebble are daemons, so that a client that goes on trying does not keep this process.
        thread(_write_read_remove)(probe).result(patience_s)
    except TimeoutError:
        failed = f"does not answer within {patience_s:.0f} s"
    except ProbeError as error:
        failed = str(error)
    else:
        return good(f"tables and files can be written, read and removed at {root}")
    where = "AWS_ENDPOINT_URL" if os.environ.get("AWS_ENDPOINT_URL") else "the network"
    remedy = f"check the bucket's name, the AWS_… credentials and their rights, and {where}"
    if not is_remote(root):
        remedy = "set SSE_BLOB_ROOT to a folder of your own"
    return broken(
        f"SSE_BLOB_ROOT={root}: {failed}",
        "a run with SSE_BLOB_ROOT unset, which writes below SSE_HOME",
        remedy,
    )


def _write_read_remove(probe: UPath) -> None:
    what = "cannot be written to"
    try:
        probe.write_bytes(b"a probe of `make doctor`: remove it")
        what = "cannot be read from"
        probe.read_bytes()
        what = "does not let its objects be removed"
        probe.unlink()
    except Exception as error:  # each store raises errors of its own
        detail = " ".join(str(error).split())[:200]
        raise ProbeError(f"{what} ({type(error).__name__}{': ' if detail else ''}{detail})") from error


class ProbeError(RuntimeError):
    """Error whose text ends a sentence that begins with the address of the store."""


def warehouse(file: Path) -> Finding:
    """Look whether the SQL copy can be written, or which program holds it."""
    import duckdb

    if not file.exists():
        return good(f"{file.name} is made by the first run")
    try:
        duckdb.connect(str(file)).close()
    except duckdb.Error as error:
        if holder := re.search(r"held in (?P<program>.+?) \(PID (?P<pid>\d+)\)", str(error)):
            return limited(
                f"{file} is held open by {Path(holder['program']).name} (PID {holder['pid']})",
                "every run; only the SQL copy waits",
                "close it there, or leave it: the copy catches up afterwards",
            )
        return broken(
            f"{file} cannot be opened ({' '.join(str(error).split())})",
            "the tables as Parquet",
            "delete it: it is a copy, and the next run makes it again",
        )
    return good(f"{file} is free to be written")


def _nearest(place: Path) -> Path:
    """Return the folder, or the nearest one above it that exists."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
