"""State of a search as a person follows it."""

import time
from dataclasses import dataclass
from math import isfinite, nan

from sse_assets.generation.history import History
from sse_assets.generation.plan import Plan
from sse_assets.generation.settings import SearchSettings


@dataclass(frozen=True)
class Progress:
    """State of a search after a candidate."""

    plan: Plan
    generation: int
    done: int
    """Number of finished candidates of this generation."""
    of: int
    """Number of candidates of this generation."""
    best_ev_per_atom: float
    """Lowest enthalpy so far; NaN before there is any."""
    candidates_per_minute: float
    """Rate since this process took up the search."""
    least_seconds_left: float
    """Time in s at this rate until the search can converge at the earliest."""

    def __str__(self) -> str:
        minutes = self.least_seconds_left / 60
        best = f"best {self.best_ev_per_atom:.4f} eV/atom, " if isfinite(self.best_ev_per_atom) else ""
        return (
            f"{self.plan.formula} {self.plan.name}: generation {self.generation}, {self.done} of {self.of}, "
            f"{best}{self.candidates_per_minute:.1f} candidates/min"
            + (f", at least {minutes:.0f} min left" if minutes >= 1 else "")
        )


class Watch:
    """Counter of the candidates that this process has evaluated for one search."""

    def __init__(self, plan: Plan, settings: SearchSettings) -> None:
        self._plan, self._history = plan, History(settings)
        self._start, self._counted = time.monotonic(), 0
        self._done = self._of = 0

    def begin(self, history: History, done: int, of: int) -> None:
        """Begin a generation with this number of finished candidates, and of all."""
        self._history, self._done, self._of = history, done, of

    def count(self) -> Progress:
        """Count one candidate, and return the state of the search after it."""
        self._counted += 1
        self._done += 1
        per_second = self._counted / (time.monotonic() - self._start)
        settings, best = self._history.settings, self._history.best[-1] if self._history.best else nan
        flat = self._history.flat_generations + isfinite(best)  # with this generation, if it can be flat
        candidates_to_come = self._of - self._done
        candidates_to_come += max(0, settings.flat_generations - flat) * settings.population
        return Progress(
            plan=self._plan,
            generation=len(self._history.best),
            done=self._done,
            of=self._of,
            best_ev_per_atom=best,
            candidates_per_minute=60 * per_second,
            least_seconds_left=candidates_to_come / per_second,
        )
