"""All searches of a composition, or of many in step, and the structures that they find."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from ase import Atoms
from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.generation.compositions import cell_sizes
from sse_assets.generation.in_step import run_in_step
from sse_assets.generation.journal import Candidate
from sse_assets.generation.plan import Plan
from sse_assets.generation.progress import Progress
from sse_assets.generation.search import Search, SearchOutcome
from sse_assets.generation.settings import SearchSettings

JOURNALS = "journals"
"""Name of the folder of the journals, within that of the composition."""


StartingCells = Callable[[Composition, int], Sequence[Atoms]]
"""From the content of a cell and a largest number to the cells in which candidates begin."""


def no_starting_cells(content: Composition, most: int) -> Sequence[Atoms]:
    """Return none, so that every candidate of the first generation is random."""
    return ()


@dataclass(frozen=True)
class Found:
    """Searches of one composition with their results."""

    formula: str
    """Integer formula of one formula unit (Z = 1)."""
    searches: list[SearchOutcome]

    @property
    def winner(self) -> SearchOutcome | None:
        """Search with the structure of lowest enthalpy for each atom; None if no search has a structure."""
        found = [(search.best.enthalpy_ev_per_atom, search) for search in self.searches if search.best]
        return min(found, key=lambda pair: pair[0])[1] if found else None

    @property
    def best(self) -> Candidate | None:
        """Candidate of lowest enthalpy for each atom; None if no search has a structure."""
        return self.winner.best if self.winner is not None else None

    @property
    def converged(self) -> bool:
        """True where every search has converged."""
        return all(search.history.converged for search in self.searches)

    @property
    def failure(self) -> str | None:
        """Sentence on why there is no structure; None if there is one."""
        if self.best is not None:
            return None
        return f"{self.formula}: {self.searches[0].failure}"


def plans(formula: str, settings: SearchSettings) -> list[Plan]:
    """Return a plan for each cell size of a composition, small ones first, and each replicate.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        settings: settings of the searches.
    """
    atoms = round(Composition(formula).num_atoms)
    sizes = cell_sizes(atoms, settings.formula_units, settings.largest_cell)
    return [Plan(formula, z, replicate) for z in sizes for replicate in range(settings.replicates)]


def find_structures(
    folders: Mapping[str, Path],
    settings: SearchSettings,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: Callable[[str], StartingCells] = lambda formula: no_starting_cells,
    *,
    side_processes: int = 0,
) -> Iterator[tuple[str, Found | Exception]]:
    """Carry out every search of many compositions in step, from where an earlier call stopped.

    Args:
        folders: folder of each composition, by its integer formula of one formula unit (Z = 1); the journals
            lie in `JOURNALS` there.
        settings: settings of every search.
        evaluators: function that makes an evaluator for given settings.
        progress: function that is called after each candidate.
        starting_cells: function from a composition to the function that gives the cells in which its searches
            begin.
        side_processes: number of processes that make and compare cells; with 0, a thread does it here.

    Yields:
        Each composition with its searches as the last of them ends, or with the first error of one of them,
        which stops no other composition.

    Raises:
        ChildProcessError: if CHGNet cannot be imported by the processes of the evaluator.
    """
    searches: dict[str, list[Search]] = {}
    owner: dict[Search, str] = {}
    over: dict[str, list[Exception | None]] = {formula: [] for formula in folders}

    def begin(formula: str) -> list[Search]:
        cells, journals = starting_cells(formula), folders[formula] / JOURNALS
        return [
            Search(
                plan,
                settings,
                journals / f"{plan.name}.jsonl",
                cells(plan.composition, settings.prototypes),
            )
            for plan in plans(formula, settings)
        ]

    def each() -> Iterator[Search]:
        for formula in folders:
            searches[formula] = []
            try:
                searches[formula] = begin(formula)
            except Exception as error:  # noqa: BLE001 - one composition never stops the others; it is handed on
                over[formula].append(error)
            owner.update(dict.fromkeys(searches[formula], formula))
            yield from searches[formula]

    def found(formula: str) -> Found | Exception:
        failed = next((one for one in over[formula] if one is not None), None)
        return failed or Found(formula, [one.outcome for one in searches[formula]])

    for search, error in run_in_step(each(), evaluators, progress, side_processes=side_processes):
        formula = owner[search]
        over[formula].append(error)
        if len(over[formula]) == len(searches[formula]):
            yield formula, found(formula)
    for formula in folders:
        if not searches[formula]:
            yield formula, found(formula)


def find_structure(
    formula: str,
    settings: SearchSettings,
    folder: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: StartingCells = no_starting_cells,
    *,
    side_processes: int = 0,
) -> Found:
    """Carry out every search of one composition; see `find_structures`.

    Raises:
        JournalError: if the folder holds journals of other searches, or damaged ones.
        ChildProcessError: if PyXtal or CHGNet cannot be imported by the processes.
    """
    ((_, found),) = find_structures(
        {formula: folder},
        settings,
        evaluators,
        progress,
        lambda _: starting_cells,
        side_processes=side_processes,
    )
    if isinstance(found, Exception):
        raise found
    return found
