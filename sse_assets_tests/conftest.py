"""Fixtures that every part of the tests may use."""

import os
from pathlib import Path

import pytest

from sse_assets_tests.command_line import Run, small_run_config, sse_assets

REPOSITORY = Path(__file__).resolve().parents[1]


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption(
        "--screenshots",
        type=Path,
        metavar="FOLDER",
        help="keep pictures of the web UI (sse_assets_tests/ui) there, of a run with the default settings",
    )


@pytest.fixture(scope="session")
def data_mirror() -> Path:
    """A local copy of the public data files; tests that check against them are skipped without one."""
    configured = os.environ.get("SSE_DATA_MIRROR")
    mirror = Path(configured) if configured else REPOSITORY.parent / "shared" / "data"
    if not (mirror / "obelix" / "all.csv").is_file():
        pytest.skip("needs the data mirror: set SSE_DATA_MIRROR to a folder with obelix/ and liion/")
    return mirror


@pytest.fixture(scope="session")
def field_cases() -> Path:
    """Small inputs like those that people in the field stumble over; their tests are skipped without them."""
    configured = os.environ.get("SSE_CASES")
    cases = Path(configured) if configured else REPOSITORY.parent / "shared" / "cases"
    if not (cases / "inbox" / "formulas.csv").is_file():
        pytest.skip("needs the cases: set SSE_CASES to a folder with inbox/ and cif/")
    return cases


@pytest.fixture(scope="session")
def sample_run(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """One whole run on the embedded sample, from raw data to the report, made as `make run` makes it."""
    home = tmp_path_factory.mktemp("home")
    config = small_run_config(home / "small.yaml")
    run = sse_assets(home, "run", "--config", str(config))
    assert run.exit_code == 0, run.output
    return run
