"""Known crystals as prototypes: symmetry orbits with their multiplicity, their occupants and their room."""

from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from pymatgen.core import Composition, Lattice, Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.formula import composition_key, element_fractions
from sse_assets.materials.short_bonds import overlap
from sse_assets.materials.symmetry import SYMPREC, normalised_symbol, symmetry_dataset
from sse_assets.prototypes.ions import Ion, ions_of

_MOST_SITES = 400
"""Sites in the conventional cell; the largest of OBELiX has 256."""
_CATIONS_APART_A = 1.75
"""Two sites of cations that are closer are the alternatives of one atom; no two cations come closer."""
_APART_A = 1.2
"""The same for any other two sites; shorter bonds are those of H and C."""
_SHORT_BONDS = frozenset({"H", "C"})
_CENTRINGS = {"P": 1, "A": 2, "B": 2, "C": 2, "I": 2, "R": 3, "F": 4}
"""Primitive cells in the conventional one, by the first letter of the space group."""


class NoPrototypeError(ValueError):
    """A crystal that cannot serve as a prototype; the message says why."""


@dataclass(frozen=True)
class Orbit:
    """Sites that symmetry makes alike."""

    label: str
    """Multiplicity in the conventional cell and Wyckoff letter: `12c`."""
    sites: tuple[int, ...]
    """Their numbers in the prototype's cell."""
    occupants: tuple[tuple[Ion, float], ...]
    """What one site holds, with occupancies."""

    @property
    def filled(self) -> float:
        """Sum of the occupancies of one site."""
        return sum(occupancy for _, occupancy in self.occupants)

    @property
    def main(self) -> Ion:
        """The ion that holds most of a site."""
        return max(self.occupants, key=lambda occupant: occupant[1])[0]


@dataclass(frozen=True)
class Source:
    """Where a known crystal comes from."""

    structure_id: str
    formula: str
    """Composition, as its measurement or its database has it."""
    doi: str | None = None
    """Its paper; several are parted by |."""
    family: str | None = None
    """Structural family, as curation names it; None where nothing says it."""
    is_type: bool = False
    """Whether it stands for a structure type, and not for an electrolyte or a computed crystal of one."""


@dataclass(frozen=True, eq=False)
class Prototype:
    """A known crystal that other compositions can be placed in."""

    source: Source
    lattice: Lattice
    """Conventional cell in the standard setting of spglib."""
    places: np.ndarray
    """Fractional coordinates of its sites, shape (n_sites, 3)."""
    space_group: str
    space_group_number: int
    orbits: tuple[Orbit, ...]
    exclusions: tuple[tuple[int, int], ...]
    """Pairs of orbits whose sites are so close that an atom is on one or on the other; an orbit may be paired
    with itself."""
    anions: float
    """Anions in the cell; with reversed signs, what the type has for cations."""
    overlap: str | None = None
    """Why no other crystal is made from it, two atoms that are too close; None where it is sound."""
    reversed: bool = False
    """Whether the places of cations and anions are exchanged, as antifluorite does with fluorite."""

    @cached_property
    def composition(self) -> Composition:
        """Content of the cell by elements."""
        content: dict[str, float] = defaultdict(float)
        for occupants in self._occupants:
            for ion, share in occupants:
                content[ion.symbol] += share
        return Composition(content)

    @cached_property
    def structure(self) -> Structure:
        """The crystal, partial occupancies kept."""
        species = [{ion.symbol: share for ion, share in occupants} for occupants in self._occupants]
        return Structure(self.lattice, species, self.places)

    @property
    def _occupants(self) -> list[tuple[tuple[Ion, float], ...]]:
        """What each site holds."""
        by_site = {site: orbit.occupants for orbit in self.orbits for site in orbit.sites}
        return [by_site[site] for site in range(len(self.places))]

    @cached_property
    def key(self) -> str:
        """Composition key of the crystal."""
        return composition_key(self.composition)

    @cached_property
    def fractions(self) -> Mapping[str, float]:
        """Atomic fractions by element."""
        return element_fractions(self.composition)

    @cached_property
    def standard_lattice(self) -> Lattice | None:
        """Conventional lattice as spglib's standard has it; None where it now finds another space group."""
        found = symmetry_dataset(self.structure)
        return Lattice(found.std_lattice) if found and found.number == self.space_group_number else None

    @property
    def primitive_anions(self) -> float:
        """Anions in the primitive cell."""
        return self.anions / _CENTRINGS[self.space_group[0]]

    @cached_property
    def multiplicities(self) -> np.ndarray:
        """Sites of each orbit, shape (n_orbits,)."""
        return np.array([len(orbit.sites) for orbit in self.orbits], dtype=float)

    @cached_property
    def filled(self) -> np.ndarray:
        """Sum of the occupancies of one site of each orbit, shape (n_orbits,)."""
        return np.array([orbit.filled for orbit in self.orbits])


def prototype(structure: Structure, source: Source) -> Prototype:
    """Read a crystal as a prototype.

    Raises:
        NoPrototypeError: if it has no symmetry that can be found, too many sites, or no ionic charges.
    """
    structure = structure.copy()
    structure.remove_oxidation_states()
    ions = ions_of(structure.composition)
    if ions is None:
        raise NoPrototypeError("its elements cannot be ions of both signs")
    analyzer = SpacegroupAnalyzer(structure, symprec=SYMPREC)
    dataset = analyzer.get_symmetry_dataset()
    if dataset is None or len(dataset.std_types) > _MOST_SITES:
        raise NoPrototypeError(f"it has no symmetry, or more than {_MOST_SITES} sites in its cell")
    conventional = analyzer.get_refined_structure()
    refined = SpacegroupAnalyzer(conventional, symprec=SYMPREC).get_symmetry_dataset()
    if refined is None or refined.number != dataset.number:
        raise NoPrototypeError("its conventional cell has another symmetry")
    members: dict[int, list[int]] = {}
    for site, orbit in enumerate(refined.crystallographic_orbits):
        members.setdefault(int(orbit), []).append(site)
    orbits = tuple(
        Orbit(
            f"{len(sites)}{refined.wyckoffs[sites[0]]}",
            tuple(sites),
            tuple(
                (ions[symbol], float(occupancy))
                for symbol, occupancy in conventional[sites[0]].species.get_el_amt_dict().items()
            ),
        )
        for sites in members.values()
    )
    content = conventional.composition.element_composition
    return Prototype(
        source,
        conventional.lattice,
        conventional.frac_coords,
        normalised_symbol(dataset.international),
        int(dataset.number),
        orbits,
        _exclusions(conventional, orbits),
        sum(content[symbol] for symbol in anion_symbols(content)),
        overlap(conventional),
    )


def with_signs_reversed(known: Prototype) -> Prototype:
    """Return the type with the places of cations and anions exchanged.

    Raises:
        NoPrototypeError: if it holds no cation.
    """
    orbits = tuple(
        replace(
            orbit,
            occupants=tuple(
                (Ion(ion.symbol, -ion.state, reversed=True), occupancy) for ion, occupancy in orbit.occupants
            ),
        )
        for orbit in known.orbits
    )
    anions = sum(
        len(orbit.sites) * occupancy
        for orbit in orbits
        for ion, occupancy in orbit.occupants
        if ion.state < 0
    )
    if anions == 0:
        raise NoPrototypeError("it holds no cation")
    return replace(known, orbits=orbits, anions=anions, reversed=True)


def _exclusions(structure: Structure, orbits: tuple[Orbit, ...]) -> tuple[tuple[int, int], ...]:
    orbit_of = {site: number for number, orbit in enumerate(orbits) for site in orbit.sites}
    pairs = set()
    first, second, _, apart = structure.get_neighbor_list(_CATIONS_APART_A, exclude_self=True)
    for one, other, distance in zip(first, second, apart, strict=True):
        pair = sorted((orbit_of[int(one)], orbit_of[int(other)]))
        ions = [orbits[number].main for number in pair]
        cations = all(ion.state > 0 and ion.symbol != "H" for ion in ions)
        bonded = any(ion.symbol in _SHORT_BONDS for ion in ions)
        if cations or (distance < _APART_A and not bonded):
            pairs.add((pair[0], pair[1]))
    return tuple(sorted(pairs))
