"""Long molecular dynamics of one crystal that survives being killed."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
from ase import Atoms

from sse_assets.atomistics.settings import Conditions


@dataclass(frozen=True)
class Dynamics:
    """What a run of dynamics left."""

    table: pd.DataFrame
    """A row every 10 steps: time_ps, energy_ev_per_atom (potential), temperature_k, pressure_gpa (kinetic
    part included), volume_a3_per_atom, shortest_distance_a."""
    atoms: Atoms
    """The last configuration."""
    failure: str | None
    """Why the run stopped before its time, one sentence; None if it did not."""


def run_dynamics(
    atoms: Atoms,
    conditions: Conditions,
    folder: Path,
    *,
    seed: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> Dynamics:
    """CHGNet dynamics at constant temperature and pressure, from where an earlier call in `folder` stopped.

    `folder` holds `trajectory.extxyz` (a frame every 50 steps, as in the paper), `table.csv` and a checkpoint
    with velocities, thermostat and barostat: a run that was killed and called again is bit-identical, on the
    CPU, to one that was not. A finished run is read, not repeated.

    Args:
        atoms: the starting cell; not changed.
        folder: made if need be.
        seed: of the starting velocities.
        progress: is told steps done and in all.

    Raises:
        ValueError: if `folder` holds a run of another cell, seed or other conditions.
    """
    raise NotImplementedError
