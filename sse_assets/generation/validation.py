"""Whether a found structure holds: its contacts, and its dynamics under search and under room conditions.

The criteria are ours where the paper (III.B) says only that no atom was lost and no structure collapsed.
A structure that fails one is kept, with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import pandas as pd
from ase import Atoms
from ase.io import read
from ase.neighborlist import neighbor_list

from sse_assets.atomistics.dynamics import Dynamics, run_dynamics
from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.atomistics.guards import closest_contact
from sse_assets.atomistics.settings import AMBIENT, SEARCH, Conditions
from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.stability import held
from sse_assets.generation.winners import Settled, UnsettledError, settle

LOST_A = 3.5
"""An atom whose nearest neighbour is further away has left the crystal."""
LARGEST_VOLUME_CHANGE = 0.15
"""Of the mean over the second half of the 300 K run, against the relaxed cell."""
LARGEST_ENERGY_CHANGE_EV_PER_ATOM = 0.1
"""Likewise of the potential energy; a harmonic crystal at 300 K gains 0.039 eV/atom."""


@dataclass(frozen=True)
class Validated:
    """A structure after its last relaxation, and how it held."""

    settled: Settled
    relaxed_further_ev_per_atom: float
    """What the dynamics under search conditions gained: enthalpy after minus before, zero or negative."""
    dynamics: pd.DataFrame
    """Of both runs: conditions (`search` or `ambient`) and the columns of `run_dynamics`."""
    failures: tuple[str, ...]
    """Criteria it breaks, a sentence each."""

    @property
    def valid(self) -> bool:
        """Whether it breaks none."""
        return not self.failures


def validate(
    atoms: Atoms,
    settings: ValidationSettings,
    folder: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[str, int, int], None] = lambda what, done, total: None,
) -> Validated:
    """Move a structure under search conditions, relax it to the end, and move it at 300 K and 1 atm.

    A call that was killed goes on from its dynamics' last checkpoint in `folder`.

    Args:
        atoms: the best candidate of a composition.
        settings: durations and the last relaxation.
        folder: gets `search` and `ambient`, each with a trajectory (extended XYZ) and a table.
        evaluators: makes the evaluator of the last relaxation.
        progress: is told which run it is, and its steps done and in all.

    Raises:
        UnsettledError: if the structure does not survive its first relaxation here.
    """
    evaluator = evaluators(settings.relaxation)
    first = settle(atoms, evaluator)

    def move(start: Settled, conditions: Conditions, name: str) -> Dynamics:
        return run_dynamics(
            start.atoms,
            conditions,
            folder / name,
            seed=settings.seed,
            progress=lambda done, total: progress(name, done, total),
        )

    searched = move(first, replace(SEARCH, duration_ps=settings.search_ps), "search")
    settled = first
    if searched.failure is None:
        try:
            after = settle(searched.atoms, evaluator)
        except UnsettledError:
            pass  # the structure from before the dynamics stands
        else:
            settled = min(first, after, key=lambda s: s.evaluation.enthalpy_ev_per_atom)
    ambient = move(settled, replace(AMBIENT, duration_ps=settings.ambient_ps), "ambient")
    frames = [*_frames(folder / "ambient" / "trajectory.extxyz"), ambient.atoms]
    failures = [
        f"the dynamics under {name} conditions stopped: {run.failure}"
        for name, run in (("search", searched), ("room", ambient))
        if run.failure is not None
    ]
    return Validated(
        settled,
        settled.evaluation.enthalpy_ev_per_atom - first.evaluation.enthalpy_ev_per_atom,
        pd.concat(
            [run.table.assign(conditions=name) for name, run in (("search", searched), ("ambient", ambient))],
            ignore_index=True,
        ),
        (*failures, *broken_criteria(settled, ambient.table, frames)),
    )


def broken_criteria(settled: Settled, table: pd.DataFrame, frames: Sequence[Atoms]) -> list[str]:
    """List the criteria that a structure breaks, a sentence each.

    Args:
        settled: the relaxed structure.
        table: of its run at 300 K and 1 atm, as `run_dynamics` gives it.
        frames: of that run.
    """
    broken = []
    _, contact = closest_contact(settled.atoms)
    if contact is not None:
        broken.append(f"relaxed, {contact}")
    contact = next((found for frame in frames if (found := closest_contact(frame)[1])), None)
    if contact is not None:
        broken.append(f"at 300 K, {contact}")
    farthest = max(_farthest_neighbour_a(frame) for frame in frames)
    if farthest > LOST_A:
        broken.append(f"at 300 K an atom is lost: further than {LOST_A} Å from every other")
    relaxed = settled.evaluation
    run = held(
        table,
        energy_ev_per_atom=relaxed.energy_ev_per_atom,
        volume_a3_per_atom=relaxed.volume_a3_per_atom,
    )
    if abs(run.volume_change) > LARGEST_VOLUME_CHANGE:
        broken.append(
            f"at 300 K the volume changes by {run.volume_change:+.0%}, {LARGEST_VOLUME_CHANGE:.0%} at most"
        )
    if abs(run.energy_change_ev_per_atom) > LARGEST_ENERGY_CHANGE_EV_PER_ATOM:
        broken.append(
            f"at 300 K the energy changes by {run.energy_change_ev_per_atom:+.3f} eV/atom, "
            f"{LARGEST_ENERGY_CHANGE_EV_PER_ATOM} at most"
        )
    return broken


def _frames(trajectory: Path) -> list[Atoms]:
    """Return the frames of a trajectory; there are none where the run ended before its first."""
    return read(trajectory, index=":") if trajectory.stat().st_size else []


def _farthest_neighbour_a(atoms: Atoms) -> float:
    """The largest distance from an atom to its nearest neighbour in Å; infinite above `LOST_A`."""
    first, distances = neighbor_list("id", atoms, LOST_A)
    nearest = pd.Series(distances).groupby(first).min()
    return float(nearest.max()) if len(nearest) == len(atoms) else float("inf")
