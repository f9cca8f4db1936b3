"""Processes for work that may hang or die, on pebble: a lost task costs no other task its answer.

Ground floor. A function is named as `package.module:function`, and only the processes import its module: it
may be large, print, or bring down its process. A process has one thread and serves many tasks. Another one
takes its place if it is lost.
"""

import multiprocessing
import os
import pkgutil
import signal
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import FIRST_COMPLETED, wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
from math import inf
from typing import Any, Self

from pebble import ProcessExpired, ProcessFuture, ProcessPool
from threadpoolctl import threadpool_limits

_BREAKDOWNS = 3
"""Number of pools in a row that break before any answer, after which no further pool is tried."""
_GLANCE_S = 1.0
"""Time in s between two looks at whether the pool of an awaited answer still works."""
_ORPHAN_S = 5.0
"""Time in s after its limit at which a task ends its own process, as nobody is left to stop it."""
_THREADS = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS")


@dataclass(frozen=True)
class Lost:
    """Mark of a task without an answer, because its process hung or died."""

    exit_status: int | None
    """Exit status of the process, with a minus the number of a signal; None if it was killed at its limit."""


class Supervisor:
    """Caller of one function in several processes, which start with the first tasks and end with `close`."""

    def __init__(self, function: str, processes: int) -> None:
        """Take the name of the function, `package.module:function`, and the largest number of processes.

        Raises:
            ValueError: if `processes` is less than one.
        """
        if processes < 1:
            raise ValueError(f"processes is {processes}: it takes at least one")
        self._function, self._processes = function, processes
        self._pool: ProcessPool | None = None
        self._size = 0
        self._submitted = self._breakdowns = 0
        self._tasks: dict[int, tuple[Sequence[Any], float]] = {}
        self._calls: dict[ProcessFuture, int] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Drop the open tasks and end the processes; the next tasks start new ones."""
        self._stop()
        self._calls.clear()
        self._tasks.clear()

    @property
    def open_tasks(self) -> int:
        """Number of tasks whose answers have not been returned."""
        return len(self._tasks)

    def submit(self, task: Sequence[Any], limit_s: float) -> int:
        """Take the arguments of one call; they and the answer are pickled.

        Args:
            task: arguments of the call.
            limit_s: longest time of the call in s, without the start of its process.

        Returns:
            The number under which `finished` returns the answer.
        """
        self._submitted += 1
        self._tasks[self._submitted] = (task, limit_s)
        return self._submitted

    def finished(self, patience_s: float = inf, processes: int | None = None) -> list[tuple[int, Any]]:
        """Wait for answers, and return them with their numbers; `Lost` stands where there is no answer.

        Args:
            patience_s: time in s after which the list may be empty although tasks are open.
            processes: number of processes that new ones are started up to, if not the largest.

        Raises:
            ChildProcessError: if no process can be started, as where a package is missing.
            Exception: any error of the function itself; all open tasks are dropped.
        """
        until = time.monotonic() + patience_s
        answers: list[tuple[int, Any]] = []
        while self._tasks and not answers:
            try:
                answers = self._answers(until, min(self._processes, processes or self._processes))
            except BrokenProcessPool:  # no task is to blame: those left are given out again
                self._calls.clear()
                self._breakdowns += 1
                if self._breakdowns == _BREAKDOWNS:
                    self.close()
                    raise ChildProcessError(
                        f"{sys.executable} cannot start {self._function} (see the error printed above): "
                        "install this project again"
                    ) from None
            except BaseException:
                self.close()
                raise
            if time.monotonic() >= until:
                break
        return answers

    def forget(self) -> None:
        """Drop the open tasks, and end the processes if there are any."""
        if self._tasks:
            self.close()

    def answers(self, tasks: Sequence[Sequence[Any]], limits_s: Sequence[float]) -> Iterator[Any]:
        """Call the function with the arguments of each task, side by side; nothing else may be open.

        Yields:
            One answer for each task, in the order of the tasks; `Lost` where there is no answer.

        Raises:
            ChildProcessError: if no process can be started, as where a package is missing.
            Exception: any error of the function itself.
        """
        numbers = [self.submit(task, limit_s) for task, limit_s in zip(tasks, limits_s, strict=True)]
        there: dict[int, Any] = {}
        try:
            for number in numbers:
                while number not in there:
                    there.update(self.finished(processes=len(tasks)))
                yield there.pop(number)
        finally:  # also if the caller does not take all answers
            self.forget()

    def _answers(self, until: float, processes: int) -> list[tuple[int, Any]]:
        pool = self._working_pool(processes)
        if pool.active:
            given = set(self._calls.values())
            for number, (task, limit_s) in self._tasks.items():
                if number not in given:
                    self._calls[pool.schedule(_call, args=[limit_s, *task], timeout=limit_s)] = number
        glance = max(0.0, min(_GLANCE_S, until - time.monotonic()))
        wait(self._calls, timeout=glance, return_when=FIRST_COMPLETED)
        done = [call for call in self._calls if call.done()]
        answers = []
        for call in done:
            try:
                answer = _outcome(call)
            except BrokenProcessPool:
                break
            number = self._calls.pop(call)
            del self._tasks[number]
            answers.append((number, answer))
            self._breakdowns = 0
        if not answers and (done or not pool.active):
            raise BrokenProcessPool
        return answers

    def _working_pool(self, size: int) -> ProcessPool:
        if self._pool is not None and not self._calls and (self._size < size or not self._pool.active):
            self._stop()
        if self._pool is None:
            # A forked process would inherit the threads of torch and Dagster in a state that deadlocks.
            self._pool = ProcessPool(
                size,
                initializer=_begin,
                initargs=[self._function],
                context=multiprocessing.get_context("spawn"),
            )
            self._size = size
        return self._pool

    def _stop(self) -> None:
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None


def _outcome(call: ProcessFuture) -> Any:
    try:
        return call.result()
    except TimeoutError:
        return Lost(None)
    except ProcessExpired as error:
        return Lost(None if error.exitcode == -signal.SIGALRM else error.exitcode)


_function: Callable[..., Any]
"""Function that this process calls."""


def _begin(function: str) -> None:
    """Prepare a new process, so that it has one thread, ends at once on SIGTERM, and prints nothing."""
    global _function
    os.environ.update(dict.fromkeys(_THREADS, "1"))
    _function = pkgutil.resolve_name(function)
    threadpool_limits(1)  # for libraries that were imported with the main module, before this
    signal.signal(signal.SIGTERM, signal.SIG_DFL)  # Python's own handler would wait for the end of C code
    nowhere = os.open(os.devnull, os.O_WRONLY)
    for stream in (sys.stdout, sys.stderr):
        os.dup2(nowhere, stream.fileno())
    os.close(nowhere)


def _call(limit_s: float, *arguments: Any) -> Any:
    signal.setitimer(signal.ITIMER_REAL, limit_s + _ORPHAN_S)
    try:
        return _function(*arguments)
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
