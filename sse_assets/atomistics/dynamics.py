"""Long molecular dynamics of one crystal, in a run that can be killed and taken up again."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from ase import Atoms

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.cells import bare
from sse_assets.atomistics.dynamics_files import FRAME_EVERY, ROW_EVERY, DynamicsFiles
from sse_assets.atomistics.guards import UnfitCrystalError, closest_contact, require_start
from sse_assets.atomistics.npt import Npt, kinetic_pressure_gpa, set_velocities
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions
from sse_assets.atomistics.threads import one_thread_for_small_matrices


@dataclass(frozen=True)
class Run:
    """Crystal that is to move, with the folder of its files and the seed of its starting velocities.

    The folder holds `trajectory.extxyz` (a frame every 50 steps, as in the paper), `table.csv` and a
    checkpoint with velocities, thermostat and barostat.
    """

    atoms: Atoms
    folder: Path
    seed: int


@dataclass(frozen=True)
class Dynamics:
    """Result of a run of dynamics."""

    table: pd.DataFrame
    """Rows at the start and every 10 steps, with `dynamics_files.COLUMNS`: the energy is the potential
    energy, the pressure includes the kinetic part."""
    atoms: Atoms
    """Crystal at the end of the run."""
    failure: str | None
    """Sentence on why the run stopped before its time; None if it did not."""


@one_thread_for_small_matrices
def run_dynamics(
    run: Run,
    conditions: Conditions,
    potential: Potential,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Dynamics:
    """Move one crystal at constant temperature and pressure, from where an earlier call stopped.

    On the CPU, a run that was killed and taken up again ends with the same bits as one that was not. A
    finished run is read and not repeated.

    Args:
        run: crystal, folder and seed.
        conditions: temperature, pressure and duration of the run.
        potential: potential on the CPU.
        progress: function that is called with the number of steps done and that of all steps.

    Raises:
        ValueError: if the folder holds a run of another cell, seed or other conditions.
    """
    moving = bare(run.atoms)
    files = DynamicsFiles(run.folder, moving, conditions, run.seed)
    moving.calc = GuardedCalculator(potential)
    set_velocities(moving, conditions.temperature_k, run.seed)
    npt = Npt(moving, conditions)
    if files.state is None:
        try:
            require_start(moving)
            files.row(0, _values(moving))
        except UnfitCrystalError as error:
            files.failure = str(error)
        files.save(0, npt.state())
    else:
        npt.restore(files.state)

    for step in range(files.step + 1, conditions.steps + 1):
        if files.failure is not None:
            break
        try:
            npt.step()
            if step % ROW_EVERY == 0:
                files.row(step, _values(moving))
            if step % FRAME_EVERY == 0:
                files.frame(step, moving, moving.get_potential_energy())
        except UnfitCrystalError as error:
            files.failure = str(error)
        if step % FRAME_EVERY == 0 or step == conditions.steps or files.failure is not None:
            files.save(step, npt.state())
            progress(step, conditions.steps)
    moving.calc = None
    return Dynamics(files.table, moving, files.failure)


def _values(atoms: Atoms) -> tuple[float, ...]:
    """Return the values of a row for one crystal."""
    size = len(atoms)
    return (
        atoms.get_potential_energy() / size,
        atoms.get_temperature(),
        kinetic_pressure_gpa(atoms),
        atoms.get_volume() / size,
        closest_contact(atoms)[0],
    )
