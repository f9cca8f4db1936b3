import socket
import sys
from pathlib import Path
from types import SimpleNamespace

import pytest

from sse_assets.doctor import machine
from sse_assets.doctor.findings import Mark
from sse_assets_tests.conftest import REPOSITORY


def test_a_python_without_wheels_of_chgnet_is_named() -> None:
    assert machine.python((3, 12)).mark is Mark.GOOD
    assert "Python 3.14 is neither 3.11 nor 3.12" in str(machine.python((3, 14)))


def test_the_installed_packages_are_the_pinned_ones() -> None:
    (finding,) = machine.packages(REPOSITORY / "constraints.txt")
    assert str(finding) == "✓ 12 packages that matter are as pinned"


def test_a_package_of_another_version_and_a_missing_one_are_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "constraints.txt").write_text("# pinned\nDuckDB==0.1\nsecond==2\n")
    monkeypatch.setattr(machine, "_PACKAGES", ("duckdb", "no-such-package"))
    other, missing = machine.packages(tmp_path / "constraints.txt")
    assert other.mark is Mark.LIMITED
    assert "not 0.1 as it was tested with" in str(other)
    assert missing.mark is Mark.BROKEN
    assert "no-such-package is not installed" in str(missing)


def test_a_misspelt_variable_is_named_with_the_one_that_is_meant() -> None:
    (finding,) = machine.misspelt_variables({"SSE_BLOBROOT": "x", "SSE_HOME": "y", "SSE_IMAGE": "z"})
    assert str(finding) == "! SSE_BLOBROOT is set and means nothing; still works: the default; " + (
        "remedy: set SSE_BLOB_ROOT"
    )


def test_a_machine_without_gpu_says_what_works_without_importing_torch(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "torch", None)  # importing it would fail
    finding = machine.gpu((tmp_path / "nvidiactl",))
    assert finding.mark is Mark.LIMITED
    assert "all of `make run`" in finding.still_works


def fake_torch(cuda: str | None, available: bool) -> SimpleNamespace:
    return SimpleNamespace(
        __version__="2.13.0",
        version=SimpleNamespace(cuda=cuda),
        cuda=SimpleNamespace(
            is_available=lambda: available,
            mem_get_info=lambda: (70e9, 80e9),
            device_count=lambda: 2,
            get_device_name=lambda: "H100",
        ),
    )


@pytest.mark.parametrize(
    ("torch", "line"),
    [
        (fake_torch("13.0", available=True), "✓ GPU: H100, the first of 2, 70 of 80 GB of memory free"),
        (fake_torch(None, available=False), "which is a build without CUDA, cannot use it"),
        (fake_torch("13.0", available=False), "which was built for CUDA 13.0, cannot use it"),
    ],
)
def test_what_torch_makes_of_a_driver(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, torch: SimpleNamespace, line: str
) -> None:
    monkeypatch.setitem(sys.modules, "torch", torch)
    assert line in str(machine.gpu((tmp_path,)))


def test_without_a_compiler_a_gpu_is_not_at_its_best(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "torch", fake_torch("13.0", available=True))
    monkeypatch.setenv("PATH", str(tmp_path))
    finding = machine.gpu((tmp_path,))
    assert finding.mark is Mark.LIMITED
    assert "there is no compiler of C" in str(finding)


def test_a_port_that_is_taken() -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        number = server.getsockname()[1]
        assert machine.port(number).mark is Mark.LIMITED
    assert machine.port(number).mark is Mark.GOOD
