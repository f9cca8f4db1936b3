"""Reading a tar.gz that somebody else made, without trusting it."""

import tarfile
import zlib
from collections.abc import Container
from pathlib import Path, PurePosixPath

from sse_assets.sources.columns import SourceError

MAX_MEMBER_BYTES = 10 * 2**20
"""The largest CIF of OBELiX has 6 kB; nothing that we read comes near this."""
MAX_TOTAL_BYTES = 200 * 2**20


def read_members(archive: Path) -> dict[str, bytes]:
    """Contents of the regular files in a tar.gz, by their path in it; nothing is written to disk.

    Sizes are checked before a member is read, so that a small archive cannot fill the memory.

    Raises:
        SourceError: if the archive is absent or damaged, or holds a member that is not a plain file below its
            root, that comes twice, or that is too large.
    """
    members: dict[str, bytes] = {}
    total = 0
    try:
        with tarfile.open(archive, "r:gz") as tar:
            for member in tar:
                total += member.size
                problem = _problem(member, total, members)
                if problem:
                    raise SourceError(
                        f"{archive}: the member {member.name!r} {problem}, so the archive is refused: "
                        "fetch it again from its publisher"
                    )
                content = tar.extractfile(member)
                if content is not None:  # a directory has none
                    members[member.name] = content.read()
    except FileNotFoundError as error:
        raise SourceError(f"{archive} is not there: fetch it, or set SSE_DATA_MIRROR") from error
    except (tarfile.TarError, EOFError, OSError, zlib.error) as error:
        raise SourceError(f"{archive} is not a whole tar.gz archive ({error}): fetch it again") from error
    return members


def _problem(member: tarfile.TarInfo, total_bytes: int, seen: Container[str]) -> str | None:
    """Why a member must not be read, as the end of a sentence that begins with its name."""
    path = PurePosixPath(member.name)
    if path.is_absolute() or ".." in path.parts:
        return "points outside the archive"
    if not (member.isreg() or member.isdir()):
        return "is a link or a device"
    if member.name in seen:
        return "comes twice"
    if member.size > MAX_MEMBER_BYTES:
        return f"has {member.size} bytes, more than {MAX_MEMBER_BYTES}"
    if total_bytes > MAX_TOTAL_BYTES:
        return f"brings the contents over {MAX_TOTAL_BYTES} bytes"
    return None
