"""The prototype for a composition: the one of lowest cost, and of the nearest composition."""

from bisect import insort
from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pymatgen.core import Lattice

from sse_assets.materials.formula import element_fractions
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Mapping, Sites, Target, hole_cost, place
from sse_assets.prototypes.tangents import Tangents

_PER_DISTANCE = 2.0
"""What the distance of the compositions, Σ|Δx| of the atomic fractions, adds to the cost when two compete."""
_LENGTHS, _DEGREES = 0.05, 2.0
"""Largest relative difference of a cell's edges, and difference of its angles, in one structure type."""
_CONTENT = 0.02
"""Largest relative difference of the anions in two cells of one structure type."""
_ROUNDING = 1e-6
"""Largest error of a cost that a linear program gives, and of a bound that is made from it."""


@dataclass
class _Search:
    """What is known so far of the costs of a composition."""

    target: Target
    costs: np.ndarray
    """`Sites.costs` on every orbit, shape (n_elements, n_orbits)."""
    distances: np.ndarray
    """Σ|Δx| of the atomic fractions from each prototype, shape (n_prototypes,)."""
    simple_bounds: np.ndarray
    """Costs that no placement is below, shape (n_prototypes,); they set the order of the trials."""
    bounds: np.ndarray
    """The same, with what earlier placements tell."""
    placed: dict[int, Mapping | None] = field(default_factory=dict)
    """Placements by number of the prototype; None where there is none for every atom."""


class Chooser:
    """Prototypes, laid out so that the best for a composition is found without placing it on all."""

    def __init__(self, prototypes: Sequence[Prototype]) -> None:
        """Lay out the prototypes whose atoms keep their distances; there is at least one."""
        prototypes = [known for known in prototypes if known.overlap is None]
        self.prototypes = prototypes
        orbits = [orbit for known in prototypes for orbit in known.orbits]
        self._sites = Sites.of(orbits)
        counts = [len(known.orbits) for known in prototypes]
        self._start = np.concatenate([[0], np.cumsum(counts)])
        self._atoms = np.concatenate([known.multiplicities * known.filled for known in prototypes])
        self._holes = np.array([hole_cost(orbit) for orbit in orbits])
        self._anions = np.array([known.anions for known in prototypes])
        elements = sorted({symbol for known in prototypes for symbol in known.fractions})
        self._elements = {symbol: number for number, symbol in enumerate(elements)}
        self._fractions = np.zeros((len(prototypes), len(elements)))
        for row, known in enumerate(prototypes):
            for symbol, fraction in known.fractions.items():
                self._fractions[row, self._elements[symbol]] = fraction
        self._tangents = Tangents()
        self._last: _Search | None = None

    def best(self, target: Target, among: Sequence[int] | None = None) -> tuple[Mapping, float] | None:
        """Return the placement of lowest cost plus distance, and the distance of the compositions.

        Args:
            target: composition to place.
            among: numbers of the prototypes that compete; by default all do.

        Returns:
            None where none has a place for every atom.
        """
        return next(iter(self.ranked(target, 1, among)), None)

    def ranked(
        self, target: Target, most: int, among: Sequence[int] | None = None
    ) -> list[tuple[Mapping, float]]:
        """Return the placements as `best` does, at most so many, the best first."""
        search = self._search(target)
        apart = _PER_DISTANCE * search.distances
        numbers = np.arange(len(self.prototypes)) if among is None else np.asarray(among, dtype=int)
        likely = self._likely_best(search, most, numbers, apart)
        simple = search.simple_bounds + apart
        found: list[tuple[float, Mapping, float]] = []
        for number in numbers[np.argsort(simple[numbers], kind="stable")]:  # decides between equals
            if number in likely:
                if len(found) == most and simple[number] >= found[-1][0]:
                    break
                total = likely[number].cost + float(apart[number])
                found.append((total, likely[number], float(search.distances[number])))
                found = sorted(found, key=lambda one: one[0])[:most]
        return [(mapping, distance) for _, mapping, distance in found]

    def _likely_best(
        self, search: _Search, most: int, numbers: np.ndarray, apart: np.ndarray
    ) -> dict[int, Mapping]:
        """Return the placements of lowest cost plus distance, and some others, by number of the prototype."""
        least = search.bounds + apart
        likely: dict[int, Mapping] = {}
        totals: list[float] = []
        for number in numbers[np.argsort(least[numbers])]:
            if len(totals) >= most and least[number] > totals[most - 1] + _ROUNDING:
                break
            if (mapping := self._placed(search, number)) is not None:
                likely[number] = mapping
                insort(totals, mapping.cost + apart[number])
        return likely

    def is_within(self, target: Target, cost: float) -> bool:
        """Return whether some prototype has a place for every atom at no more than a cost for each anion.

        This is quickly said of most compositions for which none has, as bounds rule most prototypes out.
        """
        search = self._search(target)
        numbers = np.flatnonzero(search.bounds <= cost)
        least = search.simple_bounds[numbers] + _PER_DISTANCE * search.distances[numbers]
        for number in numbers[np.argsort(least, kind="stable")]:
            mapping = self._placed(search, number)
            if mapping is not None and mapping.cost <= cost:
                return True
        return False

    def of_family(self, family: str) -> list[int]:
        """Return the numbers of the prototypes of a family."""
        return [number for number, known in enumerate(self.prototypes) if known.source.family == family]

    def of_cell(self, lattice: Lattice, space_group_number: int, anions: float | None) -> list[int]:
        """Return the numbers of the prototypes with a space group and nearly a cell.

        Args:
            lattice: conventional cell in the standard setting.
            space_group_number: number of its space group.
            anions: anions in that cell; None where they are not known.
        """
        return [
            number
            for number, known in enumerate(self.prototypes)
            if known.space_group_number == space_group_number
            and np.allclose(lattice.abc, known.lattice.abc, rtol=_LENGTHS, atol=0.0)
            and np.allclose(lattice.angles, known.lattice.angles, rtol=0.0, atol=_DEGREES)
            and (anions is None or abs(known.anions / anions - 1.0) <= _CONTENT)
        ]

    def of_content(self, anions: float) -> list[int]:
        """Return the numbers of those that have these anions in a whole number of primitive cells."""
        numbers = []
        for number, known in enumerate(self.prototypes):
            copies = anions / known.primitive_anions
            if round(copies) >= 1 and abs(copies / round(copies) - 1.0) <= _CONTENT:
                numbers.append(number)
        return numbers

    def _search(self, target: Target) -> _Search:
        """Return what is known of a composition; of the last one all that has been found."""
        last = self._last
        if last is not None and last.target is target:
            return last
        costs = self._sites.costs(target)
        simple = self._lower_bounds(target, costs)
        told = self._tangents.bounds(target, len(self.prototypes)) - _ROUNDING
        search = _Search(target, costs, self._distances(target), simple, np.maximum(simple, told))
        self._last = search
        return search

    def _placed(self, search: _Search, number: int) -> Mapping | None:
        """Return the placement on a prototype, None without a place for every atom; keep what it tells."""
        if number not in search.placed:
            costs = search.costs[:, self._start[number] : self._start[number + 1]]
            mapping = place(search.target, self.prototypes[number], costs)
            if mapping is not None and mapping.cost > search.bounds[number] + 2 * _ROUNDING:
                self._tangents.add(mapping, number)
            search.placed[number] = mapping if mapping is not None and mapping.is_complete else None
        return search.placed[number]

    def _distances(self, target: Target) -> np.ndarray:
        """Return Σ|Δx| of the atomic fractions from each prototype, shape (n_prototypes,)."""
        wanted, unknown = np.zeros(len(self._elements)), 0.0
        for symbol, fraction in element_fractions(target.composition).items():
            if symbol in self._elements:
                wanted[self._elements[symbol]] = fraction
            else:
                unknown += fraction
        return np.abs(self._fractions - wanted).sum(axis=1) + unknown

    def _lower_bounds(self, target: Target, costs: np.ndarray) -> np.ndarray:
        """Return a cost for each anion that no placement is below, shape (n_prototypes,).

        Each element takes its cheapest orbit, whoever else is there; or each orbit its cheapest element or a
        hole. In both cases a cell with more atoms than are to be placed keeps its cheapest holes.
        """
        start, wanted = self._start[:-1], target.per_anion
        cheapest = np.minimum.reduceat(costs, start, axis=1)
        by_element = wanted @ np.minimum(cheapest, target.unplaced_costs[:, None])
        filled = np.add.reduceat(self._atoms, start) / self._anions
        least_hole = np.minimum.reduceat(self._holes, start)
        by_element = by_element + np.maximum(filled - wanted.sum(), 0.0) * least_hole
        of_orbits = self._atoms * np.minimum(costs.min(axis=0), self._holes)
        return np.maximum(by_element, np.add.reduceat(of_orbits, start) / self._anions)
