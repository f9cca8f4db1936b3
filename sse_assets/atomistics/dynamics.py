"""Long molecular dynamics of one crystal, in a run that can be killed and taken up again."""

import json
import os
from collections.abc import Callable
from dataclasses import asdict, dataclass
from io import StringIO
from pathlib import Path
from typing import Any

import pandas as pd
from ase import Atoms
from ase.io import write

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.cells import bare
from sse_assets.atomistics.guards import UnfitCrystalError, closest_contact, require_start
from sse_assets.atomistics.npt import Npt, kinetic_pressure_gpa, set_velocities
from sse_assets.atomistics.potential import ChgnetPotential, device_here
from sse_assets.atomistics.settings import Conditions
from sse_assets.atomistics.threads import one_thread_for_small_matrices

ROW_EVERY = 10
"""Steps between rows of the table."""
FRAME_EVERY = 50
"""Steps between frames of the trajectory, as in the paper, and between checkpoints."""
_CHECKPOINT = "checkpoint.json"
COLUMNS = (
    "time_ps",
    "energy_ev_per_atom",
    "temperature_k",
    "pressure_gpa",
    "volume_a3_per_atom",
    "shortest_distance_a",
)


@dataclass(frozen=True)
class Dynamics:
    """Result of a run of dynamics."""

    table: pd.DataFrame
    """Rows at the start and every 10 steps, with `COLUMNS`: the energy is the potential energy, the pressure
    includes the kinetic part."""
    atoms: Atoms
    """Crystal at the end of the run."""
    failure: str | None
    """Sentence on why the run stopped before its time; None if it did not."""


@one_thread_for_small_matrices
def run_dynamics(
    atoms: Atoms,
    conditions: Conditions,
    folder: Path,
    *,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Dynamics:
    """Move a crystal with CHGNet at constant temperature and pressure, from where an earlier call stopped.

    `folder` holds `trajectory.extxyz` (a frame every 50 steps, as in the paper), `table.csv` and a checkpoint
    with velocities, thermostat and barostat. On the CPU, a run that was killed and taken up again ends with
    the same bits as one that was not. A finished run is read and not repeated.

    Args:
        atoms: starting cell; it is not changed.
        conditions: temperature, pressure and duration of the run.
        folder: folder of the run; it is made if it is missing.
        seed: seed of the starting velocities.
        progress: function that is called with the number of steps done and that of all steps.

    Raises:
        ValueError: if `folder` holds a run of another cell, seed or other conditions.
    """
    moving = bare(atoms)
    record = _Record(folder, _identity(moving, conditions, seed))
    moving.calc = GuardedCalculator(ChgnetPotential(device_here()))
    set_velocities(moving, conditions.temperature_k, seed)
    npt = Npt(moving, conditions)
    if record.state is None:
        try:
            require_start(moving)
            record.row(0.0, moving)
        except UnfitCrystalError as error:
            record.failure = str(error)
        record.save(0, npt)
    else:
        npt.restore(record.state)

    for step in range(record.step + 1, conditions.steps + 1):
        if record.failure is not None:
            break
        try:
            npt.step()
            if step % ROW_EVERY == 0:
                record.row(step * conditions.timestep_fs / 1000, moving)
            if step % FRAME_EVERY == 0:
                record.frame(step * conditions.timestep_fs / 1000, moving)
        except UnfitCrystalError as error:
            record.failure = str(error)
        if step % FRAME_EVERY == 0 or step == conditions.steps or record.failure is not None:
            record.save(step, npt)
            progress(step, conditions.steps)
    moving.calc = None
    return Dynamics(pd.read_csv(record.table_path), moving, record.failure)


def steps_done(folder: Path) -> int:
    """Return the number of steps up to the last checkpoint of a run that may go on elsewhere; 0 before it."""
    checkpoint = folder / _CHECKPOINT
    return int(json.loads(checkpoint.read_text())["step"]) if checkpoint.is_file() else 0


def _identity(atoms: Atoms, conditions: Conditions, seed: int) -> dict[str, Any]:
    return {
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
        "conditions": asdict(conditions),
        "seed": seed,
    }


class _Record:
    """Files of a run; lines after the last checkpoint are cut off when the run is taken up again."""

    def __init__(self, folder: Path, identity: dict[str, Any]) -> None:
        self.table_path = folder / "table.csv"
        self._trajectory_path = folder / "trajectory.extxyz"
        self._checkpoint_path = folder / _CHECKPOINT
        self._identity = identity
        self._rows, self._frames = StringIO(), StringIO()
        self.state: dict[str, Any] | None = None
        self.step = 0
        self.failure: str | None = None

        folder.mkdir(parents=True, exist_ok=True)
        if not self._checkpoint_path.is_file():
            self._trajectory_path.write_text("")
            self.table_path.write_text(",".join(COLUMNS) + "\n")
            return
        checkpoint = json.loads(self._checkpoint_path.read_text())
        differing = [name for name in identity if checkpoint["identity"][name] != identity[name]]
        if differing:
            raise ValueError(
                f"{folder} holds dynamics with other {', '.join(differing)}: "
                "delete that folder to start afresh, or name another"
            )
        self.state, self.step, self.failure = (checkpoint[name] for name in ("state", "step", "failure"))
        os.truncate(self._trajectory_path, checkpoint["trajectory_bytes"])
        os.truncate(self.table_path, checkpoint["table_bytes"])

    def row(self, time_ps: float, atoms: Atoms) -> None:
        size = len(atoms)
        values = (
            time_ps,
            atoms.get_potential_energy() / size,
            atoms.get_temperature(),
            kinetic_pressure_gpa(atoms),
            atoms.get_volume() / size,
            closest_contact(atoms)[0],
        )
        self._rows.write(",".join(repr(float(value)) for value in values) + "\n")

    def frame(self, time_ps: float, atoms: Atoms) -> None:
        frame = atoms.copy()
        frame.info = {"time_ps": time_ps, "energy_ev": atoms.get_potential_energy()}
        write(self._frames, frame, format="extxyz")

    def save(self, step: int, npt: Npt) -> None:
        """Append new rows and frames, and only then replace the checkpoint."""
        sizes = {}
        for name, path, text in (
            ("trajectory_bytes", self._trajectory_path, self._frames),
            ("table_bytes", self.table_path, self._rows),
        ):
            with path.open("a") as file:
                file.write(text.getvalue())
                file.flush()
                os.fsync(file.fileno())
            sizes[name] = path.stat().st_size
            text.seek(0)
            text.truncate()
        checkpoint = {
            "identity": self._identity,
            "step": step,
            "failure": self.failure,
            **sizes,
            "state": npt.state(),
        }
        draft = self._checkpoint_path.with_suffix(".tmp")
        draft.write_text(json.dumps(checkpoint))
        draft.replace(self._checkpoint_path)
