import io
import tarfile
from pathlib import Path

import pytest

from sse_assets.sources import archives
from sse_assets.sources.archives import MAX_MEMBER_BYTES, read_members
from sse_assets.sources.columns import SourceError


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


def archive(path: Path, *members: tarfile.TarInfo) -> Path:
    """A tar.gz of members filled with `x`."""
    with tarfile.open(path, "w:gz") as tar:
        for info in members:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


def test_members_by_path_without_folders(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", member("cifs", tarfile.DIRTYPE), member("cifs/jqc.cif", size=3))
    assert read_members(path) == {"cifs/jqc.cif": b"xxx"}


@pytest.mark.parametrize(
    ("evil", "reason"),
    [
        (member("../../etc/passwd"), "points outside"),
        (member("cifs/../../passwd"), "points outside"),
        (member("/etc/passwd"), "points outside"),
        (member("link.cif", tarfile.SYMTYPE, target="/etc/passwd"), "is a link or a device"),
        (member("link.cif", tarfile.LNKTYPE, target="good.cif"), "is a link or a device"),
        (member("device.cif", tarfile.CHRTYPE), "is a link or a device"),
        (member("good.cif", size=1), "comes twice"),
        (member("huge.cif", size=MAX_MEMBER_BYTES + 1), f"has {MAX_MEMBER_BYTES + 1} bytes"),
    ],
)
def test_an_unsafe_member_is_refused(tmp_path: Path, evil: tarfile.TarInfo, reason: str) -> None:
    path = archive(tmp_path / "a.tar.gz", member("good.cif", size=1), evil)
    with pytest.raises(SourceError, match=reason) as error:
        read_members(path)
    assert str(path) in str(error.value)
    assert repr(evil.name) in str(error.value)
    assert list(tmp_path.iterdir()) == [path]


def test_many_members_may_not_fill_the_memory(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(archives, "MAX_TOTAL_BYTES", 250)
    path = archive(tmp_path / "a.tar.gz", *(member(f"{i}.cif", size=100) for i in range(3)))
    with pytest.raises(SourceError, match=r"'2\.cif' brings the contents over 250 bytes"):
        read_members(path)


def test_a_file_cut_short_or_of_another_kind(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", member("good.cif", size=5000))
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(SourceError, match="not a whole"):
        read_members(path)
    path.write_text("<html>404</html>")
    with pytest.raises(SourceError, match="not a whole"):
        read_members(path)
    with pytest.raises(SourceError, match="not there"):
        read_members(tmp_path / "absent.tar.gz")
