"""The check after reading: is the crystal the one that its CIF tells of, and one that can be?"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.cif_atoms import AtomLine
from sse_assets.materials.cif_document import CifBlock, CifError
from sse_assets.materials.cif_expansion import OCCUPANCY_LIMIT, Cell
from sse_assets.materials.formula import FormulaError, formula_text, largest_difference, parse_composition
from sse_assets.materials.remarks import Remark, RemarkCode
from sse_assets.materials.solids import (
    ANGLES,
    WIDEST_COMPOUND_A3,
    doubtful_solid,
    impossible_cell,
    impossible_solid,
)

_FRACTION = 5e-4
"""Largest difference of an atomic fraction that is rounding of what the CIF itself states."""
_CONTENT = 0.01
"""The same for the number of atoms in the cell, relative."""
_VOLUME = 0.005
_DENSITY = 0.02
"""Relative; a stated density may be that of another temperature."""

_TOUCHING_A = 0.3
"""No two atoms come this close; four of OBELiX's crystals have Li sites 0.42 Å apart that are half filled and
more, which says that their occupancies are rough and not that they are other crystals."""
_H_BOND_A = 0.6
"""The shortest bond, of H2, has 0.74 Å; H found by X-rays may lie 0.1 Å nearer."""
_CLOSE_A = 0.9
"""No two atoms come closer of which neither is H; the shortest such bond, of N2, has 1.10 Å."""


@dataclass(frozen=True)
class Stated:
    """What a CIF says of its content."""

    formula_text: str | None
    formula: Composition | None
    """Isotopes as their elements; None where there is none that can be read."""
    z: float | None
    """Formula units in the cell."""
    remarks: tuple[Remark, ...] = ()

    @property
    def elements(self) -> set[str]:
        """The elements of the formula."""
        return set() if self.formula is None else {element.symbol for element in self.formula.elements}

    def content(self, found: Composition, volume: float) -> Composition | None:
        """What the cell holds as the CIF states it: its formula times Z.

        Some programs write the whole cell as the formula and Z all the same; so it is taken where what was
        found is that, and fills its volume as a solid does.
        """
        if self.formula is None:
            return None
        whole = abs(found.num_atoms / self.formula.num_atoms - 1) < _CONTENT
        if self.z is None or (whole and volume / found.num_atoms < WIDEST_COMPOUND_A3):
            return self.formula if whole else None
        return self.formula * self.z


def plain_elements(composition: Composition) -> Composition:
    """The composition by elements: charges dropped, D and T counted as H."""
    amounts: dict[str, float] = {}
    for symbol, amount in composition.element_composition.items():
        name = "H" if str(symbol) in ("D", "T") else str(symbol)
        amounts[name] = amounts.get(name, 0.0) + amount
    return Composition(amounts)


def stated_content(block: CifBlock) -> Stated:
    """The formula and Z that a CIF states."""
    text = block.value("_chemical_formula_sum")
    z_text = block.value("_cell_formula_units_z")
    remarks = []
    formula = None
    if text is not None:
        try:
            formula = plain_elements(parse_composition(text))
        except FormulaError:
            sentence = f"The CIF's formula {text!r} is none, so that it was not compared with the atoms."
            remarks.append(Remark(RemarkCode.FORMULA, sentence))
    z = None
    if z_text is not None:
        try:
            z = float(z_text)
        except ValueError:
            z = 0.0
        if not 0 < z < 1e4:
            remarks.append(Remark(RemarkCode.CONTENT, f"The CIF's Z is {z_text!r}, which is no count."))
            z = None
    return Stated(text, formula, z, tuple(remarks))


def check_lattice(block: CifBlock) -> Lattice:
    """The cell of a CIF.

    Raises:
        CifError: if a length or angle is missing, no number, or none that a cell can have.
    """
    values = []
    for tag in (*(f"_cell_length_{axis}" for axis in "abc"), *(f"_cell_angle_{a}" for a in ANGLES)):
        text = block.value(tag)
        if text is None:
            raise CifError(f"the CIF gives no {tag}: add it")
        try:
            values.append(float(text.partition("(")[0]))
        except ValueError as error:
            raise CifError(f"the CIF has {text!r} for {tag}, which should be a number: correct it") from error
    if (trouble := impossible_cell(*values)) is not None:
        raise CifError(f"the CIF's cell is none: {trouble}")
    return Lattice.from_parameters(*values)


def content_matches(cell: Cell, stated: Stated) -> bool | None:
    """Tell whether a cell holds what its CIF states; None where it states nothing."""
    if stated.formula is None:
        return None
    return not _content_remarks(cell, stated)


def check_crystal(
    block: CifBlock, cell: Cell, stated: Stated, lines: Sequence[AtomLine], density: float
) -> list[Remark]:
    """The findings on a crystal.

    Args:
        block: of the CIF.
        cell: what was read.
        stated: what the CIF says of its content.
        lines: the atoms of the CIF that were used.
        density: in g/cm³.

    Raises:
        CifError: if no solid is like it.
    """
    remarks = [*stated.remarks, *_content_remarks(cell, stated)]
    wrong = [
        (line, cell.multiplicities[line.name])
        for line in lines
        if line.multiplicity is not None
        and cell.multiplicities.get(line.name, line.multiplicity) != line.multiplicity
    ]
    # In a cell whose symmetry was written out some programs keep the multiplicities of the full group.
    if wrong and any(count > 1 for count in cell.multiplicities.values()):
        line, count = wrong[0]
        sentence = (
            f"The CIF says that {line.name} is {line.multiplicity} times in the cell, and its symmetry makes "
            f"it {count}."
        )
        remarks.append(Remark(RemarkCode.MULTIPLICITY, sentence))
    remarks.extend(_measures(block, cell.structure.volume, density))
    volume_per_atom = cell.structure.volume / cell.content.num_atoms
    if (trouble := impossible_solid(density, volume_per_atom)) is not None:
        raise CifError(f"the CIF tells of no solid: {trouble}")
    if (question := doubtful_solid(density, volume_per_atom)) is not None:
        remarks.append(Remark(RemarkCode.UNUSUAL_DENSITY, f"The CIF gives {question}"))
    remarks.extend(_distances(cell.structure))
    return remarks


def _content_remarks(cell: Cell, stated: Stated) -> list[Remark]:
    if stated.formula is None:
        return []
    found = cell.content
    symbol, difference = largest_difference(found, stated.formula)
    if abs(difference) > _FRACTION:
        sentence = (
            f"The atoms of the CIF are {formula_text(found)} in the cell, and its formula is "
            f"{stated.formula_text}: the atomic fraction of {symbol} is off by {difference:+.3f}."
        )
        return [Remark(RemarkCode.FORMULA, sentence)]
    content = stated.content(found, cell.structure.volume)
    if content is not None and abs(found.num_atoms / content.num_atoms - 1) > _CONTENT:
        sentence = (
            f"The cell holds {found.num_atoms / stated.formula.num_atoms:.4g} times {stated.formula_text}, "
            f"and the CIF says Z = {stated.z:g}: its symmetry or its atoms are not complete, or Z is wrong."
        )
        return [Remark(RemarkCode.CONTENT, sentence)]
    return []


def _measures(block: CifBlock, volume: float, density: float) -> list[Remark]:
    remarks = []
    stated_volume = _positive(block.value("_cell_volume"))
    if stated_volume and abs(volume / stated_volume - 1) > _VOLUME:
        sentence = f"The cell has a volume of {volume:.2f} Å³, and the CIF says {stated_volume:g} Å³."
        remarks.append(Remark(RemarkCode.VOLUME, sentence))
    stated_density = _positive(block.value("_exptl_crystal_density_diffrn"))
    if stated_density and abs(density / stated_density - 1) > _DENSITY:
        sentence = (
            f"The atoms give a density of {density:.3f} g/cm³, and the CIF says {stated_density:g} g/cm³."
        )
        remarks.append(Remark(RemarkCode.DENSITY, sentence))
    return remarks


def _positive(text: str | None) -> float | None:
    try:
        value = float((text or "").partition("(")[0])
    except ValueError:
        return None
    return value if value > 0 else None


def _distances(structure: Structure) -> list[Remark]:
    """A remark on the closest of atoms that are both there.

    Raises:
        CifError: if they stand on top of one another.
    """
    first, second, _, apart = structure.get_neighbor_list(_CLOSE_A, exclude_self=True)
    filled = np.array([sum(site.species.values()) for site in structure])
    # Two positions that are not both filled are the alternatives of one atom.
    both = filled[first] + filled[second] > OCCUPANCY_LIMIT
    hydrogen = np.array([all(element.Z == 1 for element in site.species) for site in structure])
    limit = np.where(hydrogen[first] | hydrogen[second], _H_BOND_A, _CLOSE_A)
    close = both & (apart < limit)
    if not close.any():
        return []
    nearest = int(np.argmin(np.where(close, apart, np.inf)))
    names = f"{structure[first[nearest]].label} and {structure[second[nearest]].label}"
    if apart[nearest] < _TOUCHING_A:
        raise CifError(
            f"{names} of the CIF are {apart[nearest]:.2f} Å apart and both there: correct their positions, "
            "their occupancies or the symmetry"
        )
    return [Remark(RemarkCode.DISTANCE, f"{names} are only {apart[nearest]:.2f} Å apart.")]
