"""Reading an archive that somebody else made, without trusting it."""

import io
import stat
import tarfile
import zipfile
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
                problem = _problem(member.name, member.size, member.isreg() or member.isdir(), total, members)
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


def read_zip(archive: bytes, name: str) -> dict[str, bytes]:
    """Contents of the files in a zip archive, by their path in it; hidden ones and folders are left out.

    Raises:
        SourceError: if the archive is damaged or encrypted, or holds a member that is not a plain file below
            its root, that comes twice, or that is too large.
    """
    members: dict[str, zipfile.ZipInfo] = {}
    total = 0
    try:
        with zipfile.ZipFile(io.BytesIO(archive)) as opened:
            for member in opened.infolist():
                total += member.file_size
                kind = stat.S_IFMT(member.external_attr >> 16)
                is_plain = kind in (0, stat.S_IFREG, stat.S_IFDIR) and "\\" not in member.orig_filename
                problem = _problem(member.filename, member.file_size, is_plain, total, members)
                if member.compress_type not in (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED):
                    problem = problem or "is packed by another method than deflate"
                if problem:
                    raise SourceError(f"{name}: the member {member.filename!r} {problem}: pack it again")
                members[member.filename] = member
            # All are looked at before the first is unpacked. Asked for a number of bytes, zipfile unpacks no
            # more of a deflated member, whatever lies behind the size that it states.
            return {
                path: opened.open(member).read(member.file_size)
                for path, member in members.items()
                if not member.is_dir() and not _is_hidden(path)
            }
    except (zipfile.BadZipFile, RuntimeError, NotImplementedError, EOFError, zlib.error) as error:
        raise SourceError(f"{name} is not a zip archive that can be read ({error}): pack it again") from error


def _is_hidden(path: str) -> bool:
    """Whether an operating system put it there, not a person: `.DS_Store`, `__MACOSX/…`."""
    return any(part.startswith((".", "__MACOSX")) for part in PurePosixPath(path).parts)


def _problem(name: str, size: int, is_plain: bool, total_bytes: int, seen: Container[str]) -> str | None:
    """Why a member must not be read, as the end of a sentence that begins with its name."""
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts:
        return "points outside the archive"
    if not is_plain:
        return "is a link or a device"
    if name in seen:
        return "comes twice"
    if size > MAX_MEMBER_BYTES:
        return f"has {size} bytes, more than {MAX_MEMBER_BYTES}"
    if total_bytes > MAX_TOTAL_BYTES:
        return f"brings the contents over {MAX_TOTAL_BYTES} bytes"
    return None
