"""All searches of one composition, and the structure that they agree on or disagree about."""

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.generation.compositions import cell_sizes
from sse_assets.generation.journal import Candidate
from sse_assets.generation.search import Plan, Progress, SearchOutcome, run_search
from sse_assets.generation.settings import SearchSettings

JOURNALS = "journals"
"""Folder of the searches' journals, within that of the composition."""


@dataclass(frozen=True)
class Found:
    """What the searches of one composition found."""

    formula: str
    """Of Z = 1."""
    searches: list[SearchOutcome]

    @property
    def winner(self) -> SearchOutcome | None:
        """The search with the structure of lowest enthalpy per atom; None if no search has any."""
        found = [(search.best.enthalpy_ev_per_atom, search) for search in self.searches if search.best]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    @property
    def best(self) -> Candidate | None:
        """The candidate of lowest enthalpy per atom; None if no search has any."""
        return self.winner.best if self.winner is not None else None

    @property
    def converged(self) -> bool:
        """Whether every search has converged."""
        return all(search.history.converged for search in self.searches)

    @property
    def failure(self) -> str | None:
        """Why there is no structure; None if there is."""
        if self.best is not None:
            return None
        return f"{self.formula}: {self.searches[0].failure}"


def plans(formula: str, settings: SearchSettings) -> list[Plan]:
    """The searches of one composition: every cell size, small ones first, and every replicate of it.

    Args:
        formula: of Z = 1, integer amounts.
    """
    atoms = round(Composition(formula).num_atoms)
    sizes = cell_sizes(atoms, settings.formula_units, settings.largest_cell)
    return [Plan(formula, z, replicate) for z in sizes for replicate in range(settings.replicates)]


def find_structure(
    formula: str,
    settings: SearchSettings,
    folder: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
) -> Found:
    """Carry out, or take up again, every search of one composition.

    Args:
        formula: of Z = 1, integer amounts.
        settings: of every search.
        folder: of this composition; the journals lie in `JOURNALS` there.
        evaluators: makes an evaluator for given settings.
        progress: is told after each candidate.

    Raises:
        JournalError: if the folder holds journals of other searches, or damaged ones.
    """
    return Found(
        formula,
        [
            run_search(plan, settings, folder / JOURNALS / f"{plan.name}.jsonl", evaluators, progress)
            for plan in plans(formula, settings)
        ],
    )
