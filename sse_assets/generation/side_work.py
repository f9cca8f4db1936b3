"""Work of a search beside its evaluations: fresh cells, children, recognition of structures, symmetry."""

from collections.abc import Callable
from typing import Any, ParamSpec, TypeVar

from sse_assets.generation.seeds import SeedMaker
from sse_assets.processes import Lost, Supervisor

_TIME_LIMIT_S = 600.0
"""Longest time in s for one piece of work in another process; it takes seconds."""
_Arguments = ParamSpec("_Arguments")
_Result = TypeVar("_Result")


class SideWork:
    """Doer of that work: PyXtal, which may hang, has a process, and so has the rest if it is to be apart."""

    def __init__(self, *, apart: bool) -> None:
        """Say whether the rest is done in a process of its own, beside this one."""
        self.seeds = SeedMaker()
        self._process = Supervisor(f"{__name__}:{call.__name__}", 1) if apart else None

    def do(
        self,
        function: Callable[_Arguments, _Result],
        *arguments: _Arguments.args,
        **named: _Arguments.kwargs,
    ) -> _Result:
        """Return the result of a function, which is the same in either process.

        A process that hangs or dies costs time alone: the work is done here.
        """
        if self._process is not None:
            (answer,) = self._process.answers([(function, arguments, named)], [_TIME_LIMIT_S])
            if not isinstance(answer, Lost):
                return answer
        return function(*arguments, **named)

    def close(self) -> None:
        """End the processes."""
        self.seeds.close()
        if self._process is not None:
            self._process.close()


def call(function: Callable[..., Any], arguments: tuple[Any, ...], named: dict[str, Any]) -> Any:
    """Call a function, in a process that does nothing else."""
    return function(*arguments, **named)
