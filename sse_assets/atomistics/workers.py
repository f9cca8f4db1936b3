"""Candidates evaluated side by side in processes of one thread each, which may hang or die."""

import multiprocessing
import time
from collections import deque
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait

import torch
from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import EvaluationSettings

GRACE_S = 60.0
"""Beyond a candidate's own time limit, to load CHGNet or finish a step, before a process is killed."""


class _Worker:
    """A process that evaluates one candidate at a time."""

    def __init__(self, settings: EvaluationSettings) -> None:
        # A forked process would inherit torch's threads in a state that deadlocks.
        context = multiprocessing.get_context("spawn")
        self.connection, theirs = context.Pipe()
        self.process = context.Process(target=_serve, args=(theirs, settings), daemon=True)
        self.process.start()
        theirs.close()

    def kill(self) -> None:
        self.process.kill()
        self.process.join()
        self.connection.close()


@dataclass
class Workers:
    """An evaluator in several processes; they start with the first candidates and end with this object."""

    settings: EvaluationSettings
    processes: int
    grace_s: float = GRACE_S
    _idle: list[_Worker] = field(default_factory=list, init=False, repr=False)

    def __post_init__(self) -> None:
        if self.processes < 1:
            raise ValueError(f"processes is {self.processes}: it takes at least one")

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """See `Evaluator.evaluate`; a process that hangs or dies is replaced, its candidate a failure."""
        waiting = deque(enumerate(zip(candidates, seeds, strict=True)))
        busy: dict[_Worker, tuple[int, float]] = {}
        finished: dict[int, Evaluation] = {}
        try:
            self._hand_out(waiting, busy)
            for due in range(len(candidates)):
                while due not in finished:
                    self._collect(busy, finished)
                    self._hand_out(waiting, busy)
                yield finished.pop(due)
        finally:  # also when nobody wants the rest
            for worker in busy:
                worker.kill()

    def _hand_out(
        self, waiting: deque[tuple[int, tuple[Atoms, int]]], busy: dict[_Worker, tuple[int, float]]
    ) -> None:
        """Give every process something to do."""
        while waiting and len(busy) < self.processes:
            index, task = waiting.popleft()
            worker = self._idle.pop() if self._idle else _Worker(self.settings)
            if not worker.process.is_alive():  # since its last answer
                worker = _Worker(self.settings)
            worker.connection.send(task)
            busy[worker] = index, time.monotonic() + self.settings.time_limit_s + self.grace_s

    def _collect(self, busy: dict[_Worker, tuple[int, float]], finished: dict[int, Evaluation]) -> None:
        """Wait for answers, or for the time of a worker to be up."""
        until = min(deadline for _, deadline in busy.values())
        answered = wait([worker.connection for worker in busy], timeout=max(0.0, until - time.monotonic()))
        for worker, (index, deadline) in list(busy.items()):
            if worker.connection in answered:
                finished[index] = self._received(worker)
            elif time.monotonic() >= deadline:
                worker.kill()
                limit = self.settings.time_limit_s + self.grace_s
                finished[index] = Evaluation(failure=f"the evaluation hung: no answer within {limit:.0f} s")
            else:
                continue
            del busy[worker]

    def _received(self, worker: _Worker) -> Evaluation:
        try:
            evaluation: Evaluation = worker.connection.recv()
        except (EOFError, OSError):
            worker.kill()
            return Evaluation(failure="the process of the evaluation died, perhaps for lack of memory")
        self._idle.append(worker)
        return evaluation


def _serve(connection: Connection, settings: EvaluationSettings) -> None:
    torch.set_num_threads(1)
    evaluator = OneByOne(settings, ChgnetPotential())
    while True:
        try:
            atoms, seed = connection.recv()
        except EOFError:  # whoever asked is gone
            return
        connection.send(next(evaluator.evaluate([atoms], seeds=[seed])))
