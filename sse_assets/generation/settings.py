"""Settings of searches and validation; the defaults of an evolution fit two CPU cores and small cells."""

from dataclasses import asdict, dataclass, field, replace
from math import ceil
from typing import Annotated, Any

from annotated_types import Ge

from sse_assets.atomistics.settings import EVALUATION, EvaluationSettings, Profile
from sse_assets.ranges import check_ranges
from sse_assets.tables.names import Operator

SMALLEST_FRESH_SHARE = 0.15
"""Smallest share of each generation; with less, a search settles on structures of its first generation."""


@dataclass(frozen=True)
class OperatorShares:
    """Share of a generation that each operator makes; a child that cannot be made becomes a fresh cell."""

    seed: float = 0.2
    heredity: float = 0.4
    rattle: float = 0.15
    strain: float = 0.1
    permutation: float = 0.15

    def __post_init__(self) -> None:
        shares = asdict(self)
        if min(shares.values()) < 0 or abs(sum(shares.values()) - 1) > 1e-9:
            raise ValueError(f"the operators' shares {shares} must not be negative and must add up to 1")
        if self.seed < SMALLEST_FRESH_SHARE:
            raise ValueError(f"the share of fresh cells is {self.seed}: at least {SMALLEST_FRESH_SHARE}")

    def operators(self, size: int) -> list[Operator]:
        """Return the operator of each of `size` candidates.

        The share of fresh cells is rounded up, and the other operators share the rest by largest remainders.
        An operator whose share is too small for a generation of this size makes none.
        """
        fresh = ceil(round(self.seed * size, 6))
        weights = {Operator(name): share for name, share in asdict(self).items() if name != Operator.SEED}
        total = sum(weights.values()) or 1.0
        exact = {operator: (size - fresh) * weight / total for operator, weight in weights.items()}
        counts = {operator: int(share) for operator, share in exact.items()}
        behind = sorted(counts, key=lambda operator: counts[operator] - exact[operator])
        for operator in behind[: round(sum(exact.values())) - sum(counts.values())]:
            counts[operator] += 1
        made = [operator for operator in counts for _ in range(counts[operator])]
        return [Operator.SEED] * (size - len(made)) + made


@dataclass(frozen=True)
class SearchSettings:
    """Settings that decide how a search for the structure of one composition ends."""

    population: Annotated[int, Ge(1)] = 12
    """Number of candidates in a generation."""
    parents: Annotated[int, Ge(1)] = 8
    """Number of the best distinct structures so far that may have children."""
    shares: OperatorShares = field(default_factory=OperatorShares)
    replicates: Annotated[int, Ge(1)] = 2
    """Number of independent searches for each cell size."""
    formula_units: tuple[int, ...] = (1, 2, 4)
    """Z of the cells that are searched, where the cell is not larger than `largest_cell`."""
    largest_cell: Annotated[int, Ge(1)] = 10
    """Largest number of atoms in a cell; the smallest Z is searched even above it."""
    flat_generations: Annotated[int, Ge(1)] = 3
    """Number of generations without a change of the best enthalpy that end a search (paper: 3–5)."""
    flat_within_ev_per_atom: float = 1e-3
    """Largest change that counts as none."""
    max_generations: Annotated[int, Ge(1)] = 20
    """Number of generations after which a search ends that has not converged."""
    prototypes: Annotated[int, Ge(0)] = 4
    """Largest number of candidates of the first generation that begin in a known structure type. Zero leaves
    them out, as the paper does."""
    evolve_above_cost: Annotated[float, Ge(0)] = 0.5
    """Cost for each anion of a prototype below which the prototypes are relaxed and nothing evolves: the
    children of such prototypes hardly ever gain (docs/structures.md). Zero always evolves."""
    evolve_small_above_cost: Annotated[float, Ge(0)] = 0.25
    """The same for formulas of up to `largest_cell` atoms, which then evolve beside their relaxed prototypes:
    there an evolution takes minutes, and prototypes alone can miss (docs/structures.md)."""
    seed: Annotated[int, Ge(0)] = 0
    evaluation: EvaluationSettings = EVALUATION[Profile.STATIC]
    """Evaluation of a new candidate. With `Profile.DEFAULT` or `Profile.PAPER` every candidate goes through
    dynamics, as in the paper."""
    dynamics: EvaluationSettings | None = None
    """Evaluation of the best structure that has not been through it, as one more candidate of a generation;
    None leaves it out."""

    def __post_init__(self) -> None:
        check_ranges(self)
        if not self.formula_units or min(self.formula_units) < 1:
            raise ValueError(f"formula_units is {self.formula_units}: it must hold whole numbers above 0")
        if not self.flat_within_ev_per_atom > 0:
            raise ValueError("flat_within_ev_per_atom must be more than 0")

    def identity(self) -> dict[str, Any]:
        """Return the settings that decide which candidates a search makes.

        The number of searches and the rules by which one ends are left out: a finished search can go on from
        its journal under a stricter rule.
        """
        names = ("population", "parents", "shares", "seed", "evaluation", "dynamics")
        values = asdict(self)
        return {name: values[name] for name in names}


SMOKE = SearchSettings(
    population=3,
    parents=3,
    prototypes=1,
    evolve_above_cost=0.0,
    replicates=1,
    formula_units=(1,),
    flat_generations=1,
    max_generations=2,
    evaluation=replace(EVALUATION[Profile.SMOKE], dynamics=None, quench_steps=0),
)
"""Settings of a search so small that it only shows that all parts work: for the sample and the tests."""

LAST_RELAXATION = replace(EVALUATION[Profile.STATIC], relaxation_steps=1000, max_force_ev_a=0.01)
"""Relaxation that gives the cell and the enthalpy of a found structure."""


@dataclass(frozen=True)
class ValidationSettings:
    """Lengths of the dynamics in which a found structure must hold, and its last relaxation."""

    search_ps: float = 20.0
    """Length in ps at the temperature and pressure of the search (paper: 20)."""
    ambient_ps: float = 20.0
    """Length in ps at 300 K and 1 atm (paper: 20)."""
    relaxation: EvaluationSettings = LAST_RELAXATION
    seed: int = 0

    def __post_init__(self) -> None:
        if min(self.search_ps, self.ambient_ps) <= 0:
            raise ValueError("search_ps and ambient_ps must be more than 0")


SMOKE_VALIDATION = ValidationSettings(
    search_ps=0.02, ambient_ps=0.02, relaxation=replace(SMOKE.evaluation, relaxation_steps=20)
)
