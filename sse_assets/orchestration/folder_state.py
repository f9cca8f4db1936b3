"""State of a folder, told from its listing without reading a file."""

import hashlib
from collections.abc import Callable
from pathlib import Path

from sse_assets.orchestration.blobs import files_below


def folder_state(folder: Path, leave_out: Callable[[Path], bool]) -> tuple[str, float] | None:
    """Return a text that changes when a file comes, goes or is written, and the time of the last change.

    The time is in s since 1970. The return value is None if there is no such folder.
    """
    if not folder.is_dir():
        return None
    found = [(str(path), path.lstat()) for path in files_below(folder, leave_out)]
    text = "\n".join(f"{path} {info.st_size} {info.st_mtime_ns} {info.st_ctime_ns}" for path, info in found)
    changed = max((max(info.st_mtime, info.st_ctime) for _, info in found), default=0.0)
    return hashlib.sha256(text.encode()).hexdigest(), changed


def is_hidden(path: Path) -> bool:
    """Return whether an operating system, an editor or a spreadsheet keeps a file for itself."""
    return path.name.startswith((".", "~$", "__MACOSX"))
