"""Evaluation of candidates side by side, in processes of one thread each that may hang or die."""

import functools
from math import inf

from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import EvaluationSettings
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.processes import Lost, Supervisor

GRACE_S = 60.0
"""Time in s after a candidate's own limit, to load CHGNet or end a step, before its process is killed."""


class Workers(Evaluator):
    """Evaluator in several processes, with the results of `OneByOne` to the last bit.

    The processes start with the first candidates and end with `close`.
    """

    def __init__(self, settings: EvaluationSettings, processes: int, grace_s: float = GRACE_S) -> None:
        """Take the settings of all candidates and the largest number of processes.

        Raises:
            ValueError: if `processes` is less than one.
        """
        self._settings, self._processes = settings, processes
        self._limit_s = settings.time_limit_s + grace_s
        self._supervisor = Supervisor(f"{__name__}:{evaluated.__name__}", processes)

    def submit(self, atoms: Atoms, seed: int) -> int:
        """See `Evaluator.submit`."""
        return self._supervisor.submit((self._settings, atoms, seed), self._limit_s)

    def finished(self, patience_s: float = inf) -> list[tuple[int, Evaluation]]:
        """See `Evaluator.finished`; a candidate whose process hangs or dies is a failure."""
        return [
            (number, Evaluation(failure=self._reason(answer)) if isinstance(answer, Lost) else answer)
            for number, answer in self._supervisor.finished(patience_s)
        ]

    def forget(self) -> None:
        """See `Evaluator.forget`."""
        self._supervisor.forget()

    @property
    def has_room(self) -> bool:
        """See `Evaluator.has_room`; one more candidate waits for each process, so that none is idle."""
        return self._supervisor.open_tasks < 2 * self._processes

    def close(self) -> None:
        """End the processes."""
        self._supervisor.close()

    def _reason(self, lost: Lost) -> str:
        if lost.exit_status is None:
            return f"the evaluation hung: no answer within {self._limit_s:.0f} s"
        return "the process of the evaluation died, perhaps for lack of memory"


@one_torch_thread()
def evaluated(settings: EvaluationSettings, atoms: Atoms, seed: int) -> Evaluation:
    """Evaluate one candidate in this process, which loads CHGNet only once."""
    return next(_evaluator(settings).evaluate([atoms], seeds=[seed]))


@functools.cache
def _evaluator(settings: EvaluationSettings) -> OneByOne:
    return OneByOne(settings, ChgnetPotential())
