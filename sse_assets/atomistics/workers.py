"""Evaluation of candidates side by side, in processes of one thread each that may hang or die."""

import functools
from collections.abc import Iterator, Sequence

from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import EvaluationSettings
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.processes import Lost, Supervisor

GRACE_S = 60.0
"""Time in s after a candidate's own limit, to load CHGNet or end a step, before its process is killed."""


class Workers:
    """Evaluator in several processes, with the results of `OneByOne` to the last bit.

    The processes start with the first candidates and end with `close`.
    """

    def __init__(self, settings: EvaluationSettings, processes: int, grace_s: float = GRACE_S) -> None:
        """Take the settings of all candidates and the largest number of processes.

        Raises:
            ValueError: if `processes` is less than one.
        """
        self._settings = settings
        self._limit_s = settings.time_limit_s + grace_s
        self._supervisor = Supervisor(f"{__name__}:{evaluated.__name__}", processes)

    def evaluate(self, candidates: Sequence[Atoms], *, seeds: Sequence[int]) -> Iterator[Evaluation]:
        """See `Evaluator.evaluate`; a candidate whose process hangs or dies is a failure."""
        tasks = [(self._settings, atoms, seed) for atoms, seed in zip(candidates, seeds, strict=True)]
        for answer in self._supervisor.answers(tasks, [self._limit_s] * len(tasks)):
            yield Evaluation(failure=self._reason(answer)) if isinstance(answer, Lost) else answer

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
