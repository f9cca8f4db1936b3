"""Validation of a found structure by its contacts and by dynamics under search and under room conditions.

The paper (III.B) says only that no atom was lost and no structure collapsed, so the criteria are ours.
A structure that fails one is kept with the reason.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path

import pandas as pd
from ase import Atoms
from ase.io import read
from ase.neighborlist import neighbor_list

from sse_assets.atomistics.dynamics import Dynamics, Run
from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.atomistics.evaluators import move_here
from sse_assets.atomistics.guards import closest_contact
from sse_assets.atomistics.settings import AMBIENT, SEARCH, Conditions
from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.stability import held
from sse_assets.generation.winners import Settled, UnsettledError, settle_together

LOST_A = 3.5
"""Distance in Å to the nearest neighbour beyond which an atom has left the crystal."""
LARGEST_VOLUME_CHANGE = 0.15
"""Largest change of the mean over the second half of the 300 K run, relative to the relaxed cell."""
LARGEST_ENERGY_CHANGE_EV_PER_ATOM = 0.1
"""Largest change of the potential energy, likewise; a harmonic crystal at 300 K gains 0.039 eV/atom."""


RUNS = ("search", "ambient")
"""Names of the two runs of dynamics, under search conditions and under room conditions."""

ValidationProgress = Callable[[str, int, int, int], None]
"""Function of one of `RUNS`, how many structures move, their steps done and their steps in all."""


def conditions_of(run: str, settings: ValidationSettings) -> Conditions:
    """Return the conditions of one of `RUNS`."""
    if run == "search":
        return replace(SEARCH, duration_ps=settings.search_ps)
    return replace(AMBIENT, duration_ps=settings.ambient_ps)


@dataclass(frozen=True)
class Validated:
    """Structure after its last relaxation, with its dynamics and the criteria that it breaks."""

    settled: Settled
    relaxed_further_ev_per_atom: float
    """Enthalpy after the dynamics under search conditions minus that before, zero or negative."""
    dynamics: pd.DataFrame
    """Rows of both runs: conditions (`search` or `ambient`) and the columns of `run_dynamics`."""
    failures: tuple[str, ...]
    """One sentence for each criterion that it breaks."""

    @property
    def valid(self) -> bool:
        """True where it breaks no criterion."""
        return not self.failures


def validate_together(
    structures: Sequence[tuple[Atoms, Path]],
    settings: ValidationSettings,
    evaluators: EvaluatorFactory,
    progress: ValidationProgress = lambda name, structures, done, total: None,
) -> list[Validated | UnsettledError]:
    """Move structures under search conditions, relax them to the end, and move them at 300 K and 1 atm.

    A call that was killed goes on from the last checkpoints of the dynamics.

    Args:
        structures: best candidates, each with a folder of its own for `search` and `ambient`, which hold a
            trajectory (extended XYZ) and a table.
        settings: lengths of the dynamics and the last relaxation.
        evaluators: function that makes the evaluator of the last relaxation.
        progress: function that is called with the run, how many structures move, and their steps.

    Returns:
        Each structure with its dynamics, or the error where it does not survive its first relaxation here.
    """
    evaluator = evaluators(settings.relaxation)

    def move(name: str, starts: dict[int, Settled]) -> dict[int, Dynamics]:
        runs = [
            Run(start.atoms, structures[number][1] / name, settings.seed) for number, start in starts.items()
        ]
        moved = move_here(runs, conditions_of(name, settings), partial(progress, name))
        return dict(zip(starts, moved, strict=True))

    def settled(cells: dict[int, Atoms]) -> dict[int, Settled | UnsettledError]:
        return dict(zip(cells, settle_together(list(cells.values()), evaluator), strict=True))

    first = settled({number: atoms for number, (atoms, _) in enumerate(structures)})
    sound = {number: one for number, one in first.items() if isinstance(one, Settled)}
    searched = move("search", sound)
    after = settled({number: run.atoms for number, run in searched.items() if run.failure is None})
    lowest = {
        number: min(
            (one for one in (before, after.get(number)) if isinstance(one, Settled)),
            key=lambda one: one.evaluation.enthalpy_ev_per_atom,
        )
        for number, before in sound.items()
    }
    ambient = move("ambient", lowest)
    return [
        _validated(one, lowest[number], searched[number], ambient[number], structures[number][1])
        if isinstance(one, Settled)
        else one
        for number, one in first.items()
    ]


def _validated(
    first: Settled, settled: Settled, searched: Dynamics, ambient: Dynamics, folder: Path
) -> Validated:
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
    """Return one sentence for each criterion that a structure breaks.

    Args:
        settled: relaxed structure.
        table: table of its run at 300 K and 1 atm, as `run_dynamics` returns it.
        frames: frames of that run.
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
    volume_change, energy_change = run["volume_change"], run["energy_change_ev_per_atom"]
    if abs(volume_change) > LARGEST_VOLUME_CHANGE:
        broken.append(
            f"at 300 K the volume changes by {volume_change:+.0%}, {LARGEST_VOLUME_CHANGE:.0%} at most"
        )
    if abs(energy_change) > LARGEST_ENERGY_CHANGE_EV_PER_ATOM:
        broken.append(
            f"at 300 K the energy changes by {energy_change:+.3f} eV/atom, "
            f"{LARGEST_ENERGY_CHANGE_EV_PER_ATOM} at most"
        )
    return broken


def _frames(trajectory: Path) -> list[Atoms]:
    """Return the frames of a trajectory; there are none where the run ended before its first."""
    return read(trajectory, index=":") if trajectory.stat().st_size else []


def _farthest_neighbour_a(atoms: Atoms) -> float:
    """Return the largest distance in Å of an atom to its nearest neighbour; infinite above `LOST_A`."""
    first, distances = neighbor_list("id", atoms, LOST_A)
    nearest = pd.Series(distances).groupby(first).min()
    return float(nearest.max()) if len(nearest) == len(atoms) else float("inf")
