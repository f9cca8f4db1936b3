"""Finished generations of a search: its best distinct structures, and whether it has come to its end."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

from sse_assets.generation.duplicates import first_same
from sse_assets.generation.journal import Candidate
from sse_assets.generation.settings import SearchSettings
from sse_assets.tables.names import Operator

_HOPELESS_GENERATIONS = 3
"""Number of generations without any structure after which a search ends."""


@dataclass
class History:
    """Results of the finished generations together."""

    settings: SearchSettings
    population: list[Candidate] = field(default_factory=list)
    """Best distinct structures, best first."""
    duplicates: dict[str, str] = field(default_factory=dict)
    """Ids of candidates that repeat another, with the id of the better or earlier one."""
    best: list[float] = field(default_factory=list)
    """Lowest enthalpy in eV/atom after each generation; infinite before there is any."""
    moved: set[str] = field(default_factory=set)
    """Ids of candidates that went into dynamics or came out of them."""

    def close_generation(self, candidates: Sequence[Candidate]) -> None:
        """Add the candidates of one generation."""
        for candidate in sorted(
            (c for c in candidates if c.failure is None), key=lambda c: (c.enthalpy_ev_per_atom, c.index)
        ):
            self._take(candidate)
        self.population.sort(key=lambda c: (c.enthalpy_ev_per_atom, c.candidate_id))
        self.population = self.population[: self.settings.parents]
        for candidate in candidates:
            if candidate.operator is Operator.DYNAMICS:
                self.moved |= {candidate.candidate_id, *candidate.parents}
        lowest = self.population[0].enthalpy_ev_per_atom if self.population else inf
        self.best.append(min([lowest, *self.best[-1:]]))

    @property
    def flat_generations(self) -> int:
        """Number of generations in which the best enthalpy has not moved."""
        if not self.best or not isfinite(self.best[-1]):
            return 0
        tolerance = self.settings.flat_within_ev_per_atom
        return sum(1 for value in self.best[:-1] if value - self.best[-1] < tolerance)

    @property
    def converged(self) -> bool:
        """True once the best enthalpy has been flat for long enough."""
        return self.flat_generations >= self.settings.flat_generations

    @property
    def ended(self) -> bool:
        """True once the search has converged, is at its limit, or has no structure for too long."""
        hopeless = len(self.best) >= _HOPELESS_GENERATIONS and not isfinite(self.best[-1])
        return self.converged or hopeless or len(self.best) >= self.settings.max_generations

    @property
    def not_moved(self) -> Candidate | None:
        """Best structure that has not been through dynamics; None where all have."""
        return next((c for c in self.population if c.candidate_id not in self.moved), None)

    def _take(self, candidate: Candidate) -> None:
        assert candidate.atoms is not None
        known = [(c.atoms, c.enthalpy_ev_per_atom) for c in self.population]
        same = first_same(candidate.atoms, candidate.enthalpy_ev_per_atom, known)
        if same is None:
            self.population.append(candidate)
            return
        other = self.population[same]
        if candidate.enthalpy_ev_per_atom < other.enthalpy_ev_per_atom:
            self.population[same] = candidate
            candidate, other = other, candidate
        self.duplicates[candidate.candidate_id] = other.candidate_id


def closed(history: History, candidates: Sequence[Candidate]) -> History:
    """Add the candidates of one generation, and return the history (from another process, a copy)."""
    history.close_generation(candidates)
    return history
