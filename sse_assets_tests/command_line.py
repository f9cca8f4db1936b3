"""Calls of the command line, as a person makes them."""

import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from upath import UPath

from sse_assets.orchestration.tables import TableStore
from sse_assets_tests.environment import plain_environment

SMALL_TREES = {"n_estimators": 30, "num_parallel_tree": 1}
"""Trees that exercise every step in seconds; the scores of a run with them mean nothing."""


@dataclass(frozen=True)
class Run:
    """Outcome of a call of the command line."""

    home: Path
    output: str
    exit_code: int

    @property
    def store(self) -> TableStore:
        return TableStore(UPath(self.home / "blobs"))


def small_run_config(path: Path) -> Path:
    """Write settings for `--config` with small trees in every feature set, and return the path."""
    path.write_text(yaml.safe_dump({"ops": {"models__boosted_trees_settings": {"config": SMALL_TREES}}}))
    return path


def environment_of(home: Path, **more: str) -> dict[str, str]:
    """Return the environment of a call, with no settings of this process."""
    return plain_environment() | {"SSE_HOME": str(home)} | more


def sse_assets(home: Path, *arguments: str, **environment: str) -> Run:
    """Call the command line in a process of its own, with nothing of this process's settings."""
    called = subprocess.run(
        [sys.executable, "-m", "sse_assets.cli", *arguments],
        env=environment_of(home, **environment),
        capture_output=True,
        text=True,
        timeout=1800,
        check=False,
    )
    return Run(home, called.stdout + called.stderr, called.returncode)
