"""Candidates evaluated one after another with ASE's own FIRE and Martyna-Tobias-Klein dynamics."""

import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.atomistics.guards import UnfitCrystalError, closest_contact, require_result, require_start
from sse_assets.atomistics.npt import Npt, kinetic_pressure_gpa, set_velocities
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions, EvaluationSettings
from sse_assets.atomistics.threads import one_thread_for_small_matrices

LONGEST_STEP_A = 0.15
"""Å; FIRE moves nothing further in one step."""


def move(atoms: Atoms, conditions: Conditions, seed: int) -> tuple[float, float]:
    """Move a crystal; return mean temperature in K and pressure in GPa over the second half."""
    set_velocities(atoms, conditions.temperature_k, seed)
    npt = Npt(atoms, conditions)
    temperatures, pressures = [], []
    for step in range(conditions.steps):
        npt.step()
        if 2 * step >= conditions.steps:
            temperatures.append(atoms.get_temperature())
            pressures.append(kinetic_pressure_gpa(atoms))
    return float(np.mean(temperatures)), float(np.mean(pressures))


@dataclass(frozen=True)
class OneByOne:
    """An evaluator on ASE, in this process."""

    settings: EvaluationSettings
    potential: Potential

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """See `Evaluator.evaluate`."""
        for atoms, seed in zip(candidates, seeds, strict=True):
            yield self._evaluate(atoms, seed)

    @one_thread_for_small_matrices
    def _evaluate(self, candidate: Atoms, seed: int) -> Evaluation:
        settings = self.settings
        atoms = Atoms(numbers=candidate.numbers, positions=candidate.positions, cell=candidate.cell, pbc=True)
        calculator = GuardedCalculator(self.potential, settings.time_limit_s)
        atoms.calc = calculator
        found = Evaluation()
        try:
            require_start(atoms)
            self._relax(atoms, settings.relaxation_steps)
            if settings.dynamics is not None:
                temperature, pressure = move(atoms, settings.dynamics, seed)
                found = replace(found, mean_temperature_k=temperature, mean_pressure_gpa=pressure)
            self._relax(atoms, settings.quench_steps)
            found = _measured(found, atoms, settings.pressure_gpa)
            require_result(atoms)
        except UnfitCrystalError as error:
            found = replace(found, failure=str(error))
        except (ArithmeticError, MemoryError, RuntimeError, ValueError) as error:
            # Out of CHGNet, torch or ASE, over this candidate alone.
            found = replace(found, failure=f"{type(error).__name__}: {' '.join(str(error).split())[:200]}")
        atoms.calc = None
        return replace(found, atoms=atoms, steps=calculator.steps)

    def _relax(self, atoms: Atoms, steps: int) -> None:
        if steps == 0:
            return
        free = FrechetCellFilter(atoms, scalar_pressure=self.settings.pressure_gpa * units.GPa)
        fire = FIRE(free, logfile=None, maxstep=LONGEST_STEP_A)
        with warnings.catch_warnings():  # scipy's, at every step, over errors of some 1e-13
            warnings.filterwarnings("ignore", "logm result may be inaccurate", RuntimeWarning)
            fire.run(fmax=self.settings.max_force_ev_a, steps=steps)


def _measured(found: Evaluation, atoms: Atoms, pressure_gpa: float) -> Evaluation:
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
