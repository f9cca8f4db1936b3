"""The atoms of a whole cell: the lines of a CIF, shared sites joined, and symmetry applied."""

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from pymatgen.core import Composition, Lattice, PeriodicSite, Structure

from sse_assets.materials.cif_atoms import SAME_PLACE, AtomLine
from sse_assets.materials.cif_document import CifError
from sse_assets.materials.cif_symmetry import Operations
from sse_assets.materials.remarks import Remark, RemarkCode

OCCUPANCY_LIMIT = 1.05
"""Occupancies that sum to a little over one on a site are rounding and are scaled back to one."""
_OVER = 1e-3
"""A sum of occupancies further above one than this is worth a word."""


@dataclass(frozen=True)
class Cell:
    """What one cell holds."""

    structure: Structure
    """Sorted as pymatgen sorts what it reads; occupancies kept, at most one a site."""
    unplaced: Composition
    """Atoms in the cell that the file names without a position: H of OH, or attached to a line."""
    excess_da: float
    """What the isotopes in the cell weigh more than their elements, in daltons."""
    multiplicities: dict[str, int]
    """Copies of each line in the cell, by its name."""
    remarks: tuple[Remark, ...]

    @property
    def content(self) -> Composition:
        """Every atom of the cell by its element."""
        return self.structure.composition.element_composition + self.unplaced


@dataclass
class _Site:
    """A position with all that shares it."""

    position: np.ndarray
    species: Composition
    lines: list[AtomLine] = field(default_factory=list)


def expand(
    lines: Sequence[AtomLine], operations: Operations, lattice: Lattice, *, rounded: bool = True
) -> Cell:
    """Apply symmetry to the atoms of a CIF.

    Lines whose positions are equivalent share one site.

    Args:
        lines: the atoms.
        operations: symmetry.
        lattice: the cell.
        rounded: whether copies that differ by no more than the rounding of the coordinates are one atom on a
            special position (unless the file states the number of copies), as in 0.333, 0.667; else only
            what agrees to `cif_atoms.SAME_PLACE` is one.

    Raises:
        CifError: if the occupancies of a site sum to more than `OCCUPANCY_LIMIT`.
    """
    sites, remarks = _joined(lines, operations, rounded)
    ready: list[tuple[Composition, list[tuple[_Site, np.ndarray]]]] = []
    hydrogen, excess_da, multiplicities = 0.0, 0.0, {}
    # pymatgen's order: sites by what fills them, those alike together in the order of the file.
    for site in sorted(sites, key=lambda site: site.species):
        copies = _copies(site.position, operations)
        if ready and ready[-1][0] == site.species:
            ready[-1][1].append((site, copies))
        else:
            ready.append((site.species, [(site, copies)]))
        for line in site.lines:
            hydrogen += line.meaning.hydrogen * line.occupancy * len(copies)
            excess_da += line.meaning.excess_da * line.occupancy * len(copies)
            multiplicities[line.name] = len(copies)
    groups = []
    for species, members in ready:
        total = sum(species.values())
        if total > OCCUPANCY_LIMIT:
            names = " and ".join(line.name for line in members[0][0].lines)
            raise CifError(
                f"the occupancies at {names} in the CIF sum to {total:.4g}, more than 1: correct them"
            )
        if total > 1 + _OVER:
            names = " and ".join(line.name for line in members[0][0].lines)
            sentence = f"The occupancies of the site of {names} sum to {total:.4g} and were scaled to 1."
            remarks.append(Remark(RemarkCode.OCCUPANCY, sentence))
        filled = species / total if total > 1 else species
        example = PeriodicSite(filled, [0, 0, 0], lattice, skip_checks=True)
        groups.append((filled.average_electroneg, example.species_string, filled, members))
    groups.sort(key=lambda group: group[:2])
    structure = Structure(
        lattice,
        [species for _, _, species, members in groups for _, copies in members for _ in copies],
        np.concatenate([copies for *_, members in groups for _, copies in members]),
        labels=[site.lines[-1].name for *_, members in groups for site, copies in members for _ in copies],
    )
    unplaced = Composition({"H": hydrogen} if hydrogen else {})
    return Cell(structure, unplaced, excess_da, multiplicities, tuple(remarks))


def _joined(
    lines: Sequence[AtomLine], operations: Operations, rounded: bool
) -> tuple[list[_Site], list[Remark]]:
    sites: list[_Site] = []
    remarks = []
    for line in lines:
        species = Composition({element: n * line.occupancy for element, n in line.meaning.amounts.items()})
        position = _placed(line, operations) if rounded else np.array(line.position)
        site = _same_site(sites, position, operations)
        if site is None:
            sites.append(_Site(position, species, [line]))
            continue
        again = next((other for other in site.lines if _repeats(line, other)), None)
        if again is not None and sum(site.species.values()) + sum(species.values()) > OCCUPANCY_LIMIT:
            sentence = f"The atom {line.name} stands where {again.name} stands already, and is left out."
            remarks.append(Remark(RemarkCode.REPEATED, sentence))
            continue
        site.species += species
        site.lines.append(line)
    return sites, remarks


def _repeats(line: AtomLine, other: AtomLine) -> bool:
    return line.meaning.amounts == other.meaning.amounts and line.occupancy == other.occupancy


def _placed(line: AtomLine, operations: Operations) -> np.ndarray:
    """The position of an atom, or the special position that it was rounded from.

    That is the mean of all copies that rounding alone parts from it.
    """
    position = np.array(line.position)
    apart = operations.rotations @ position + operations.translations - position
    apart -= np.round(apart)
    size = np.abs(apart).max(axis=1)
    near, same = size < line.rounding, size < SAME_PLACE
    if near.sum() == same.sum() or line.multiplicity == len(size) // same.sum():
        return position
    special = position + apart[near].mean(axis=0)
    back = operations.rotations @ special + operations.translations - special
    fixed = (np.abs(back - np.round(back)) < SAME_PLACE).all(axis=1)
    return special if fixed.sum() == near.sum() else position


def _same_site(sites: list[_Site], position: np.ndarray, operations: Operations) -> _Site | None:
    if not sites:
        return None
    images = operations.rotations @ position + operations.translations
    apart = images[:, None, :] - np.array([site.position for site in sites])
    hits = np.argwhere((np.abs(apart - np.round(apart)) < SAME_PLACE).all(axis=2))
    return sites[hits[0, 1]] if len(hits) else None


def _copies(position: np.ndarray, operations: Operations) -> np.ndarray:
    """Positions in the cell, shape (n, 3), in the order of the operations."""
    images = operations.rotations @ position + operations.translations
    images -= np.floor(images)
    apart = images[:, None, :] - images[None, :, :]
    near = (np.abs(apart - np.round(apart)) < SAME_PLACE).all(axis=2)
    first = ~np.tril(near, -1).any(axis=1)
    return images[first]
