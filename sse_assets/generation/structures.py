"""All searches of one composition, and the structure that they find."""

import json
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from ase import Atoms
from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.generation.compositions import cell_formula, cell_sizes
from sse_assets.generation.journal import Candidate
from sse_assets.generation.search import Plan, Progress, SearchOutcome, run_search
from sse_assets.generation.settings import SearchSettings
from sse_assets.materials.solids import LARGEST_CELL
from sse_assets.tables.names import Operator

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
    """Return the searches of a composition: its cheap prototypes alone, or an evolution for each cell size.

    Prototypes alone are a search for each of their cell sizes with one generation. A call that was killed
    goes on with the cells that it began with, whatever the library of prototypes holds by now.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        settings: settings of every search.
        folder: folder of this composition, where the cells are kept.
        starting_cells: functions that give the cells.
    """
    if settings.prototypes and settings.evolve_above_cost:
        alone = _kept(
            folder / "prototypes_alone.json",
            lambda: starting_cells.of_cheap_prototypes(
                formula, settings.evolve_above_cost, settings.prototypes
            ),
        )
        if alone:
            return _alone(formula, settings, alone)
    atoms = round(Composition(formula).num_atoms)
    if atoms > LARGEST_CELL:
        return []
    return [
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
                "positions": start.atoms.positions.tolist(),
                "cell": start.atoms.cell.array.tolist(),
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


def find_structure(
    formula: str,
    settings: SearchSettings,
    folder: Path,
    evaluators: EvaluatorFactory,
    progress: Callable[[Progress], None] = lambda progress: None,
    starting_cells: StartingCells = NO_STARTING_CELLS,
) -> Found:
    """Carry out every search of one composition, from where an earlier call stopped.

    Args:
        formula: integer formula of one formula unit (Z = 1).
        settings: settings of every search.
        folder: folder of this composition; the journals lie in `JOURNALS` there.
        evaluators: function that makes an evaluator for given settings.
        progress: function that is called after each candidate.
        starting_cells: functions that give the cells in which a search begins.

    Raises:
        JournalError: if the folder holds journals of other searches, or damaged ones.
    """
    searches = planned_searches(formula, settings, folder, starting_cells)
    return Found(
        formula,
        [
            run_search(
                search.plan,
                search.settings,
                folder / JOURNALS / f"{search.plan.name}.jsonl",
                evaluators,
                progress,
                [start.atoms for start in search.starts],
            )
            for search in searches
        ],
        {search.plan.name: search.starts for search in searches},
    )
