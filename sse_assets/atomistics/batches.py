"""Evaluation of many candidates at a time on one device; made for a GPU, and correct on any.

A candidate that is done leaves the batch at once, and another one enters.
"""

import time
from bisect import insort
from collections.abc import Callable
from dataclasses import dataclass, replace
from math import inf

import torch
from ase import Atoms, units

from sse_assets.atomistics.batch_fire import Relaxation
from sse_assets.atomistics.batch_npt import move
from sse_assets.atomistics.cells import Cells, bare
from sse_assets.atomistics.evaluation import EVALUATION_ERRORS, Evaluation, Evaluator, why
from sse_assets.atomistics.guards import Deadline, contacts, start_flaws
from sse_assets.atomistics.npt import set_velocities
from sse_assets.atomistics.potential import Potential, Response
from sse_assets.atomistics.settings import Conditions, EvaluationSettings

_ATOMS_ON_A_CPU = 60
"""Most atoms in a batch on a CPU; a larger one takes longer than its crystals alone."""
_MEMORY_AN_ATOM = 6.4e6
"""Memory of a GPU in bytes for each atom of a batch. CHGNet takes a quarter of it, so that crystals with many
neighbours fit too."""
_SHARE_THAT_REFILLS = 1 / 16
"""Free part of a batch from which on other candidates enter; to enter one by one would take too long."""


@dataclass
class _Task:
    """Candidate on its way through the steps of the settings."""

    number: int
    atoms: Atoms
    seed: int
    found: Evaluation
    steps_taken: int = 0
    """Number of the settings' steps that it is through."""

    @property
    def now(self) -> Atoms:
        """Cell as the last step left it."""
        assert self.found.atoms is not None  # every candidate begins with it
        return self.found.atoms


def atoms_in_a_batch(device: str) -> int:
    """Return the most atoms in a batch at first; it becomes half of one that does not fit the memory."""
    if device == "cpu":
        return _ATOMS_ON_A_CPU
    _, memory = torch.cuda.mem_get_info()
    return max(1, int(memory / _MEMORY_AN_ATOM))


class Batches(Evaluator):
    """An evaluator that takes many crystals through each step together, large ones first."""

    def __init__(self, settings: EvaluationSettings, potential: Potential, atoms_in_a_batch: int) -> None:
        self.settings, self.potential, self.atoms_in_a_batch = settings, potential, atoms_in_a_batch
        steps = (settings.relaxation_steps, settings.dynamics, settings.quench_steps)
        self._steps: list[int | Conditions] = [step for step in steps if step]
        self._submitted = 0
        self._tasks: dict[int, _Task] = {}
        self._new: list[_Task] = []
        self._to_relax: list[_Task] = []  # largest first
        self._to_move: list[_Task] = []
        self._to_measure: list[_Task] = []
        self._done: list[tuple[int, Evaluation]] = []
        self._relaxation = Relaxation(
            potential,
            pressure_gpa=settings.pressure_gpa,
            max_force_ev_a=settings.max_force_ev_a,
            time_limit_s=settings.time_limit_s,
        )

    def submit(self, atoms: Atoms, seed: int) -> int:
        """See `Evaluator.submit`."""
        self._submitted += 1
        task = _Task(self._submitted, atoms, seed, Evaluation(atoms=bare(atoms)))
        self._tasks[task.number] = task
        self._new.append(task)
        return task.number

    def finished(self, patience_s: float = inf) -> list[tuple[int, Evaluation]]:
        """See `Evaluator.finished`; dynamics of a batch go to their end, however long that takes."""
        until = time.monotonic() + patience_s
        while self._tasks and not self._done:
            self._go_on()
            if time.monotonic() >= until:
                break
        done, self._done = self._done, []
        return done

    def forget(self) -> None:
        """See `Evaluator.forget`."""
        for waiting in (self._tasks, self._new, self._to_relax, self._to_move, self._to_measure, self._done):
            waiting.clear()
        self._relaxation.forget()

    @property
    def has_room(self) -> bool:
        """See `Evaluator.has_room`; the candidates for one more batch wait, so that none runs half empty."""
        return sum(len(task.atoms) for task in self._tasks.values()) < 2 * self.atoms_in_a_batch

    def _go_on(self) -> None:
        """Take one step of the batch, or one batch through dynamics."""
        if self._new:
            self._begin()
        self._fill()
        if self._relaxation.keys:
            self._guarded([self._tasks[number] for number in self._relaxation.keys], self._relax)
        elif self._to_move:
            self._guarded(self._taken(self._to_move), self._move)
        elif self._to_measure:
            self._guarded(self._taken(self._to_measure), self._measure_as_they_are)

    def _begin(self) -> None:
        """Refuse the new candidates that cannot be judged, and give the others their first step."""
        new, self._new = self._new, []
        flaws = start_flaws([task.now for task in new], self.potential.device)
        for task, flaw in zip(new, flaws, strict=True):
            if flaw is not None:
                self._end(task, replace(task.found, failure=flaw))
            elif self._steps:
                self._wait_for_next_step(task)
            else:
                self._to_measure.append(task)

    def _wait_for_next_step(self, task: _Task) -> None:
        if isinstance(self._steps[task.steps_taken], Conditions):
            self._to_move.append(task)
        else:
            insort(self._to_relax, task, key=lambda task: -len(task.atoms))

    def _fill(self) -> None:
        """Let candidates enter the batch that relaxes, the largest that fit."""
        under_way = self._relaxation.keys
        free = self.atoms_in_a_batch - sum(len(self._tasks[number].atoms) for number in under_way)
        if not self._to_relax or free < _SHARE_THAT_REFILLS * self.atoms_in_a_batch:
            return
        enter: list[_Task] = []
        wait: list[_Task] = []
        for task in self._to_relax:
            if len(task.atoms) <= free or not (under_way or enter):
                enter.append(task)
                free -= len(task.atoms)
            else:
                wait.append(task)
        self._to_relax = wait
        if enter:
            steps = [self._steps[task.steps_taken] for task in enter]
            self._relaxation.join(
                [task.number for task in enter],
                [task.now for task in enter],
                [step for step in steps if isinstance(step, int)],
            )

    def _taken(self, waiting: list[_Task]) -> list[_Task]:
        """Take a batch from the front of a list."""
        size, atoms = 0, 0
        while size < len(waiting) and (
            size == 0 or atoms + len(waiting[size].atoms) <= self.atoms_in_a_batch
        ):
            atoms += len(waiting[size].atoms)
            size += 1
        taken = waiting[:size]
        del waiting[:size]
        return taken

    def _guarded(self, tasks: list[_Task], work: Callable[[list[_Task]], None]) -> None:
        """Do something with candidates; if it fails, part them until only the one at fault fails."""
        try:
            work(tasks)
        except EVALUATION_ERRORS as caught:  # they do not say over which crystal
            error = caught
        else:
            return
        self._relaxation.forget()
        torch.cuda.empty_cache()
        tasks = [task for task in tasks if task.number in self._tasks]
        too_large = isinstance(error, (MemoryError, torch.OutOfMemoryError))
        if too_large:
            self.atoms_in_a_batch = max(1, sum(len(task.atoms) for task in tasks) // 2)
        if len(tasks) == 1:
            self._end(tasks[0], Evaluation(atoms=tasks[0].atoms.copy(), failure=why(error)))
        elif too_large:
            for task in tasks:
                task.found, task.steps_taken = Evaluation(atoms=bare(task.atoms)), 0
            self._new += tasks
        else:
            middle = len(tasks) // 2
            for half in (tasks[:middle], tasks[middle:]):
                apart = Batches(self.settings, self.potential, self.atoms_in_a_batch)
                evaluations = apart.evaluate(
                    [task.atoms for task in half], seeds=[task.seed for task in half]
                )
                for task, found in zip(half, evaluations, strict=True):
                    self._end(task, found)
                self.atoms_in_a_batch = apart.atoms_in_a_batch

    def _relax(self, _: list[_Task]) -> None:
        left = self._relaxation.step()
        if left is None:
            return
        tasks = [self._tasks[key] for key in left.keys]
        for task, atoms, steps in zip(tasks, left.cells.to_atoms(), left.steps, strict=True):
            task.found = replace(task.found, atoms=atoms, steps=task.found.steps + steps)
        through = self._pass_on(tasks, left.flaws)
        if any(through):
            chosen = torch.tensor(through, device=self.potential.device)
            self._measure(
                [task for task, is_through in zip(tasks, through, strict=True) if is_through],
                left.cells.only(chosen),
                left.response.only(chosen, left.cells.owner),
            )

    def _move(self, tasks: list[_Task]) -> None:
        conditions = self.settings.dynamics
        assert conditions is not None  # or nothing would wait for it
        momenta = []
        for task in tasks:
            atoms = task.now.copy()
            set_velocities(atoms, conditions.temperature_k, task.seed)
            momenta.append(torch.from_numpy(atoms.get_momenta()))
        cells = Cells.of([task.now for task in tasks], self.potential.device)
        start = torch.cat(momenta).to(self.potential.device)
        motion = move(cells, start, self.potential, conditions, Deadline(self.settings.time_limit_s))
        for task, atoms, steps, temperature, pressure in zip(
            tasks,
            motion.cells.to_atoms(),
            motion.steps,
            motion.mean_temperatures_k,
            motion.mean_pressures_gpa,
            strict=True,
        ):
            task.found = replace(
                task.found,
                atoms=atoms,
                steps=task.found.steps + steps,
                mean_temperature_k=temperature,
                mean_pressure_gpa=pressure,
            )
        through = self._pass_on(tasks, motion.flaws)
        self._to_measure += [task for task, is_through in zip(tasks, through, strict=True) if is_through]

    def _pass_on(self, tasks: list[_Task], flaws: list[str | None]) -> list[bool]:
        """End candidates with a flaw, and give the others their next step; return which are through all."""
        for task, flaw in zip(tasks, flaws, strict=True):
            task.steps_taken += 1
            if flaw is not None:
                self._end(task, replace(task.found, failure=flaw))
            elif task.steps_taken < len(self._steps):
                self._wait_for_next_step(task)
        return [
            flaw is None and task.steps_taken == len(self._steps)
            for task, flaw in zip(tasks, flaws, strict=True)
        ]

    def _measure_as_they_are(self, tasks: list[_Task]) -> None:
        cells = Cells.of([task.now for task in tasks], self.potential.device)
        self._measure(tasks, cells, self.potential(cells))

    def _measure(self, tasks: list[_Task], cells: Cells, response: Response) -> None:
        """Fill in what `measured` does for one crystal, and end these candidates."""
        forces = response.forces.norm(dim=1)
        values = torch.stack(
            [
                response.energies,
                cells.volumes,
                -response.stresses.diagonal(dim1=1, dim2=2).sum(1) / 3 / units.GPa,
                torch.zeros_like(cells.volumes).scatter_reduce(0, cells.owner, forces, "amax"),
            ]
        )
        pressure = self.settings.pressure_gpa * units.GPa
        for task, (energy, volume, outward, force), (shortest, too_close) in zip(
            tasks, values.T.tolist(), contacts(cells), strict=True
        ):
            size = len(task.atoms)
            found = replace(
                task.found,
                enthalpy_ev_per_atom=(energy + pressure * volume) / size,
                energy_ev_per_atom=energy / size,
                volume_a3_per_atom=volume / size,
                pressure_gpa=outward,
                max_force_ev_a=force,
                shortest_distance_a=shortest,
                failure=too_close,
            )
            self._end(task, found)

    def _end(self, task: _Task, found: Evaluation) -> None:
        del self._tasks[task.number]
        self._done.append((task.number, found))
