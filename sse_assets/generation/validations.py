"""Validations of many structures: side by side in processes, or together on a GPU."""

from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

from ase import Atoms

from sse_assets.atomistics.dynamics_files import steps_done
from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.potential import device_here
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.validation import (
    RUNS,
    Validated,
    ValidationProgress,
    conditions_of,
    validate_together,
)
from sse_assets.generation.winners import UnsettledError
from sse_assets.processes import Lost, Supervisor

_LONGEST_S = 30 * 24 * 3600.0
"""Time in s after which the process of a validation is taken to hang."""
_LOOK_EVERY_S = 10.0
"""Time in s between two looks at how far the dynamics are."""

DynamicsProgress = Callable[[str, str, int, int], None]
"""Function of a composition, or of how many structures move together, one of `RUNS`, its steps done and its
steps in all."""


@dataclass(frozen=True)
class Judged:
    """Structure that is validated, or the sentence on why it cannot be."""

    validated: Validated | None
    why_not: str | None = None


class Validations:
    """Validations under way: together on a GPU at the end, else each in a process of its own.

    With one process they are done in this one, as they are asked for.
    """

    def __init__(self, settings: ValidationSettings, processes: int, progress: DynamicsProgress) -> None:
        self._settings, self._progress = settings, progress
        self._together = device_here() == "cuda"
        apart = processes > 1 and not self._together
        self._supervisor = Supervisor(f"{__name__}:{judged.__name__}", processes) if apart else None
        self._open: dict[int, tuple[str, Path]] = {}
        self._here: dict[str, tuple[Atoms, Path]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._supervisor is not None:
            self._supervisor.close()

    def begin(self, formula: str, atoms: Atoms, folder: Path) -> None:
        """Take the best candidate of a composition, with the folder of its dynamics."""
        if self._supervisor is None:
            self._here[formula] = (atoms, folder)
        else:
            task = ([(atoms, folder)], self._settings)
            self._open[self._supervisor.submit(task, _LONGEST_S)] = (formula, folder)

    def finished(self, *, all_of_them: bool = False) -> Iterator[tuple[str, Judged | Exception]]:
        """Return those that are finished by now, or wait for every one; an error is that of one of them."""
        if self._here and (all_of_them or not self._together):
            here, self._here = self._here, {}
            yield from zip(
                here, judged([*here.values()], self._settings, self._progress_of(here)), strict=True
            )
        while self._open:
            assert self._supervisor is not None
            for number, answer in self._supervisor.finished(_LOOK_EVERY_S if all_of_them else 0.0):
                formula, _ = self._open.pop(number)
                if isinstance(answer, Lost):
                    answer = ChildProcessError(
                        f"{formula}: the process of its validation died, perhaps for lack of memory; the "
                        "next run goes on from its last checkpoint"
                    )
                yield formula, answer[0] if isinstance(answer, list) else answer
            self._look()
            if not all_of_them:
                return

    def _progress_of(self, here: Collection[str]) -> ValidationProgress:
        """Return a function that reports the run of the only composition, or of how many structures it is."""

        def progress(name: str, structures: int, done: int, total: int) -> None:
            several = f"{structures} structure{'s' if structures > 1 else ''}"
            self._progress(next(iter(here)) if len(here) == 1 else several, name, done, total)

        return progress

    def _look(self) -> None:
        """Report how far the dynamics in other processes are: the run that goes on, not the one before it."""
        for formula, folder in self._open.values():
            begun = [(name, done) for name in RUNS if (done := steps_done(folder / name))]
            for name, done in begun[-1:]:
                self._progress(formula, name, done, conditions_of(name, self._settings).steps)


@one_torch_thread()
def judged(
    structures: Sequence[tuple[Atoms, Path]],
    settings: ValidationSettings,
    progress: ValidationProgress = lambda name, structures, done, total: None,
) -> list[Judged | Exception]:
    """Validate structures in this process; return the error of one, so that it stops no other structure."""
    try:
        with evaluators_here(processes=1) as evaluators:
            return [
                Judged(None, str(found)) if isinstance(found, UnsettledError) else Judged(found)
                for found in validate_together(structures, settings, evaluators, progress)
            ]
    except Exception as error:  # noqa: BLE001  # it is handed on as that of the composition
        if len(structures) == 1:
            return [error]
    middle = len(structures) // 2
    halves = (structures[:middle], structures[middle:])
    return [one for half in halves for one in judged(half, settings, progress)]
