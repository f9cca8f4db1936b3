"""One thread, for linear algebra on small matrices and for torch on small crystals."""

import functools
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import ParamSpec, TypeVar

import torch
from threadpoolctl import threadpool_limits

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def one_thread_for_small_matrices(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorate what has ASE move a cell.

    On matrices of 3 × 3, threads of BLAS only wait for one another, on busy cores for milliseconds each time.
    Torch's own threads are not touched.
    """

    @functools.wraps(work)
    def limited(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with threadpool_limits(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited


@contextmanager
def one_torch_thread() -> Iterator[None]:
    """Give torch one thread in this process: with more, small cells are slower where cores are few.

    Two searches side by side on two cores are faster, too, than one on both.
    """
    threads = torch.get_num_threads()
    torch.set_num_threads(1)
    try:
        yield
    finally:
        torch.set_num_threads(threads)
