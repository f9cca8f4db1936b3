"""Fixtures that every part of the tests may use."""

import os
from pathlib import Path

import pytest

REPOSITORY = Path(__file__).resolve().parents[1]


@pytest.fixture(scope="session")
def data_mirror() -> Path:
    """A local copy of the public data files; tests that check against them are skipped without one."""
    configured = os.environ.get("SSE_DATA_MIRROR")
    mirror = Path(configured) if configured else REPOSITORY.parent / "shared" / "data"
    if not (mirror / "obelix" / "all.csv").is_file():
        pytest.skip("needs the data mirror: set SSE_DATA_MIRROR to a folder with obelix/ and liion/")
    return mirror
