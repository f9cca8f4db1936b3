"""The one interface behind which candidates are evaluated: a cell in, its relaxed form and enthalpy out."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Protocol

from ase import Atoms

from sse_assets.atomistics.settings import EvaluationSettings


@dataclass(frozen=True)
class Evaluation:
    """What became of one candidate; every number is NaN that the evaluation did not reach."""

    atoms: Atoms | None
    """The cell as it was left: relaxed, or where it failed. None if there was nothing to keep."""
    enthalpy_ev_per_atom: float
    """E + PV at the pressure of the settings."""
    energy_ev_per_atom: float
    volume_a3_per_atom: float
    pressure_gpa: float
    """Of the last configuration, without kinetic energy; positive where the crystal pushes outwards."""
    max_force_ev_a: float
    shortest_distance_a: float
    mean_temperature_k: float
    """Over the second half of the dynamics; NaN without dynamics."""
    mean_pressure_gpa: float
    """Over the second half of the dynamics, with kinetic energy; NaN without dynamics."""
    steps: int
    """Evaluations of the forces."""
    failure: str | None
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


def ase_evaluator(settings: EvaluationSettings) -> Evaluator:
    """CHGNet and ASE in this process, on one thread: candidates one after another."""
    raise NotImplementedError


def worker_evaluator(settings: EvaluationSettings, processes: int) -> Evaluator:
    """As `ase_evaluator`, with the same results, in several processes of one thread each.

    A candidate that hangs or kills its process costs that process alone.
    """
    raise NotImplementedError


def default_evaluator(settings: EvaluationSettings, processes: int) -> Evaluator:
    """Batches on a GPU where torch sees one, else ASE in `processes` processes."""
    raise NotImplementedError
