"""The files of kept answers, below the blob root."""

import os
import time
from contextlib import suppress

from upath import UPath

from sse_assets.kept import Kept
from sse_assets.orchestration.blobs import is_remote, write_bytes

KEPT = "kept"
"""Folder of kept answers, below the blob root. It may be deleted at any time: what it held is made again."""


def kept_in(blob_root: UPath) -> Kept:
    """Return the answers that are kept below a blob root; the time of a file is that of its last use."""

    def read(name: str) -> bytes | None:
        file = blob_root / KEPT / name
        try:
            data = file.read_bytes()
        except FileNotFoundError:
            return None
        used_now(file)
        return bytes(data)

    return Kept(read, lambda name, data: write_bytes(blob_root / KEPT / name, data))


def used_now(place: UPath) -> None:
    """Make a file, or every file of a folder, young again; an object store keeps the time of writing."""
    if is_remote(place):
        return
    for file in place.iterdir() if place.is_dir() else [place]:
        with suppress(FileNotFoundError):  # another process may have forgotten it just now
            os.utime(file.path)


def forget_kept(blob_root: UPath, most_bytes: int, young_s: float) -> int:
    """Delete the answers whose last use is longest ago, until they take no more than this; return how many.

    Args:
        blob_root: root of the store.
        most_bytes: room for all of them.
        young_s: time in s since its last use in which no answer is deleted, so that a run finds its own.
    """
    folder = blob_root / KEPT
    files = [file for file in folder.rglob("*") if file.is_file()] if folder.exists() else []
    used = sorted(
        ((file.stat().st_mtime, file.stat().st_size, file) for file in files), key=lambda one: one[:2]
    )
    room, forgotten = sum(size for _, size, _ in used), 0
    for at, size, file in used:
        if room <= most_bytes or time.time() - at < young_s:
            break
        file.unlink()
        room, forgotten = room - size, forgotten + 1
    return forgotten
