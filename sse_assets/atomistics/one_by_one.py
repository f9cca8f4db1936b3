"""Evaluation of one candidate after another with FIRE and Martyna-Tobias-Klein dynamics of ASE."""

import warnings
from collections import deque
from dataclasses import dataclass, field, replace
from math import inf

import numpy as np
from ase import Atoms, units
from ase.filters import FrechetCellFilter
from ase.optimize import FIRE

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.cells import bare
from sse_assets.atomistics.evaluation import EVALUATION_ERRORS, Evaluation, Evaluator, measured, why
from sse_assets.atomistics.guards import require_result, require_start
from sse_assets.atomistics.npt import Npt, kinetic_pressure_gpa, set_velocities
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions, EvaluationSettings
from sse_assets.atomistics.threads import one_thread_for_small_matrices

LONGEST_STEP_A = 0.15
"""Longest distance in Å that FIRE moves in one step."""


def move(atoms: Atoms, conditions: Conditions, seed: int) -> tuple[float, float]:
    """Move a crystal; return the means of temperature (K) and pressure (GPa) over the second half."""
    set_velocities(atoms, conditions.temperature_k, seed)
    npt = Npt(atoms, conditions)
    temperatures, pressures = [], []
    for step in range(conditions.steps):
        npt.step()
        if 2 * step >= conditions.steps:
            temperatures.append(atoms.get_temperature())
            pressures.append(kinetic_pressure_gpa(atoms))
    return float(np.mean(temperatures)), float(np.mean(pressures))


@dataclass(eq=False)
class OneByOne(Evaluator):
    """Evaluator with ASE in this process."""

    settings: EvaluationSettings
    potential: Potential
    _submitted: int = field(default=0, init=False)
    _queue: deque[tuple[int, Atoms, int]] = field(default_factory=deque, init=False, repr=False)

    def submit(self, atoms: Atoms, seed: int) -> int:
        """See `Evaluator.submit`."""
        self._submitted += 1
        self._queue.append((self._submitted, atoms, seed))
        return self._submitted

    def finished(self, patience_s: float = inf) -> list[tuple[int, Evaluation]]:
        """See `Evaluator.finished`; it evaluates one candidate, however long that takes."""
        if not self._queue:
            return []
        number, atoms, seed = self._queue.popleft()
        return [(number, self._evaluate(atoms, seed))]

    def forget(self) -> None:
        """See `Evaluator.forget`."""
        self._queue.clear()

    @property
    def has_room(self) -> bool:
        """See `Evaluator.has_room`."""
        return not self._queue

    @one_thread_for_small_matrices
    def _evaluate(self, candidate: Atoms, seed: int) -> Evaluation:
        settings = self.settings
        atoms = bare(candidate)
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
            found = measured(found, atoms, settings.pressure_gpa)
            require_result(atoms)
        except EVALUATION_ERRORS as error:
            found = replace(found, failure=why(error))
        atoms.calc = None
        return replace(found, atoms=atoms, steps=calculator.steps)

    def _relax(self, atoms: Atoms, steps: int) -> None:
        if steps == 0:
            return
        free = FrechetCellFilter(atoms, scalar_pressure=self.settings.pressure_gpa * units.GPa)
        fire = FIRE(free, logfile=None, maxstep=LONGEST_STEP_A)
        with warnings.catch_warnings():  # scipy warns at every step, of errors of some 1e-13
            warnings.filterwarnings("ignore", "logm result may be inaccurate", RuntimeWarning)
            fire.run(fmax=self.settings.max_force_ev_a, steps=steps)
