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
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import wait
from concurrent.futures.process import BrokenProcessPool
from dataclasses import dataclass
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

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """End the processes, even in the midst of a task; the next tasks start new ones."""
        if self._pool is not None:
            self._pool.stop()
            self._pool.join()
            self._pool = None

    def answers(self, tasks: Sequence[Sequence[Any]], limits_s: Sequence[float]) -> Iterator[Any]:
        """Call the function with the arguments of each task, side by side.

        Args:
            tasks: arguments of each call; they and the answers are pickled.
            limits_s: longest time of each call in s, without the start of its process.

        Yields:
            One answer for each task, in the order of the tasks; `Lost` where there is no answer.

        Raises:
            ChildProcessError: if no process can be started, as where a package is missing.
            Exception: any error of the function itself.
        """
        answered = breakdowns = 0
        try:
            while answered < len(tasks):
                pool = self._working_pool(len(tasks))
                calls = [
                    pool.schedule(_call, args=[limit_s, *task], timeout=limit_s)
                    for task, limit_s in zip(tasks[answered:], limits_s[answered:], strict=True)
                ]
                for call in calls:
                    try:
                        answer = _outcome(call, pool)
                    except BrokenProcessPool:  # no task is to blame: those left are given out again
                        breakdowns += 1
                        break
                    answered, breakdowns = answered + 1, 0
                    yield answer
                if breakdowns == _BREAKDOWNS:
                    raise ChildProcessError(
                        f"{sys.executable} cannot start {self._function} (see the error printed above): "
                        "install this project again"
                    )
        finally:  # also if the caller does not take all answers
            if answered < len(tasks):
                self.close()

    def _working_pool(self, tasks: int) -> ProcessPool:
        size = min(self._processes, tasks)
        if self._pool is not None and (self._size < size or not self._pool.active):
            self.close()
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


def _outcome(call: ProcessFuture, pool: ProcessPool) -> Any:
    while not call.done():
        if not pool.active:
            raise BrokenProcessPool
        wait([call], timeout=_GLANCE_S)
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
