import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sse_assets.doctor import sources
from sse_assets.doctor.findings import Mark
from sse_assets.orchestration.settings import Settings
from sse_assets.sources.registry import ALL_FILES
from sse_assets_tests.environment import settings_with

FILES = tuple(
    replace(file, sha256=hashlib.sha256(file.mirror_path.encode()).hexdigest()) for file in ALL_FILES
)


@pytest.fixture
def mirror(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Every file, with its own path as its content."""
    monkeypatch.setattr(sources, "ALL_FILES", FILES)
    for file in FILES:
        (tmp_path / "mirror" / file.mirror_path).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / "mirror" / file.mirror_path).write_text(file.mirror_path)
    return tmp_path / "mirror"


def settings_of(tmp_path: Path, dataset: str = "sample", mirror: Path | None = None) -> Settings:
    return settings_with(SSE_HOME=tmp_path / "home", SSE_DATASET=dataset, SSE_DATA_MIRROR=mirror or "")


def test_a_whole_mirror(tmp_path: Path, mirror: Path) -> None:
    (finding,) = sources.files(settings_of(tmp_path, mirror=mirror))
    assert str(finding) == f"✓ OBELiX and LiIon: {len(FILES)} files with the right hashes"


def test_without_a_mirror_every_file_is_named(tmp_path: Path, mirror: Path) -> None:
    (finding,) = sources.files(settings_of(tmp_path))
    assert finding.mark is Mark.LIMITED
    assert "not on this machine: obelix/all.csv, obelix/all_cifs.tar.gz" in str(finding)
    assert "set SSE_DATA_MIRROR" in finding.remedy


@pytest.mark.parametrize(("dataset", "mark"), [("sample", Mark.LIMITED), ("obelix", Mark.BROKEN)])
def test_a_wrong_hash_stops_only_the_data_set_that_reads_it(
    tmp_path: Path, mirror: Path, dataset: str, mark: Mark
) -> None:
    (mirror / "obelix" / "all.csv").write_text("another version")
    (finding,) = sources.files(settings_of(tmp_path, dataset, mirror))
    assert finding.mark is mark
    assert f"{mirror}/obelix/all.csv is damaged or another version" in str(finding)
    assert finding.remedy == "replace it, or unset SSE_DATA_MIRROR"


def test_a_damaged_download_is_to_be_deleted(tmp_path: Path, mirror: Path) -> None:
    settings = settings_of(tmp_path)
    settings.home.mkdir()
    mirror.rename(settings.downloads)
    (settings.downloads / "obelix" / "all.csv").write_text("half of i")
    (finding,) = sources.files(settings)
    assert finding.remedy == "delete it, and it is downloaded again"


def test_recorded_reference_structures(tmp_path: Path, mirror: Path) -> None:
    settings = settings_of(tmp_path, mirror=mirror)
    assert sources.reference_structures(settings).mark is Mark.LIMITED
    (mirror / "mp_snapshot").mkdir()
    (mirror / "mp_snapshot" / "index.csv").touch()
    assert sources.reference_structures(settings).mark is Mark.GOOD


def test_a_server_that_does_not_answer_is_named() -> None:
    (finding,) = sources.network(["http://127.0.0.1:9/data"])
    assert finding.mark is Mark.LIMITED
    assert "127.0.0.1:9 does not answer (ConnectionError)" in str(finding)
