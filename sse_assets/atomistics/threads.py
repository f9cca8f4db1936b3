"""How this process computes: with one thread on small matrices and crystals, and without denormal numbers."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import torch
from threadpoolctl import threadpool_limits

_Work = TypeVar("_Work", bound=Callable[..., Any])

one_thread_for_small_matrices: Callable[[_Work], _Work] = threadpool_limits.wrap(limits=1, user_api="blas")
"""Decorator of a function in which ASE moves a cell.

On matrices of 3 × 3, the threads of BLAS only wait for one another, on busy cores for milliseconds each time.
Torch's own threads are not touched.
"""


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Give torch one thread in this process, with which small cells take less time where cores are few.

    Two searches side by side on two cores, each with one thread, take less time too than with two threads.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)


@contextmanager
def tiny_numbers_as_zero() -> Iterator[None]:
    """Let the processor take numbers below 1e-38 as zero, in this thread.

    At bonds near their cutoff gradients become that small, and on some processors each operation on such a
    number takes a hundred times as long.
    """
    torch.set_flush_denormal(True)
    try:
        yield
    finally:
        torch.set_flush_denormal(False)
