"""Packages that a search needs, and one thread as in the tests of atomistics."""

import pytest

from sse_assets_tests.atomistics.conftest import one_thread  # noqa: F401

for needed in ("ase_ga", "pyxtal"):
    pytest.importorskip(needed, reason="needs ase-ga and PyXtal")
