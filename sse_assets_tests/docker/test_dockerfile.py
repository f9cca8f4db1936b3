"""The image, as far as can be told without building it."""

import subprocess
import sys
import tomllib

from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.docker.dockerfile import all_of, copied, environment, extras, folders_of_the_user


def test_everything_that_is_copied_is_in_the_repository_and_in_the_build_context() -> None:
    allowed = {
        line[1:] for line in (REPOSITORY / ".dockerignore").read_text().splitlines() if line.startswith("!")
    }
    tracked = subprocess.run(
        ["git", "ls-files", "--cached", "--others", "--exclude-standard"],
        cwd=REPOSITORY,
        capture_output=True,
        text=True,
        check=True,
    ).stdout.splitlines()
    for source in copied():
        assert any(file == source or file.startswith(f"{source}/") for file in tracked), source
    assert allowed == set(copied())


def test_extras_exist_and_are_not_those_of_developers() -> None:
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["project"]
    assert extras() == set(project["optional-dependencies"]) - {"dev"}


def test_it_runs_as_a_user_that_owns_what_it_writes() -> None:
    (user,) = all_of("USER")
    assert user.text == "10001:10001"
    variables = environment()
    written = {variables[name] for name in ("SSE_HOME", "DAGSTER_HOME", "DAGSTER_COMPUTE_LOGS", "HF_HOME")}
    assert written <= folders_of_the_user()


def test_dagster_finds_its_settings() -> None:
    home = environment()["DAGSTER_HOME"]
    places = copied()
    assert places["docker/dagster.yaml"].rstrip("/") == places["docker/workspace.yaml"].rstrip("/") == home


def test_the_base_is_pinned_and_the_python_is_ours() -> None:
    (base,) = all_of("FROM")
    name, _, tag = base.text.partition(":")
    version = tag.split("-")[0]
    assert name == "python"
    assert version.count(".") == 2
    assert version.startswith(".".join(map(str, sys.version_info[:2])))
