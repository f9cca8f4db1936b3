"""Settings for tests, whatever the environment of the tests says."""

import os
from pathlib import Path
from unittest.mock import patch

from sse_assets.orchestration.settings import Settings


def settings_with(**variables: str | Path) -> Settings:
    """What these variables say, and no other of the project's or of Dagster's."""
    others = {name: value for name, value in os.environ.items() if not name.startswith(("SSE_", "DAGSTER_"))}
    with patch.dict(os.environ, others | {name: str(value) for name, value in variables.items()}, clear=True):
        return Settings.from_environment()
