"""The home, the blob root, the warehouse, and Dagster's storage."""

import os
import re
import secrets
import shutil
import tempfile
import threading
from collections.abc import Callable
from pathlib import Path

from upath import UPath

from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.settings import Settings

_LEAST_BYTES = 200e6
"""Of a run on the sample, with room for its temporary files."""
_COMFORTABLE_BYTES = 20e9
"""Weights of a 7-8B model."""
_PATIENCE_S = 4.0
_ON_DISK = ("", "file")


def home(settings: Settings) -> Finding:
    """Whether everything can be written below `SSE_HOME`."""
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
    """Whether there is room for what a run writes."""
    free = shutil.disk_usage(_nearest(settings.home)).free
    room = f"{free / 1e9:.1f} GB free at {settings.home}"
    remedy = "make room, or set SSE_HOME to a larger disk"
    if free < _LEAST_BYTES:
        return broken(f"only {room}", "reading what there is", remedy)
    if free < _COMFORTABLE_BYTES:
        return limited(f"only {room}", "all but fine-tuning a 7-8B language model", remedy)
    return good(room)


def blob_root(root: UPath, patience_s: float = _PATIENCE_S) -> Finding:
    """Whether tables and files can be written, read and removed: with an object of the doctor's own.

    A folder that does not exist yet is the home's matter.
    """
    place = UPath(_nearest(Path(root.path))) if root.protocol in _ON_DISK else root
    probe = place / f".sse_assets_doctor_{secrets.token_hex(8)}"
    failed = _within(patience_s, lambda: _write_read_remove(probe))
    if failed is None:
        return good(f"tables and files can be written, read and removed at {root}")
    where = "AWS_ENDPOINT_URL" if os.environ.get("AWS_ENDPOINT_URL") else "the network"
    remedy = f"check the bucket's name, the AWS_… credentials and their rights, and {where}"
    if root.protocol in _ON_DISK:
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
    except Exception as error:  # each store has its own
        detail = " ".join(str(error).split())[:200]
        raise ProbeError(f"{what} ({type(error).__name__}{': ' if detail else ''}{detail})") from error


class ProbeError(RuntimeError):
    """What did not work, as the end of a sentence that begins with the store's address."""


def _within(patience_s: float, work: Callable[[], None]) -> str | None:
    """Why work that may hang, as on a server that does not answer, failed; None if it did not."""
    failure: list[str] = []

    def attempt() -> None:
        try:
            work()
        except ProbeError as error:
            failure.append(str(error))

    # A daemon, so that a client that goes on trying does not keep this process.
    thread = threading.Thread(target=attempt, daemon=True)
    thread.start()
    thread.join(patience_s)
    if thread.is_alive():
        return f"does not answer within {patience_s:.0f} s"
    return failure[0] if failure else None


def warehouse(file: Path) -> Finding:
    """Whether the SQL copy can be written, or who holds it."""
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
    """The folder, or the one above it that exists."""
    while not place.exists() and place != place.parent:
        place = place.parent
    return place
