"""Files of a run of dynamics, from which a run that was killed is taken up again."""

import json
import os
from collections.abc import Sequence
from dataclasses import asdict
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from ase import Atoms
from ase.io import write

from sse_assets.atomistics.npt import State
from sse_assets.atomistics.settings import Conditions

ROW_EVERY = 10
"""Steps between rows of the table."""
FRAME_EVERY = 50
"""Steps between frames of the trajectory, as in the paper."""
_CHECKPOINT = "checkpoint.json"
COLUMNS = (
    "time_ps",
    "energy_ev_per_atom",
    "temperature_k",
    "pressure_gpa",
    "volume_a3_per_atom",
    "shortest_distance_a",
)


class DynamicsFiles:
    """Table, trajectory and checkpoint of one run; lines after the last checkpoint are cut off."""

    def __init__(self, folder: Path, atoms: Atoms, conditions: Conditions, seed: int) -> None:
        """Open the files in a folder, or begin them.

        Raises:
            ValueError: if the folder holds a run of another cell, seed or other conditions.
        """
        self._table_path = folder / "table.csv"
        self._trajectory_path = folder / "trajectory.extxyz"
        self._checkpoint_path = folder / _CHECKPOINT
        self._timestep_ps = conditions.timestep_fs / 1000
        self._identity = {
            "numbers": atoms.numbers.tolist(),
            "positions": atoms.positions.tolist(),
            "cell": atoms.cell.array.tolist(),
            "conditions": asdict(conditions),
            "seed": seed,
        }
        self._rows, self._frames = StringIO(), StringIO()
        self.state: State | None = None
        """State at the last checkpoint; None before the first."""
        self.step = 0
        """Step of the last checkpoint."""
        self.failure: str | None = None
        """Sentence on why the run stopped before its time; None if it did not."""

        folder.mkdir(parents=True, exist_ok=True)
        if not self._checkpoint_path.is_file():
            self._trajectory_path.write_text("")
            self._table_path.write_text(",".join(COLUMNS) + "\n")
            return
        checkpoint = json.loads(self._checkpoint_path.read_text())
        differing = [name for name, value in self._identity.items() if checkpoint["identity"][name] != value]
        if differing:
            raise ValueError(
                f"{folder} holds dynamics with other {', '.join(differing)}: "
                "delete that folder to start afresh, or name another"
            )
        self.state, self.step, self.failure = (checkpoint[name] for name in ("state", "step", "failure"))
        os.truncate(self._trajectory_path, checkpoint["trajectory_bytes"])
        os.truncate(self._table_path, checkpoint["table_bytes"])

    @property
    def table(self) -> pd.DataFrame:
        """Rows up to the last checkpoint, with `COLUMNS`."""
        return pd.read_csv(self._table_path)

    def row(self, step: int, values: Sequence[float]) -> None:
        """Add a row: the values of `COLUMNS` after the time."""
        numbers = (step * self._timestep_ps, *values)
        self._rows.write(",".join(repr(float(value)) for value in numbers) + "\n")

    def frame(self, step: int, atoms: Atoms, energy_ev: float) -> None:
        """Add a frame of a crystal with its momenta."""
        frame = atoms.copy()
        frame.info = {"time_ps": step * self._timestep_ps, "energy_ev": energy_ev}
        write(self._frames, frame, format="extxyz")

    def forget(self) -> None:
        """Drop the rows and frames since the last checkpoint."""
        for text in (self._rows, self._frames):
            text.seek(0)
            text.truncate()

    def save(self, step: int, state: State) -> None:
        """Append new rows and frames, and only then replace the checkpoint."""
        sizes = {}
        for name, path, text in (
            ("trajectory_bytes", self._trajectory_path, self._frames),
            ("table_bytes", self._table_path, self._rows),
        ):
            with path.open("a") as file:
                file.write(text.getvalue())
                file.flush()
                os.fsync(file.fileno())
            sizes[name] = path.stat().st_size
        self.forget()
        self.step, self.state = step, state
        checkpoint: dict[str, Any] = {
            "identity": self._identity,
            "step": step,
            "failure": self.failure,
            **sizes,
            "state": state,
        }
        draft = self._checkpoint_path.with_suffix(".tmp")
        draft.write_text(json.dumps(checkpoint))
        draft.replace(self._checkpoint_path)


def steps_done(folder: Path) -> int:
    """Return the number of steps up to the last checkpoint of a run that may go on elsewhere; 0 before it."""
    checkpoint = folder / _CHECKPOINT
    return int(json.loads(checkpoint.read_text())["step"]) if checkpoint.is_file() else 0
