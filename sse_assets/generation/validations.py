"""Validations of many structures side by side, each in a process of its own."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Self

from ase import Atoms

from sse_assets.atomistics.dynamics import steps_done
from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.validation import RUNS, Validated, conditions_of, validate
from sse_assets.generation.winners import UnsettledError
from sse_assets.processes import Lost, Supervisor

_LONGEST_S = 30 * 24 * 3600.0
"""Time in s after which the process of a validation is taken to hang."""
_LOOK_EVERY_S = 10.0
"""Time in s between two looks at how far the dynamics are."""

DynamicsProgress = Callable[[str, str, int, int], None]
"""Function of a composition, one of `RUNS`, its steps done and its steps in all."""


@dataclass(frozen=True)
class Judged:
    """Structure that is validated, or the sentence on why it cannot be."""

    validated: Validated | None
    why_not: str | None = None


class Validations:
    """Validations under way; with one process they are done in this one, as they are asked for."""

    def __init__(self, settings: ValidationSettings, processes: int, progress: DynamicsProgress) -> None:
        self._settings, self._progress = settings, progress
        self._supervisor = Supervisor(f"{__name__}:{judged.__name__}", processes) if processes > 1 else None
        self._open: dict[int, tuple[str, Path]] = {}
        self._here: list[tuple[str, Judged | Exception]] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._supervisor is not None:
            self._supervisor.close()

    def begin(self, formula: str, atoms: Atoms, folder: Path) -> None:
        """Take the best candidate of a composition, with the folder of its dynamics."""
        if self._supervisor is None:
            self._here.append(
                (formula, judged(atoms, self._settings, folder, partial(self._progress, formula)))
            )
        else:
            task = (atoms, self._settings, folder)
            self._open[self._supervisor.submit(task, _LONGEST_S)] = (formula, folder)

    def finished(self, *, all_of_them: bool = False) -> Iterator[tuple[str, Judged | Exception]]:
        """Return those that are finished by now, or wait for every one; an error is that of one of them."""
        while self._here:
            yield self._here.pop(0)
        while self._open:
            assert self._supervisor is not None
            for number, answer in self._supervisor.finished(_LOOK_EVERY_S if all_of_them else 0.0):
                formula, _ = self._open.pop(number)
                if isinstance(answer, Lost):
                    answer = ChildProcessError(
                        f"{formula}: the process of its validation died, perhaps for lack of memory; the "
                        "next run goes on from its last checkpoint"
                    )
                yield formula, answer
            self._look()
            if not all_of_them:
                return

    def _look(self) -> None:
        """Report how far the dynamics in other processes are: the run that goes on, not the one before it."""
        for formula, folder in self._open.values():
            begun = [(name, done) for name in RUNS if (done := steps_done(folder / name))]
            for name, done in begun[-1:]:
                self._progress(formula, name, done, conditions_of(name, self._settings).steps)


@one_torch_thread()
def judged(
    atoms: Atoms,
    settings: ValidationSettings,
    folder: Path,
    progress: Callable[[str, int, int], None] = lambda name, done, total: None,
) -> Judged | Exception:
    """Validate one structure in this process; return any error, so that it stops no other structure."""
    try:
        with evaluators_here(processes=1) as evaluators:
            return Judged(validate(atoms, settings, folder, evaluators, progress))
    except UnsettledError as error:
        return Judged(None, str(error))
    except Exception as error:  # noqa: BLE001  # it is handed on as that of the composition
        return error
