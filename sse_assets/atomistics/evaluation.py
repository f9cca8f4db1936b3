"""Evaluators of candidates, and the evaluations that they return."""

from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from math import inf, nan

import numpy as np
from ase import Atoms, units

from sse_assets.atomistics.guards import UnfitCrystalError, closest_contact
from sse_assets.atomistics.settings import EvaluationSettings

EVALUATION_ERRORS = (ArithmeticError, MemoryError, RuntimeError, ValueError)
"""Errors of CHGNet, torch and ASE over a candidate, and of the guards."""


@dataclass(frozen=True)
class Evaluation:
    """Result for one candidate; a number that the evaluation did not reach is NaN."""

    atoms: Atoms | None = None
    """Cell as it was left, relaxed or where it failed; None if there is nothing to keep."""
    enthalpy_ev_per_atom: float = nan
    """E + PV at the pressure of the settings, for each atom."""
    energy_ev_per_atom: float = nan
    volume_a3_per_atom: float = nan
    pressure_gpa: float = nan
    """Pressure without the kinetic part, after the last step; positive where the crystal pushes outwards."""
    max_force_ev_a: float = nan
    shortest_distance_a: float = nan
    mean_temperature_k: float = nan
    """Mean over the second half of the dynamics; NaN without dynamics."""
    mean_pressure_gpa: float = nan
    """Mean over the second half of the dynamics, kinetic part included; NaN without dynamics."""
    steps: int = 0
    """Number of evaluations of the forces."""
    failure: str | None = None
    """Sentence on why there is no enthalpy to trust; None where there is one."""


class Evaluator(ABC):
    """Evaluator of candidates under fixed settings: one after another, side by side or in batches.

    Candidates may be handed in at any time. What one becomes depends on no other.
    """

    @abstractmethod
    def submit(self, atoms: Atoms, seed: int) -> int:
        """Take a periodic cell, which is not changed, and a seed of the velocities in its dynamics.

        Returns:
            The number under which `finished` returns its evaluation.
        """

    @abstractmethod
    def finished(self, patience_s: float = inf) -> list[tuple[int, Evaluation]]:
        """Evaluate, and return the numbers and evaluations of candidates that are done since the last call.

        A candidate that fails raises nothing: its evaluation has a `failure`.

        Args:
            patience_s: time in s after which the list may be empty although candidates are under way.
        """

    @abstractmethod
    def forget(self) -> None:
        """Drop all candidates that have been handed in."""

    @property
    @abstractmethod
    def has_room(self) -> bool:
        """True where more candidates would be evaluated sooner, were they handed in now."""

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """Yield one evaluation for each candidate, in their order, each as soon as it is there.

        Nothing else may be under way.

        Args:
            candidates: periodic cells; they are not changed.
            seeds: one seed for each candidate.
        """
        numbers = [self.submit(atoms, seed) for atoms, seed in zip(candidates, seeds, strict=True)]
        there: dict[int, Evaluation] = {}
        try:
            for number in numbers:
                while number not in there:
                    there.update(self.finished())
                yield there.pop(number)
        finally:  # also if the caller does not take all
            self.forget()


EvaluatorFactory = Callable[[EvaluationSettings], Evaluator]
"""Function that makes an evaluator for given settings."""


def measured(found: Evaluation, atoms: Atoms, pressure_gpa: float) -> Evaluation:
    """Fill in energies, volume, pressure, force and distance of a crystal that has a calculator."""
    size, volume, energy = len(atoms), float(atoms.get_volume()), float(atoms.get_potential_energy())
    return replace(
        found,
        enthalpy_ev_per_atom=(energy + pressure_gpa * units.GPa * volume) / size,
        energy_ev_per_atom=energy / size,
        volume_a3_per_atom=volume / size,
        pressure_gpa=float(-atoms.get_stress(voigt=False).trace() / 3 / units.GPa),
        max_force_ev_a=float(np.linalg.norm(atoms.get_forces(), axis=1).max()),
        shortest_distance_a=closest_contact(atoms)[0],
    )


def why(error: Exception) -> str:
    """Return the sentence of a guard, or the name and message of another error in one line."""
    if isinstance(error, UnfitCrystalError):
        return str(error)
    return f"{type(error).__name__}: {' '.join(str(error).split())[:200]}"
