"""The command line, called as a person calls it."""

import os
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import yaml
from upath import UPath

from sse_assets.orchestration.tables import TableStore

SMALL_TREES = {"n_estimators": 30, "num_parallel_tree": 1}
"""Enough to exercise every step in seconds; the scores of a run with them are no one's business."""


@dataclass(frozen=True)
class Run:
    """What a call of the command line did."""

    home: Path
    output: str
    exit_code: int

    @property
    def store(self) -> TableStore:
        return TableStore(UPath(self.home / "blobs"))


def small_run_config(path: Path) -> Path:
    """A run configuration for `--config` with small trees in every feature set."""
    path.write_text(yaml.safe_dump({"ops": {"models__boosted_trees_settings": {"config": SMALL_TREES}}}))
    return path


def environment_of(home: Path, **more: str) -> dict[str, str]:
    """What a call runs in: nothing of this process's settings, and every step in one process."""
    inherited = {
        name: value for name, value in os.environ.items() if not name.startswith(("SSE_", "DAGSTER_"))
    }
    return inherited | {"SSE_HOME": str(home), "SSE_EXECUTOR": "in_process"} | more


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
