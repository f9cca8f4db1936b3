"""What an evaluator takes and returns."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from math import nan
from typing import Protocol

from ase import Atoms

from sse_assets.atomistics.settings import EvaluationSettings


@dataclass(frozen=True)
class Evaluation:
    """What became of one candidate; every number is NaN that the evaluation did not reach."""

    atoms: Atoms | None = None
    """The cell as it was left: relaxed, or where it failed. None if there is nothing to keep."""
    enthalpy_ev_per_atom: float = nan
    """E + PV at the pressure of the settings."""
    energy_ev_per_atom: float = nan
    volume_a3_per_atom: float = nan
    pressure_gpa: float = nan
    """Of the last configuration, without kinetic energy; positive where the crystal pushes outwards."""
    max_force_ev_a: float = nan
    shortest_distance_a: float = nan
    mean_temperature_k: float = nan
    """Over the second half of the dynamics; NaN without dynamics."""
    mean_pressure_gpa: float = nan
    """Over the second half of the dynamics, kinetic part included; NaN without dynamics."""
    steps: int = 0
    """Evaluations of the forces."""
    failure: str | None = None
    """Why there is no enthalpy to trust, one sentence; None where there is."""


class Evaluator(Protocol):
    """Evaluates candidates under fixed settings; one after another, side by side or in batches."""

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """One evaluation for each candidate, in their order, each as soon as it is there.

        Never raises for what one candidate does: that is its evaluation's `failure`.

        Args:
            candidates: periodic cells; they are not changed.
            seeds: one a candidate, for the velocities that its dynamics start from.
        """
        ...


EvaluatorFactory = Callable[[EvaluationSettings], Evaluator]
"""Makes an evaluator for given settings."""
