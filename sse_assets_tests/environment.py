"""Environments and settings for tests, whatever the environment of the tests says."""

import os
from pathlib import Path
from unittest.mock import patch

from sse_assets.orchestration.settings import Settings


def plain_environment(*further: str) -> dict[str, str]:
    """Return this process's variables, without those of the project, of Dagster and of further prefixes."""
    ours = ("SSE_", "DAGSTER_", *further)
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}


def settings_with(**variables: str | Path) -> Settings:
    """Return the settings of these variables, and of no other of the project or of Dagster."""
    given = {name: str(value) for name, value in variables.items()}
    with patch.dict(os.environ, plain_environment() | given, clear=True):
        return Settings.from_environment()
