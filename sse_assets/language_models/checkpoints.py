"""Checkpoints that a killed run leaves behind, and the check that another run may go on from them."""

import hashlib
import json
import re
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sse_assets.language_models.errors import LanguageModelError

IDENTITY_FILE = "identity.json"
_LAST_WRITTEN = "trainer_state.json"
"""File that the Trainer writes last in a checkpoint."""


def content_hash(value: object) -> str:
    """Return the SHA-256 of a value's JSON."""
    return hashlib.sha256(json.dumps(value, sort_keys=True).encode()).hexdigest()


def resume_point(folder: Path, identity: Mapping[str, Any]) -> Path | None:
    """Claim a folder for this run, and return its newest complete checkpoint; None if there is none.

    Args:
        folder: folder of the checkpoints; it is made if it is not there.
        identity: everything that decides the outcome of the run (data, model, settings), as JSON values.

    Raises:
        LanguageModelError: if the checkpoints there come from other data or settings, naming what differs.
    """
    written = json.loads(json.dumps(identity))
    identity_file = folder / IDENTITY_FILE
    checkpoints = _complete_checkpoints(folder)
    if checkpoints:
        before = json.loads(identity_file.read_text()) if identity_file.is_file() else {}
        differing = sorted(
            key for key in before.keys() | written.keys() if before.get(key) != written.get(key)
        )
        if differing:
            raise LanguageModelError(
                f"the checkpoints in {folder} come from a run with other {', '.join(differing)}: "
                "delete that folder to start afresh, or go back to what the run had"
            )
        return checkpoints[-1]
    if folder.exists():
        shutil.rmtree(folder)
    folder.mkdir(parents=True)
    identity_file.write_text(json.dumps(written, indent=2))
    return None


def _complete_checkpoints(folder: Path) -> list[Path]:
    steps = {
        int(found[1]): path
        for path in folder.glob("checkpoint-*")
        if (found := re.fullmatch(r"checkpoint-(\d+)", path.name)) and (path / _LAST_WRITTEN).is_file()
    }
    return [steps[step] for step in sorted(steps)]
