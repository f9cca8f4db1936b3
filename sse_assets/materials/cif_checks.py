"""Whether a crystal that was read is the one that its CIF tells of, and one that can be."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.cif_atoms import AtomLine
from sse_assets.materials.cif_document import CifBlock, CifError
from sse_assets.materials.cif_expansion import OCCUPANCY_LIMIT, Cell
from sse_assets.materials.formula import FormulaError, formula_text, largest_difference, parse_composition
from sse_assets.materials.remarks import Remark, RemarkCode

G_CM3_PER_DALTON_A3 = 1.66053907
"""Density in g/cm³ of one dalton in one Å³."""

_FRACTION = 1e-3
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
_DENSEST_G_CM3 = 23.0
"""Osmium, the densest solid at ambient pressure, has 22.6 g/cm³."""
_THIN_G_CM3 = 0.4
"""Li metal has 0.53 g/cm³ and LiBH4 0.67; only frameworks with large pores have less."""
_THINNEST_G_CM3 = 0.05
_SMALLEST_A3 = 4.5
"""Volume per atom; diamond, the closest packed of all solids, has 5.7 Å³."""
_LARGEST_A3 = 150.0
"""Volume per atom; the largest atoms, of Cs metal, take 117 Å³."""
_WIDE_A3 = 60.0
"""More than any compound without pores takes: CsI has 47.6 Å³ per atom."""
_NM_IN_A3 = 1e3
_BOHR_IN_A3 = 0.529177**3


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
        if self.z is None or (whole and volume / found.num_atoms < _WIDE_A3):
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
    for tag in (*(f"_cell_length_{axis}" for axis in "abc"), *(f"_cell_angle_{a}" for a in _ANGLES)):
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


_ANGLES = ("alpha", "beta", "gamma")


def impossible_cell(a: float, b: float, c: float, alpha: float, beta: float, gamma: float) -> str | None:
    """Why no cell has these lengths (Å) and angles (degrees), as the end of a sentence; None if one can."""
    for name, length in zip("abc", (a, b, c), strict=True):
        if not 0 < length < 1e4:
            return f"{name} is {length:g}: a length is a positive number of Å"
    for name, angle in zip(_ANGLES, (alpha, beta, gamma), strict=True):
        if not 0 < angle < 180:
            return f"{name} is {angle:g}: an angle lies between 0° and 180°"
    if max(alpha, beta, gamma) < 3.2:
        return f"its angles are {alpha:g}, {beta:g} and {gamma:g}: are they in radians? Write degrees"
    cosines = np.cos(np.radians([alpha, beta, gamma]))
    if 1 + 2 * cosines.prod() - (cosines**2).sum() <= 1e-6:
        return (
            f"no cell has the angles {alpha:g}, {beta:g} and {gamma:g}: each is less than the sum of the "
            "others, and all three sum to less than 360°"
        )
    return None


def content_matches(cell: Cell, stated: Stated) -> bool | None:
    """Whether a cell holds what its CIF states; None where it states nothing."""
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
    _refuse_no_solid(cell, density)
    remarks.extend(_thin(cell, density))
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
            f"The cell holds {found.num_atoms / stated.formula.num_atoms:.4g} times {stated.formula_text}, and "
            f"the CIF says Z = {stated.z:g}: its symmetry or its atoms are not complete, or Z is wrong."
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


def _refuse_no_solid(cell: Cell, density: float) -> None:
    volume_per_atom = cell.structure.volume / cell.content.num_atoms
    if (trouble := impossible_solid(density, volume_per_atom)) is not None:
        raise CifError(f"the CIF tells of no solid: {trouble}")


def impossible_solid(density: float, volume_per_atom: float) -> str | None:
    """Why no solid has this density (g/cm³) and volume per atom (Å³), as the end of a sentence.

    None if one may have them.
    """
    measured = f"{density:.4g} g/cm³ and {volume_per_atom:.3g} Å³ per atom"
    if density > _DENSEST_G_CM3 or volume_per_atom < _SMALLEST_A3:
        nm = _plausible(density / _NM_IN_A3, volume_per_atom * _NM_IN_A3)
        hint = "are the lengths in nm? Write Å" if nm else "check the cell, Z and the symmetry"
        return f"{measured} is more than osmium (22.6 g/cm³) or closer than diamond (5.7 Å³ per atom): {hint}"
    if density < _THINNEST_G_CM3 or volume_per_atom > _LARGEST_A3:
        bohr = _plausible(density / _BOHR_IN_A3, volume_per_atom * _BOHR_IN_A3)
        hint = "are the lengths in Bohr? Write Å" if bohr else "check the cell, Z and the symmetry"
        return f"{measured} is as thin as a gas: {hint}"
    return None


def _plausible(density: float, volume_per_atom: float) -> bool:
    return _THIN_G_CM3 < density < _DENSEST_G_CM3 and _SMALLEST_A3 < volume_per_atom < _WIDE_A3


def _thin(cell: Cell, density: float) -> list[Remark]:
    volume_per_atom = cell.structure.volume / cell.content.num_atoms
    if density >= _THIN_G_CM3 and volume_per_atom <= _WIDE_A3:
        return []
    sentence = (
        f"The density is {density:.3f} g/cm³ and the volume {volume_per_atom:.1f} Å³ per atom, which only a "
        "solid with large pores has: are atoms missing?"
    )
    return [Remark(RemarkCode.DENSITY, sentence)]


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
