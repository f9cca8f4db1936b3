"""The files of kept answers, below the blob root."""

import os
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
