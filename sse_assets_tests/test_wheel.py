"""The package as `pip install` leaves it, with no checkout beside it."""

import os
import shutil
import subprocess
import sys
import sysconfig
import zipfile
from email.parser import Parser
from pathlib import Path

import pytest
import requests
import yaml

from sse_assets_tests.command_line import environment_of, small_run_config
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.services.processes import Process, answers, free_port

PATIENCE_S = 300


def tracked_files() -> list[Path]:
    """What a clone of the repository holds, with what is new and not ignored."""
    listed = subprocess.run(
        ["git", "ls-files", "-z", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    return [path for name in listed.split("\0") if name and (REPOSITORY / (path := Path(name))).exists()]


@pytest.fixture(scope="module")
def wheel(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Built from a copy: setuptools would leave folders in the checkout, and take stale files from them."""
    folder = tmp_path_factory.mktemp("wheel")
    for path in tracked_files():
        (folder / "source" / path).parent.mkdir(parents=True, exist_ok=True)
        shutil.copyfile(REPOSITORY / path, folder / "source" / path)
    options = ["--no-deps", "--no-build-isolation", "--quiet", "--disable-pip-version-check"]
    subprocess.run(
        [sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", folder, folder / "source"],
        env={name: value for name, value in os.environ.items() if name != "PYTHONPATH"},
        check=True,
        timeout=PATIENCE_S,
    )
    (built,) = folder.glob("*.whl")
    return built


def test_it_holds_every_file_of_the_package_and_no_other(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        held = {name for name in archive.namelist() if ".dist-info/" not in name}
    assert held == {path.as_posix() for path in tracked_files() if path.parts[0] == "sse_assets"}
    assert "sse_assets/py.typed" in held


def test_it_says_who_made_it_and_under_which_terms(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        (name,) = (name for name in archive.namelist() if name.endswith(".dist-info/METADATA"))
        metadata = Parser().parsestr(archive.read(name).decode())
        licence = archive.read(name.replace("METADATA", "licenses/LICENSE")).decode()
    assert metadata["Author"] == "sse_assets developers"
    assert metadata["License-Expression"] == "MIT"
    assert licence == (REPOSITORY / "LICENSE").read_text()
    assert metadata.get_all("Project-URL") is None
    cited = yaml.safe_load((REPOSITORY / "CITATION.cff").read_text())
    assert cited["license"] == metadata["License-Expression"]
    assert cited["version"] == metadata["Version"]
    assert f"\n## {metadata['Version']}\n" in (REPOSITORY / "CHANGELOG.md").read_text()


class Installation:
    """A fresh environment with the wheel in it, and a folder elsewhere."""

    def __init__(self, wheel: Path, folder: Path) -> None:
        """Install the wheel; what it needs is borrowed from the environment of the tests."""
        self.elsewhere = folder / "elsewhere"
        self.elsewhere.mkdir()
        self.home = folder / "home"
        environment = folder / "environment"
        subprocess.run([sys.executable, "-m", "venv", "--without-pip", environment], check=True)
        self.python = environment / "bin" / "python"
        # Python looks through a folder that a .pth file names, but not for .pth files: the editable
        # installation of the checkout stays out of reach.
        borrowed = environment / "lib" / f"python{sysconfig.get_python_version()}" / "site-packages"
        (borrowed / "borrowed.pth").write_text(sysconfig.get_path("purelib"))
        options = ["--no-deps", "--no-index", "--quiet", "--disable-pip-version-check"]
        subprocess.run(
            [sys.executable, "-m", "pip", "--python", self.python, "install", *options, wheel],
            check=True,
            timeout=PATIENCE_S,
        )

    @property
    def environment(self) -> dict[str, str]:
        inherited = environment_of(self.home)
        return {name: value for name, value in inherited.items() if name != "PYTHONPATH"}

    def command(self, *arguments: str) -> list[str]:
        return [str(self.python.with_name("sse-assets")), *arguments]

    def call(self, *arguments: str) -> str:
        """What a command says; it has to succeed."""
        called = subprocess.run(
            self.command(*arguments),
            env=self.environment,
            cwd=self.elsewhere,
            capture_output=True,
            text=True,
            timeout=1800,
            check=False,
        )
        assert called.returncode == 0, called.stdout + called.stderr
        return called.stdout


@pytest.fixture(scope="module")
def installation(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Installation:
    return Installation(wheel, tmp_path_factory.mktemp("installation"))


@pytest.mark.services
def test_it_runs_predicts_and_opens_the_ui_without_a_checkout(
    installation: Installation, tmp_path: Path
) -> None:
    where = subprocess.run(
        [installation.python, "-c", "import sse_assets; print(sse_assets.__file__)"],
        env=installation.environment,
        cwd=installation.elsewhere,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(where.strip()).is_relative_to(installation.python.parents[1])

    assert installation.call("--version").startswith("sse-assets, version ")
    assert "✗" not in installation.call("doctor")
    said = installation.call("run", "--config", str(small_run_config(tmp_path / "small.yaml")))
    assert "Test MAE in log10(S/cm)" in said
    assert "log10(σ / (S/cm)) = " in installation.call("predict", "--formula", "Li6PS5Cl")
    assert "the daemon is not running" in installation.call("doctor")
    assert list(installation.elsewhere.iterdir()) == []

    port = free_port()
    with Process(
        installation.command("ui", "--port", str(port)),
        log=tmp_path / "log",
        environment=installation.environment,
        cwd=installation.elsewhere,
    ) as started:
        started.wait_until(lambda: answers(f"http://127.0.0.1:{port}/server_info"))
        assert code_locations(port) == {"sse_assets": "LOADED"}


def code_locations(port: int) -> dict[str, str]:
    """Return the state of each code location of a web server."""
    entries = "... on WorkspaceLocationStatusEntries { entries { name loadStatus } }"
    query = {"query": f"{{ locationStatusesOrError {{ {entries} }} }}"}
    answer = requests.post(f"http://127.0.0.1:{port}/graphql", json=query, timeout=30).json()
    found = answer["data"]["locationStatusesOrError"]["entries"]
    return {entry["name"]: entry["loadStatus"] for entry in found}
