"""Packages that a search needs, and one thread as in the tests of atomistics."""

from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from sse_assets_tests.atomistics.conftest import one_thread  # noqa: F401

if TYPE_CHECKING:
    from sse_assets.generation.search import SearchOutcome

for needed in ("ase_ga", "pyxtal"):
    pytest.importorskip(needed, reason="needs ase-ga and PyXtal")


@pytest.fixture(scope="package")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory) -> "tuple[SearchOutcome, Path]":
    """Outcome and journal of the toy search, alone and in one go."""
    from sse_assets_tests.generation import toy_search

    journal = tmp_path_factory.mktemp("search") / "journal.jsonl"
    return toy_search.search(journal), journal
