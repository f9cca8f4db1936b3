"""Evaluation of many candidates at a time on one device; made for a GPU, and correct on any."""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import accumulate

import torch
from ase import Atoms
from ase.calculators.singlepoint import SinglePointCalculator

from sse_assets.atomistics.batch import Outcome
from sse_assets.atomistics.batch_fire import relax
from sse_assets.atomistics.batch_npt import Motion, move
from sse_assets.atomistics.cells import Cells, bare
from sse_assets.atomistics.evaluation import EVALUATION_ERRORS, Evaluation, measured, why
from sse_assets.atomistics.guards import Deadline, UnfitCrystalError, require_result, require_start
from sse_assets.atomistics.npt import set_velocities
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions, EvaluationSettings

ATOMS_IN_A_BATCH = {"cuda": 4000, "cpu": 60}
"""Size of the first batches by device. A batch that does not fit the memory is halved, and so are those after
it. On a CPU, a larger batch takes longer than its crystals alone (benchmarks/atomistics.py)."""


@dataclass
class Batches:
    """An evaluator that takes many crystals through each step together."""

    settings: EvaluationSettings
    potential: Potential
    atoms_in_a_batch: int

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """See `Evaluator.evaluate`; all evaluations of a batch are there at once."""
        tasks = list(zip(candidates, seeds, strict=True))
        while tasks:
            totals = accumulate(len(atoms) for atoms, _ in tasks)
            size = max(1, sum(total <= self.atoms_in_a_batch for total in totals))
            yield from self._evaluate(tasks[:size])
            tasks = tasks[size:]

    def _evaluate(self, tasks: list[tuple[Atoms, int]]) -> list[Evaluation]:
        """Evaluate a batch, in halves if it is too large or if one crystal spoils it for all."""
        try:
            return _Batch(self.settings, self.potential, tasks).evaluations()
        except EVALUATION_ERRORS as error:  # they do not say over which crystal
            if isinstance(error, (MemoryError, torch.OutOfMemoryError)):
                self.atoms_in_a_batch = max(1, sum(len(atoms) for atoms, _ in tasks) // 2)
            if len(tasks) == 1:
                return [Evaluation(atoms=tasks[0][0].copy(), failure=why(error))]
        torch.cuda.empty_cache()
        middle = len(tasks) // 2
        return self._evaluate(tasks[:middle]) + self._evaluate(tasks[middle:])


class _Batch:
    """One batch on its way through the settings' steps."""

    def __init__(
        self, settings: EvaluationSettings, potential: Potential, tasks: list[tuple[Atoms, int]]
    ) -> None:
        self._settings, self._potential = settings, potential
        self._seeds = [seed for _, seed in tasks]
        self._found = [Evaluation(atoms=bare(atoms)) for atoms, _ in tasks]
        self._deadline = Deadline(settings.time_limit_s)

    def evaluations(self) -> list[Evaluation]:
        """Return one evaluation for each crystal, in their order."""
        self._check(require_start)
        self._relax(self._settings.relaxation_steps)
        if self._settings.dynamics is not None:
            self._move(self._settings.dynamics)
        self._relax(self._settings.quench_steps)
        self._measure()
        self._check(require_result)
        return self._found

    def _sound(self) -> list[int]:
        return [index for index, found in enumerate(self._found) if found.failure is None]

    def _cells(self) -> Cells:
        return Cells.of([self._atoms(index) for index in self._sound()], self._potential.device)

    def _atoms(self, index: int) -> Atoms:
        atoms = self._found[index].atoms
        assert atoms is not None  # every crystal of a batch starts with them
        return atoms

    def _check(self, require: Callable[[Atoms], None]) -> None:
        for index in self._sound():
            try:
                require(self._atoms(index))
            except UnfitCrystalError as error:
                self._found[index] = replace(self._found[index], failure=str(error))

    def _relax(self, steps: int) -> None:
        if steps and self._sound():
            outcome = relax(
                self._cells(),
                self._potential,
                pressure_gpa=self._settings.pressure_gpa,
                max_force_ev_a=self._settings.max_force_ev_a,
                max_steps=steps,
                deadline=self._deadline,
            )
            self._note(outcome)

    def _move(self, conditions: Conditions) -> None:
        sound = self._sound()
        if not sound:
            return
        momenta = []
        for index in sound:
            atoms = self._atoms(index).copy()
            set_velocities(atoms, conditions.temperature_k, self._seeds[index])
            momenta.append(torch.from_numpy(atoms.get_momenta()))
        start = torch.cat(momenta).to(self._potential.device)
        motion = move(self._cells(), start, self._potential, conditions, self._deadline)
        for index, temperature, pressure in zip(
            sound, motion.mean_temperatures_k, motion.mean_pressures_gpa, strict=True
        ):
            self._found[index] = replace(
                self._found[index], mean_temperature_k=temperature, mean_pressure_gpa=pressure
            )
        self._note(motion)

    def _note(self, outcome: Outcome | Motion) -> None:
        """Note how a step left the crystals that took it."""
        for index, atoms, steps, flaw in zip(
            self._sound(), outcome.cells.to_atoms(), outcome.steps, outcome.flaws, strict=True
        ):
            found = self._found[index]
            self._found[index] = replace(found, atoms=atoms, steps=found.steps + steps, failure=flaw)

    def _measure(self) -> None:
        sound = self._sound()
        if not sound:
            return
        cells = self._cells()
        response = self._potential(cells)
        for place, index in enumerate(sound):
            atoms = self._atoms(index)
            atoms.calc = SinglePointCalculator(
                atoms,
                energy=float(response.energies[place]),
                forces=response.forces[cells.owner == place].cpu().numpy(),
                stress=response.stresses[place].cpu().numpy(),
            )
            self._found[index] = measured(self._found[index], atoms, self._settings.pressure_gpa)
            atoms.calc = None
