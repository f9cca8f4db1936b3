"""A composition placed on the orbits of a prototype: a transportation problem.

Both are counted for the same number of anions. The elements are the goods. The orbits take them, up to one
atom a site. Each ion costs what it costs in the place of those that it replaces. Holes are cheap on the sites
of Li and of large cations, and dear on the framework. Li may find more places than the prototype fills.
"""

from collections.abc import Mapping as ByName
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Self

import numpy as np
from pymatgen.core import Composition
from scipy.optimize import linprog

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.formula import COMPOSITION_TOLERANCE, largest_difference
from sse_assets.prototypes.ions import LARGE_CATIONS, Ion, ions_of, substitution_cost
from sse_assets.prototypes.library import Orbit, Prototype

_SHARE_OF_NEAREST = 0.7
"""Weight of the occupant of a shared site that is most like the new ion; all of them have the rest."""
_UNPLACED = 12.0
"""Cost of an atom that has no place."""
_TRACE = 1e-3
"""Occupancy that counts as none."""
_DECIMALS = 4
"""Decimals of an occupancy in a crystal."""


class UnmappableError(ValueError):
    """A composition that cannot be placed on any prototype; the message says why."""


@dataclass(frozen=True)
class Target:
    """A composition that is to be placed."""

    composition: Composition
    ions: ByName[str, Ion]

    @property
    def symbols(self) -> list[str]:
        """Its elements."""
        return list(self.ions)

    @property
    def per_anion(self) -> np.ndarray:
        """Atoms of each element for one anion, shape (n_elements,)."""
        anions = sum(self.composition[symbol] for symbol in anion_symbols(self.composition))
        return np.array([self.composition[symbol] / anions for symbol in self.ions])

    @property
    def unplaced_costs(self) -> np.ndarray:
        """Cost of an atom that has no place, shape (n_elements,); H must have one."""
        return np.array([np.inf if symbol == "H" else _UNPLACED for symbol in self.symbols])


@dataclass(frozen=True, eq=False)
class Mapping:
    """The cheapest placement of a composition on a prototype."""

    target: Target
    prototype: Prototype
    occupancies: np.ndarray
    """Occupancy of each orbit by each element, shape (n_elements, n_orbits)."""
    cost: float
    """Cost for each anion."""
    slopes: np.ndarray
    """Change of the cost with the atoms of each element for each anion, shape (n_elements,)."""

    @cached_property
    def held(self) -> list[dict[str, float]]:
        """What one site of each orbit holds in the crystal, by symbol: no traces, and one atom at most."""
        orbits = []
        for column in self.occupancies.T:
            there = {
                symbol: round(float(occupancy), _DECIMALS)
                for symbol, occupancy in zip(self.target.symbols, column, strict=True)
                if occupancy > _TRACE
            }
            too_full = max(sum(there.values()), 1.0)
            orbits.append({symbol: occupancy / too_full for symbol, occupancy in there.items()})
        return orbits

    @property
    def keeps_symmetry(self) -> bool:
        """Whether the crystal has the symmetry of its prototype and no more.

        It has if no orbit is empty, and no two that held different atoms hold the same.
        """
        was: dict[frozenset[tuple[str, float]], frozenset[tuple[str, float]]] = {}
        for orbit, there in zip(self.prototype.orbits, self.held, strict=True):
            before = frozenset((ion.symbol, share) for ion, share in orbit.occupants)
            if not there or was.setdefault(frozenset(there.items()), before) != before:
                return False
        return True

    @property
    def is_complete(self) -> bool:
        """Whether the cell holds the composition, but for what rounding leaves out."""
        _, difference = largest_difference(self.content, self.target.composition)
        return abs(difference) <= COMPOSITION_TOLERANCE

    @property
    def content(self) -> Composition:
        """What the sites of the cell hold."""
        amounts = self.occupancies @ self.prototype.multiplicities
        return Composition({s: n for s, n in zip(self.target.symbols, amounts, strict=True) if n > _TRACE})

    @property
    def words(self) -> str:
        """What each orbit holds, and in whose place: `12c Ti: Ti 0.85, Al 0.15; 6b Li: Li 1`."""
        parts = []
        for number, orbit in enumerate(self.prototype.orbits):
            held = [
                f"{symbol} {occupancy:.3g}"
                for symbol, occupancy in zip(self.target.symbols, self.occupancies[:, number], strict=True)
                if occupancy > _TRACE
            ]
            was = "/".join(ion.symbol for ion, _ in orbit.occupants)
            parts.append(f"{orbit.label} {was}: {', '.join(held) or 'empty'}")
        return "; ".join(parts)


def target(composition: Composition) -> Target:
    """Prepare a composition for `place`.

    Raises:
        UnmappableError: if its elements cannot be ions of both signs.
    """
    ions = ions_of(composition)
    if ions is None:
        raise UnmappableError("its elements cannot be ions of both signs")
    return Target(composition, ions)


@dataclass(frozen=True, eq=False)
class Sites:
    """Orbits of one or many prototypes, laid out so that their costs are found in one step."""

    ions: tuple[Ion, ...]
    """Every ion that is on an orbit, once."""
    occupants: np.ndarray
    """Numbers of the ions on each orbit, shape (n_orbits, most), the first repeated where there are fewer."""
    shares: np.ndarray
    """Parts of an orbit's atoms that they are, shape (n_orbits, most); zero where repeated."""
    protons: np.ndarray
    """Whether an orbit holds a proton, shape (n_orbits,)."""
    _found: dict[Ion, np.ndarray] = field(default_factory=dict, repr=False)
    """Costs of the ions that have been asked for."""

    @classmethod
    def of(cls, orbits: Sequence[Orbit]) -> Self:
        """Lay out orbits."""
        ions = tuple(dict.fromkeys(ion for orbit in orbits for ion, _ in orbit.occupants))
        numbers = {ion: number for number, ion in enumerate(ions)}
        most = max(len(orbit.occupants) for orbit in orbits)
        occupants = np.empty((len(orbits), most), dtype=int)
        shares = np.zeros((len(orbits), most))
        for row, orbit in enumerate(orbits):
            occupants[row] = numbers[orbit.occupants[0][0]]
            for column, (ion, occupancy) in enumerate(orbit.occupants):
                occupants[row, column] = numbers[ion]
                shares[row, column] = occupancy / orbit.filled
        protons = np.array([any(_is_proton(ion) for ion, _ in orbit.occupants) for orbit in orbits])
        return cls(ions, occupants, shares, protons)

    def costs(self, target: Target) -> np.ndarray:
        """Return the cost of one atom of each element on each orbit, shape (n_elements, n_orbits).

        A proton is bonded to one anion, at half the distance of any other cation. So it takes no other ion's
        site, and no other ion takes its: that cost is infinite.
        """
        return np.array([self._costs_of(new) for new in target.ions.values()])

    def _costs_of(self, new: Ion) -> np.ndarray:
        if new not in self._found:
            each = np.array([substitution_cost(new, old) for old in self.ions])[self.occupants]
            mean = (each * self.shares).sum(axis=1)
            costs = _SHARE_OF_NEAREST * each.min(axis=1) + (1 - _SHARE_OF_NEAREST) * mean
            self._found[new] = np.where(self.protons != _is_proton(new), np.inf, costs)
        return self._found[new]


def hole_cost(orbit: Orbit) -> float:
    """Return the cost of an atom of an orbit that is not there."""
    if orbit.main.symbol == "Li":
        return 0.5
    if orbit.main.symbol in LARGE_CATIONS:
        return 1.0
    return 4.0 if orbit.main.symbol == "H" else 6.0


def excess_cost(orbit: Orbit) -> float:
    """Return the cost of an atom that a partly filled orbit takes beyond what it holds."""
    if orbit.main.symbol == "Li":
        return 0.4
    return 0.8 if orbit.main.symbol in LARGE_CATIONS else 3.0


def place(target: Target, prototype: Prototype, costs: np.ndarray) -> Mapping | None:
    """Place a composition on a prototype at the lowest cost.

    Args:
        target: composition, with the ions that it consists of.
        prototype: known crystal.
        costs: `Sites.costs` of the prototype's orbits, shape (n_elements, n_orbits).

    Returns:
        None where it cannot be done, as when the prototype has no place for H.
    """
    n_elements, n_orbits = costs.shape
    wanted = target.per_anion * prototype.anions
    multiplicity, filled = prototype.multiplicities, prototype.filled
    orbits, elements = np.eye(n_orbits), np.eye(n_elements)
    none = np.zeros((n_orbits, n_elements))
    on_orbit = np.tile(orbits, (1, n_elements))  # Σ over the elements of the occupancies
    holes = np.array([hole_cost(orbit) for orbit in prototype.orbits])
    excess = np.array([excess_cost(orbit) for orbit in prototype.orbits])
    # Variables: occupancy of each element on each orbit, hole and excess of each orbit, atoms left over.
    prices = np.concatenate(
        [
            (costs * multiplicity).ravel(),
            holes * multiplicity,
            excess * multiplicity,
            target.unplaced_costs,
        ]
    )
    allowed = np.isfinite(prices)
    conserved = np.hstack([np.kron(elements, multiplicity), np.zeros((n_elements, 2 * n_orbits)), elements])
    counted = np.hstack([on_orbit, orbits, -orbits, none])
    room = np.maximum(1.0, filled)
    pairs = np.zeros((len(prototype.exclusions), n_orbits))
    for row, (one, other) in enumerate(prototype.exclusions):
        pairs[row, one] += 1.0
        pairs[row, other] += 1.0
    limits = np.vstack([orbits, pairs])
    at_most = np.concatenate([room, np.maximum(1.0, pairs @ filled)])
    solved = linprog(
        np.where(allowed, prices, 0.0),
        A_ub=np.hstack([limits @ on_orbit, np.zeros((len(limits), 2 * n_orbits + n_elements))]),
        b_ub=at_most,
        A_eq=np.vstack([conserved, counted]),
        b_eq=np.concatenate([wanted, filled]),
        bounds=[(0.0, None if free else 0.0) for free in allowed],
        method="highs",
    )
    if solved.status != 0:
        return None
    return Mapping(
        target,
        prototype,
        solved.x[: n_elements * n_orbits].reshape(n_elements, n_orbits),
        float(solved.fun) / prototype.anions,
        solved.eqlin.marginals[:n_elements],
    )


def _is_proton(ion: Ion) -> bool:
    return ion.symbol == "H" and ion.state > 0
