"""Many searches in step: their candidates are evaluated together, and their generations made meanwhile.

A search has one turn at a time, in a thread, whose heavy work other processes do. The evaluators run in the
thread of the caller. Another search begins whenever the evaluators would otherwise run out of candidates.
"""

import functools
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import ExitStack, closing
from math import inf
from pathlib import Path
from queue import SimpleQueue
from time import monotonic

from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluator, EvaluatorFactory
from sse_assets.generation.plan import Plan
from sse_assets.generation.progress import Progress
from sse_assets.generation.proposals import Proposal
from sse_assets.generation.search import Evaluated, Search, SearchOutcome, Turn
from sse_assets.generation.settings import SearchSettings
from sse_assets.generation.side_work import SideWork
from sse_assets.tables.names import Operator

_GLANCE_S = 0.1
"""Time in s between two looks at everything that goes on at once."""


def run_search(
    plan: Plan,
    settings: SearchSettings,
    journal_path: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: Sequence[Atoms] = (),
) -> SearchOutcome:
    """Carry out one search until its best enthalpy is flat, from the last finished candidate in the journal.

    Args:
        plan: composition, cell size and replicate.
        settings: settings of the search.
        journal_path: path of the journal.
        evaluators: function that makes an evaluator for given settings.
        progress: function that is called after each candidate.
        starting_cells: cells that candidates of the first generation begin in; the others are random.

    Raises:
        JournalError: if the journal is that of another search, or damaged.
        ChildProcessError: if PyXtal or CHGNet cannot be imported.
    """
    search = Search(plan, settings, journal_path, starting_cells)
    for _, error in run_in_step([search], evaluators, progress):
        if error is not None:
            raise error
    return search.outcome


def run_in_step(
    searches: Iterable[Search],
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    *,
    side_processes: int = 0,
) -> Iterator[tuple[Search, Exception | None]]:
    """Carry out searches until each has ended; what they find does not depend on one another.

    Args:
        searches: searches, each taken when it is to begin.
        evaluators: function that makes an evaluator for given settings.
        progress: function that is called after each candidate, in this thread.
        side_processes: number of processes that make and compare cells; with 0, a thread does it here.

    Yields:
        Each search as it ends; with an error where it could not go on, which stops no other search.

    Raises:
        ChildProcessError: if CHGNet cannot be imported by the processes of the evaluator.
    """
    with ExitStack() as stack:
        scheduler = stack.enter_context(closing(_Scheduler(evaluators, progress, side_processes)))
        waiting = iter(searches)
        more = True
        while more or scheduler.busy:
            if more and scheduler.has_room:
                search = next(waiting, None)
                if search is None:
                    more = False
                else:
                    stack.callback(search.close)
                    scheduler.begin(search)
                continue
            yield from scheduler.go_on()


class _Scheduler:
    """Turns of searches, and candidates at the evaluators."""

    def __init__(
        self, evaluators: EvaluatorFactory, progress: Callable[[Progress], None], side_processes: int
    ) -> None:
        self._evaluator = functools.cache(evaluators)
        self._progress = progress
        self._hands = [SideWork(apart=side_processes > 0) for _ in range(max(1, side_processes))]
        self._free: SimpleQueue[SideWork] = SimpleQueue()
        for hand in self._hands:
            self._free.put(hand)
        self._threads = ThreadPoolExecutor(len(self._hands), thread_name_prefix="search")
        self._turns: dict[Future[Turn], Search] = {}
        self._evaluated: dict[Search, list[Evaluated]] = defaultdict(list)
        self._out: dict[Evaluator, dict[int, tuple[Search, Proposal]]] = {}
        self._last = monotonic()

    @property
    def busy(self) -> bool:
        """True while a search has a turn or a candidate is out."""
        return bool(self._turns or any(self._out.values()))

    @property
    def has_room(self) -> bool:
        """True where one more search would keep evaluators or processes from waiting."""
        hungry = all(evaluator.has_room for evaluator in self._out)
        return hungry and len(self._turns) <= len(self._hands)

    def begin(self, search: Search) -> None:
        """Give a search its first turn."""
        self._turn(search)

    def go_on(self) -> list[tuple[Search, Exception | None]]:
        """Hand on what is ready, and return the searches that have ended."""
        ended = [over for over in map(self._after, [f for f in self._turns if f.done()]) if over is not None]
        evaluators = [evaluator for evaluator, out in self._out.items() if out]
        alone = len(evaluators) + bool(self._turns) == 1
        if not evaluators and not ended:
            wait(self._turns, return_when=FIRST_COMPLETED)
        for evaluator in evaluators:
            self._collect(evaluator, inf if alone else _GLANCE_S)
        return ended

    def close(self) -> None:
        """Drop the candidates that are out, and end threads and processes."""
        self._threads.shutdown(cancel_futures=True)
        for hand in self._hands:
            hand.close()
        for evaluator in self._out:
            evaluator.forget()

    def _turn(self, search: Search) -> None:
        evaluated = self._evaluated.pop(search, [])

        def turn() -> Turn:
            hand = self._free.get()
            try:
                return search.turn(evaluated, hand)
            finally:
                self._free.put(hand)

        self._turns[self._threads.submit(turn)] = search

    def _after(self, future: Future[Turn]) -> tuple[Search, Exception | None] | None:
        """Submit what a turn proposes; return the search if it is over."""
        search = self._turns.pop(future)
        error = future.exception()
        if error is not None:
            self._drop(search)
            if isinstance(error, Exception):
                return search, error
            raise error
        turn = future.result()
        for progress in turn.progress:
            self._progress(progress)
        for proposal in turn.proposals:
            settings = search.settings.evaluation
            if proposal.candidate.operator is Operator.DYNAMICS:
                assert search.settings.dynamics is not None
                settings = search.settings.dynamics
            evaluator, atoms = self._evaluator(settings), proposal.candidate.atoms
            assert atoms is not None  # a candidate without atoms has failed, and is not proposed
            number = evaluator.submit(atoms, proposal.velocity_seed)
            self._out.setdefault(evaluator, {})[number] = (search, proposal)
        if search in self._evaluated:
            self._turn(search)
        return (search, None) if search.ended else None

    def _collect(self, evaluator: Evaluator, patience_s: float) -> None:
        """Take evaluations, and give each search that has some a turn unless it has one."""
        found, out = evaluator.finished(patience_s), self._out[evaluator]
        now = monotonic()
        seconds = (now - self._last) / max(1, len(found))
        self._last = now if found else self._last
        for number, evaluation in found:
            if number in out:
                search, proposal = out.pop(number)
                self._evaluated[search].append(Evaluated(proposal, evaluation, seconds))
        for search in [one for one in self._evaluated if one not in self._turns.values()]:
            self._turn(search)

    def _drop(self, search: Search) -> None:
        """Forget a search that cannot go on; evaluations that still come are left alone."""
        self._evaluated.pop(search, None)
        for out in self._out.values():
            for number in [number for number, (owner, _) in out.items() if owner is search]:
                del out[number]
