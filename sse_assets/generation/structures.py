"""All searches of a composition, or of many in step, and the structures that they find."""

import json
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from math import inf
from pathlib import Path

import numpy as np
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.generation.compositions import cell_formula, cell_sizes
from sse_assets.generation.in_step import run_in_step
from sse_assets.generation.journal import Candidate
from sse_assets.generation.plan import Plan
from sse_assets.generation.progress import Progress
from sse_assets.generation.search import Search, SearchOutcome
from sse_assets.generation.settings import SearchSettings
from sse_assets.materials.solids import LARGEST_CELL
from sse_assets.tables.names import Operator

_DECIMALS = 9
"""Decimals of the cells, in Å, in which a search begins."""
JOURNALS = "journals"
"""Name of the folder of the journals, within that of the composition."""


@dataclass(frozen=True)
class Start:
    """Cell in which a candidate begins, and the known structure that it is made from."""

    atoms: Atoms
    parent_id: str
    cost_per_anion: float


@dataclass(frozen=True)
class StartingCells:
    """Functions that give the cells in which candidates begin; by default there are none."""

    of_content: Callable[[Composition, int], Sequence[Start]] = lambda content, most: ()
    """From the content of a cell and a largest number to cells of that content."""
    of_cheap_prototypes: Callable[[str, float, int], Sequence[Start]] = lambda formula, below, most: ()
    """From a formula, the cost that a prototype must not reach and a largest number to cells of any size, all
    of this composition or all of one near to it."""


NO_STARTING_CELLS = StartingCells()
"""None, so that every candidate of the first generation is random."""


@dataclass(frozen=True)
class Found:
    """Searches of one composition with their results."""

    formula: str
    """Integer formula of one formula unit (Z = 1)."""
    searches: list[SearchOutcome]
    starts: Mapping[str, Sequence[Start]] = field(default_factory=dict)
    """Cells in which the candidates of each search began, by its name."""

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
    def start(self) -> Start | None:
        """Cell in which the best candidate began; None if it did not begin in a known structure type."""
        if self.winner is None or self.best is None or self.best.operator is not Operator.PROTOTYPE:
            return None
        return self.starts[self.winner.plan.name][self.best.index]

    @property
    def converged(self) -> bool:
        """True where every search has converged."""
        return all(search.history.converged for search in self.searches)

    @property
    def failure(self) -> str | None:
        """Sentence on why there is no structure; None if there is one."""
        if self.best is not None:
            return None
        if not self.searches:
            return f"{self.formula}: no known structure type is near, and no cell is small enough to evolve"
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


@dataclass(frozen=True)
class PlannedSearch:
    """One search that is to be carried out."""

    plan: Plan
    settings: SearchSettings
    starts: Sequence[Start]
    """Cells in which candidates of the first generation begin."""


def planned_searches(
    formula: str, settings: SearchSettings, folder: Path, starting_cells: StartingCells
) -> list[PlannedSearch]:
    """Return the searches of a composition: its cheap prototypes, and an evolution for each cell size.

    Prototypes alone are a search for each of their cell sizes with one generation. Nothing evolves beside
    them unless the formula is small and none of them is very cheap. A call that was killed
    goes on with the cells that it began with, whatever the library of prototypes holds by now.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        settings: settings of every search.
        folder: folder of this composition, where the cells are kept.
        starting_cells: functions that give the cells.
    """
    atoms = round(Composition(formula).num_atoms)
    cheap: list[Start] = []
    if settings.prototypes and settings.evolve_above_cost:
        cheap = _kept(
            folder / "prototypes_alone.json",
            lambda: starting_cells.of_cheap_prototypes(
                formula, settings.evolve_above_cost, settings.prototypes
            ),
        )
    alone = _alone(formula, settings, cheap)
    cost = min((start.cost_per_anion for start in cheap), default=inf)
    enough = settings.evolve_small_above_cost if atoms <= settings.largest_cell else inf
    if atoms > LARGEST_CELL or (alone and cost <= enough):
        return alone
    evolved = [
        PlannedSearch(
            plan,
            settings,
            _kept(
                folder / f"prototypes_z{plan.z}.json",
                partial(starting_cells.of_content, plan.composition, settings.prototypes),
            ),
        )
        for plan in plans(formula, settings)
    ]
    names = {one.plan.name for one in evolved}  # the cells of these sizes are in their first generations
    return [*(one for one in alone if one.plan.name not in names), *evolved]


def _alone(formula: str, settings: SearchSettings, starts: Sequence[Start]) -> list[PlannedSearch]:
    """Return a search of one generation for each cell size of the starts."""
    by_size: dict[int, list[Start]] = {}
    for start in starts:
        by_size.setdefault(len(start.atoms), []).append(start)
    searches = []
    for _, alike in sorted(by_size.items()):
        content = Composition(Counter(alike[0].atoms.symbols))
        unit, z = Composition(formula), content.num_atoms / Composition(formula).num_atoms
        if not (z.is_integer() and content.almost_equals(unit * z)):
            unit, z = content.get_reduced_composition_and_factor()
        searches.append(
            PlannedSearch(
                Plan(cell_formula(unit), round(z), replicate=0),
                replace(settings, population=len(alike), flat_generations=1, max_generations=1),
                alike,
            )
        )
    return searches


def _kept(file: Path, make: Callable[[], Sequence[Start]]) -> list[Start]:
    """Return the cells in a file, which are made and written if there is none."""
    if not file.exists():
        lines = [
            {
                "numbers": start.atoms.numbers.tolist(),
                # The last bits, which one more crystal in the library changes, do not make another search.
                "positions": _rounded(start.atoms.positions),
                "cell": _rounded(start.atoms.cell.array),
                "parent_id": start.parent_id,
                "cost_per_anion": start.cost_per_anion,
            }
            for start in make()
        ]
        file.parent.mkdir(parents=True, exist_ok=True)
        part = file.with_suffix(".part")
        part.write_text(json.dumps(lines))
        part.replace(file)
    return [
        Start(
            Atoms(line["numbers"], line["positions"], cell=line["cell"], pbc=True),
            line["parent_id"],
            line["cost_per_anion"],
        )
        for line in json.loads(file.read_text())
    ]


def _rounded(values: np.ndarray) -> list[list[float]]:
    """Return numbers without their last bits; zero has no sign."""
    rounded: list[list[float]] = (values.round(_DECIMALS) + 0.0).tolist()
    return rounded


def find_structures(
    folders: Mapping[str, Path],
    settings: SearchSettings,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: Callable[[str], StartingCells] = lambda formula: NO_STARTING_CELLS,
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
        starting_cells: function from a composition to the functions that give the cells in which its searches
            begin.
        side_processes: number of processes that make and compare cells; with 0, a thread does it here.

    Yields:
        Each composition with its searches as the last of them ends, or with the first error of one of them,
        which stops no other composition.

    Raises:
        ChildProcessError: if CHGNet cannot be imported by the processes of the evaluator.
    """
    searches: dict[str, list[Search]] = {}
    starts: dict[str, dict[str, Sequence[Start]]] = {}
    owner: dict[Search, str] = {}
    over: dict[str, list[Exception | None]] = {formula: [] for formula in folders}

    def begin(formula: str) -> list[Search]:
        folder = folders[formula]
        planned = planned_searches(formula, settings, folder, starting_cells(formula))
        starts[formula] = {one.plan.name: one.starts for one in planned}
        return [
            Search(
                one.plan,
                one.settings,
                folder / JOURNALS / f"{one.plan.name}.jsonl",
                [start.atoms for start in one.starts],
            )
            for one in planned
        ]

    def each() -> Iterator[Search]:
        for formula in folders:
            searches[formula] = []
            try:
                searches[formula] = begin(formula)
            except Exception as error:  # noqa: BLE001  # it is handed on as that of the composition
                over[formula].append(error)
            owner.update(dict.fromkeys(searches[formula], formula))
            yield from searches[formula]

    def found(formula: str) -> Found | Exception:
        failed = next((one for one in over[formula] if one is not None), None)
        return failed or Found(formula, [one.outcome for one in searches[formula]], starts[formula])

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
    starting_cells: StartingCells = NO_STARTING_CELLS,
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
