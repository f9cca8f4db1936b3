"""Long molecular dynamics of many crystals at a time, in runs that can be killed and taken up again."""

import time
from collections import deque
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from math import inf
from typing import Self

import numpy as np
import torch
from ase import Atoms

from sse_assets.atomistics.batch_npt import BatchNpt
from sse_assets.atomistics.cells import Cells, bare
from sse_assets.atomistics.dynamics import Dynamics, Run
from sse_assets.atomistics.dynamics_files import FRAME_EVERY, ROW_EVERY, DynamicsFiles
from sse_assets.atomistics.evaluation import EVALUATION_ERRORS, why
from sse_assets.atomistics.guards import Deadline, contacts, start_flaws
from sse_assets.atomistics.npt import Npt, State, set_velocities
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions

SAVE_EVERY_S = 20.0
"""Time in s between the checkpoints of a batch."""

StepsProgress = Callable[[int, int, int], None]
"""Function of a number of crystals, the steps that each of them has done at least, and the steps in all."""


def run_dynamics_together(
    runs: Sequence[Run],
    conditions: Conditions,
    potential: Potential,
    atoms_in_a_batch: int,
    progress: StepsProgress = lambda crystals, done, total: None,
) -> list[Dynamics]:
    """Move many crystals at a time on one device, each from where an earlier call stopped.

    The crystals of a batch take their steps together. One that cannot go on leaves, and stays where it was at
    its last checkpoint. A batch that does not fit the memory goes on in two halves. A run that `run_dynamics`
    began can go on here, and the other way round.

    Args:
        runs: crystals with their folders and seeds.
        conditions: temperature, pressure and duration of every run.
        potential: potential on any device.
        atoms_in_a_batch: most atoms in a batch.
        progress: function that is called at each checkpoint of a batch.

    Raises:
        ValueError: if a folder holds a run of another cell, seed or other conditions.
    """
    moving = [_Moving.of(run, conditions) for run in runs]
    fresh = [one for one in moving if one.files.state is None]
    for one, flaw in zip(fresh, start_flaws([one.run.atoms for one in fresh], potential.device), strict=True):
        if flaw is not None:
            one.stop(flaw)
    waiting = deque(one for one in moving if one.is_open)
    while waiting:
        batch = [waiting.popleft()]
        while waiting and sum(len(one.run.atoms) for one in (*batch, waiting[0])) <= atoms_in_a_batch:
            batch.append(waiting.popleft())
        _move_in_parts(batch, potential, progress)
    return [Dynamics(one.files.table, one.atoms, one.files.failure) for one in moving]


@dataclass(frozen=True)
class _Moving:
    """Run on its way."""

    run: Run
    conditions: Conditions
    files: DynamicsFiles
    start: State

    @classmethod
    def of(cls, run: Run, conditions: Conditions) -> Self:
        atoms = bare(run.atoms)
        files = DynamicsFiles(run.folder, atoms, conditions, run.seed)
        set_velocities(atoms, conditions.temperature_k, run.seed)
        return cls(run, conditions, files, Npt(atoms, conditions).state())

    @property
    def state(self) -> State:
        """State at the last checkpoint, or at the start."""
        return self.files.state or self.start

    @property
    def atoms(self) -> Atoms:
        """Crystal at the last checkpoint, or at the start."""
        return Atoms(self.run.atoms.numbers, self.state["positions"], cell=self.state["lattice"], pbc=True)

    @property
    def is_open(self) -> bool:
        """True while there are steps to take."""
        return self.files.failure is None and self.files.step < self.conditions.steps

    def stop(self, failure: str) -> None:
        self.files.failure = failure
        self.files.save(self.files.step, self.state)


def _move_in_parts(batch: Sequence[_Moving], potential: Potential, progress: StepsProgress) -> None:
    """Move a batch; if that fails, go on with its halves until only the crystal at fault fails."""
    try:
        _Batch(batch, potential, progress).move()
    except EVALUATION_ERRORS as error:  # they do not say over which crystal
        reason = why(error)
    else:
        return
    torch.cuda.empty_cache()
    left = [one for one in batch if one.is_open]
    for one in left:
        one.files.forget()
    if len(left) <= 1:
        for one in left:
            one.stop(reason)
        return
    middle = len(left) // 2
    for half in (left[:middle], left[middle:]):
        _move_in_parts(half, potential, progress)


class _Batch:
    """Crystals that take their steps together; all their runs are at a frame when they come in."""

    def __init__(self, batch: Sequence[_Moving], potential: Potential, progress: StepsProgress) -> None:
        self._batch, self._progress = batch, progress
        self._conditions = batch[0].conditions
        momenta = np.concatenate([one.state["momenta"] for one in batch])
        self._npt = BatchNpt(
            Cells.of([one.atoms for one in batch], potential.device),
            torch.from_numpy(momenta).to(potential.device),
            potential,
            self._conditions,
            Deadline(inf),
            states=[one.state for one in batch],
        )
        self._steps = [one.files.step for one in batch]
        self._there = list(range(len(batch)))

    def move(self) -> None:
        """Take every step that is left, and write the files."""
        fresh = {member for member in self._there if self._batch[member].files.state is None}
        saved = time.monotonic()
        self._part_from_the_unfit()
        self._write_rows(fresh & {*self._there})
        while self._there:
            self._npt.step()
            for member in self._there:
                self._steps[member] += 1
            self._part_from_the_unfit()
            if not self._there:
                return
            step = self._steps[self._there[0]]
            if step % ROW_EVERY == 0:
                self._write_rows(self._there)
            if step % FRAME_EVERY == 0:
                self._write_frames()
            done = [member for member in self._there if self._steps[member] == self._conditions.steps]
            if step % FRAME_EVERY == 0 and (done or time.monotonic() - saved > SAVE_EVERY_S):
                self._save(self._there)
                saved = time.monotonic()
            elif done:
                self._save(done)
            if done:
                self._part_from(done)

    def _part_from_the_unfit(self) -> None:
        """Stop the runs of the crystals that had to leave at this step."""
        still = self._npt.under_way.members.tolist()
        for member in sorted({*self._there} - {*still}):
            self._batch[member].stop(self._npt.under_way.flaws[member] or "")
        self._there = still

    def _part_from(self, done: Collection[int]) -> None:
        self._npt.part_from(np.array([member in done for member in self._there]))
        self._there = [member for member in self._there if member not in done]

    def _write_rows(self, members: Collection[int]) -> None:
        if not members:
            return
        cells, response = self._npt.under_way.cells, self._npt.under_way.response
        of_atoms = torch.stack([response.energies / cells.sizes, cells.volumes / cells.sizes]).tolist()
        moving = (self._npt.temperatures(), self._npt.pressures())
        for member, energy, volume, temperature, pressure, (shortest, _) in zip(
            self._there, *of_atoms, *moving, contacts(cells), strict=True
        ):
            if member in members:
                values = (energy, temperature, pressure, volume, shortest)
                self._batch[member].files.row(self._steps[member], values)

    def _write_frames(self) -> None:
        energies = self._npt.under_way.response.energies.tolist()
        for member, atoms, energy in zip(self._there, self._npt.atoms(), energies, strict=True):
            self._batch[member].files.frame(self._steps[member], atoms, energy)

    def _save(self, members: Collection[int]) -> None:
        for member, state in zip(self._there, self._npt.states(), strict=True):
            if member in members:
                self._batch[member].files.save(self._steps[member], state)
        steps = min(self._steps[member] for member in self._there)
        self._progress(len(self._there), steps, self._conditions.steps)
