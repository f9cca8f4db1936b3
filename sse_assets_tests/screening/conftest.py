from pathlib import Path

import pytest

from sse_assets_tests.screening.stored import stored_home


@pytest.fixture(scope="session")
def home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home with small models; no test writes into it."""
    return stored_home(tmp_path_factory.mktemp("home"))
