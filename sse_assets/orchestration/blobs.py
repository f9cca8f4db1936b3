"""Files under the blob root: written whole or not at all, locally and on an object store alike."""

import os
import secrets
from collections.abc import Callable, Iterator
from pathlib import Path

from upath import UPath


def is_remote(path: UPath) -> bool:
    """Return whether a path lies in an object store, and not in a folder."""
    return path.protocol not in ("", "file")


def below(root: UPath, path: UPath) -> str:
    """Return a path as it reads from a folder above it."""
    return path.path.removeprefix(root.path).lstrip("/")


def write_bytes(path: UPath, data: bytes) -> None:
    """Write a file so that a reader, or a kill, sees the old content or the new.

    An object store's PUT is atomic; a local file is written beside its place and moved there.
    """
    if is_remote(path):
        path.write_bytes(data)
        return
    place = Path(path.path)
    place.parent.mkdir(parents=True, exist_ok=True)
    unfinished = place.with_name(f".{place.name}.{secrets.token_hex(4)}")
    try:
        with unfinished.open("wb") as file:
            file.write(data)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(place)
    finally:
        unfinished.unlink(missing_ok=True)


def publish_folder(folder: Path, place: UPath) -> None:
    """Copy a local folder to the blob root, file by file.

    Write the table that names the place afterwards: until then the copy may be incomplete.
    """
    for file in sorted(folder.rglob("*")):
        if file.is_file():
            write_bytes(place / file.relative_to(folder).as_posix(), file.read_bytes())


def files_below(folder: Path, leave_out: Callable[[Path], bool]) -> Iterator[Path]:
    """Return files, links and all else that is no folder, by path; links to folders are not entered."""
    for where, folders, names in os.walk(folder):
        links = [name for name in folders if (Path(where) / name).is_symlink()]
        folders[:] = sorted(
            name for name in folders if name not in links and not leave_out(Path(where) / name)
        )
        for name in sorted([*names, *links]):
            if not leave_out(Path(where) / name):
                yield Path(where) / name
