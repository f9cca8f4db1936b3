"""One thread for the linear algebra of ASE's cells."""

import functools
from collections.abc import Callable
from typing import ParamSpec, TypeVar

from threadpoolctl import threadpool_limits

_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


def one_thread_for_small_matrices(work: Callable[_Arguments, _Result]) -> Callable[_Arguments, _Result]:
    """Decorates what has ASE move a cell.

    On matrices of 3 × 3, threads of BLAS only wait for one another, on busy cores for milliseconds each time.
    Torch's own threads are not touched.
    """

    @functools.wraps(work)
    def limited(*args: _Arguments.args, **kwargs: _Arguments.kwargs) -> _Result:
        with threadpool_limits(limits=1, user_api="blas"):
            return work(*args, **kwargs)

    return limited
