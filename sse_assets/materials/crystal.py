"""Crystals as CIF texts: the one reader of them, and what it remarks."""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.cif_atoms import AtomLine, listed_atoms
from sse_assets.materials.cif_checks import (
    Stated,
    check_crystal,
    check_lattice,
    content_matches,
    plain_elements,
    stated_content,
)
from sse_assets.materials.cif_document import MAX_CIF_BYTES as MAX_CIF_BYTES
from sse_assets.materials.cif_document import CifError as CifError
from sse_assets.materials.cif_document import crystal_block, decoded
from sse_assets.materials.cif_expansion import Cell, expand
from sse_assets.materials.cif_species import Vacancy
from sse_assets.materials.cif_symmetry import Operations, StatedSymmetry, check_cell, stated_symmetry
from sse_assets.materials.formula import COMPOSITION_TOLERANCE, formula_text, largest_difference
from sse_assets.materials.remarks import Remark, RemarkCode
from sse_assets.materials.solids import G_CM3_PER_DALTON_A3

_WHOLE = 0.02
"""Distance to the next whole number within which a count of formula units is one."""
_SAME_UNIT = 0.1
"""Relative difference of the atoms in two formula units that are the same but for vacancies."""
_MAX_ATOMS = 3_000
"""Lines of atoms; the largest CIF of OBELiX has 49."""
_MAX_SITES = 20_000
"""In the cell, were every position a general one; the largest of OBELiX would have 1,344."""
_APART_A = 1.0
"""Where one origin brings atoms this close and the other does not, it is the other one."""


@dataclass(frozen=True)
class Crystal:
    """A crystal as its CIF tells of it."""

    structure: Structure
    """Atoms by their elements, partial occupancies kept, in one cell as the CIF chose it."""
    remarks: tuple[Remark, ...] = ()
    unplaced: Composition = field(default_factory=Composition)
    """Atoms in the cell that have no position: H that the file names at another atom."""
    isotope_excess_da: float = 0.0
    """What the isotopes in the cell weigh more than their elements, in daltons."""
    formula_sum: str | None = None
    """The formula that the file states, as written."""
    z: float | None = None
    """Formula units in the cell that the file states, of its own formula."""
    space_group: str | None = None
    """Symbol or number that the file states, as written."""
    stated_content: Composition | None = None
    """What the cell holds by formula and Z; None where the file does not say."""

    @property
    def composition(self) -> Composition:
        """Every atom in the cell by its element, those without a position too."""
        return self.structure.composition.element_composition + self.unplaced

    @property
    def weight_da(self) -> float:
        """What one cell weighs, isotopes with their own mass."""
        return float(self.composition.weight) + self.isotope_excess_da

    @property
    def density_g_cm3(self) -> float:
        """Density of what the sites hold."""
        return G_CM3_PER_DALTON_A3 * self.weight_da / self.structure.volume


def cif_text(file: Path) -> str:
    """The content of a CIF that somebody names; a file that is no CIF for its size is not read.

    Raises:
        CifError: if the file is too large, is no text or cannot be read.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_CIF_BYTES + 1)
    except OSError as error:
        raise CifError(f"{file} cannot be read ({error.strerror})") from error
    if len(content) > MAX_CIF_BYTES:
        raise CifError(f"{file} has more than {MAX_CIF_BYTES} bytes: reduce it to one crystal")
    return decoded(content)


def read_crystal(content: str | bytes) -> Crystal:
    """The crystal of a CIF, with remarks on all that had to be decided and all that does not fit.

    The atoms, the cell and the symmetry operations count as they are written. Formula, Z, multiplicities,
    volume, density and space group are compared with them.

    Raises:
        CifError: if no crystal can be read, or the one that is read cannot be believed.
    """
    block = crystal_block(content if isinstance(content, str) else decoded(content))
    lattice = check_lattice(block)
    symmetry = stated_symmetry(block, lattice.angles)
    stated = stated_content(block)
    lines, remarks = listed_atoms(block, stated.elements)
    count = len(lines) * len(symmetry.candidates[0].rotations)
    if len(lines) > _MAX_ATOMS or count > _MAX_SITES:
        raise CifError(
            f"the CIF lists {len(lines)} atoms, with symmetry {count}: that is no crystal of one cell"
        )
    metric = np.array(lattice.metric_tensor)
    off_shape = [check_cell(operations, metric) for operations in symmetry.candidates]
    used, operations, cell, decided = _chosen(lines, symmetry, stated, lattice)
    shape = off_shape[symmetry.candidates.index(operations)]
    crystal = Crystal(
        cell.structure,
        unplaced=cell.unplaced,
        isotope_excess_da=cell.excess_da,
        formula_sum=stated.formula_text,
        z=stated.z,
        space_group=symmetry.symbol,
        stated_content=stated.content(cell.content, lattice.volume),
    )
    checked = check_crystal(block, cell, stated, used, crystal.density_g_cm3)
    found = (
        *block.remarks, *symmetry.remarks, *remarks, *decided, *cell.remarks,
        *([] if shape is None else [shape]), *checked,
    )  # fmt: skip
    return replace(crystal, remarks=found)


def read_cif(text: str) -> Structure:
    """The atoms of `read_crystal` alone, for a text that this project wrote itself.

    Raises:
        CifError: as there.
    """
    return read_crystal(text).structure


def compare_with_formula(crystal: Crystal, composition: Composition) -> tuple[Remark, ...]:
    """Compare a crystal with the formula of its row.

    Args:
        crystal: as read.
        composition: of the row's formula.

    Returns:
        A remark of `NO_LITHIUM`, `OTHER_COMPOUND` (the elements are not the same) or `COMPOSITION`; none
        where all atomic fractions agree to `COMPOSITION_TOLERANCE`.
    """
    found, stated = crystal.composition, plain_elements(composition)
    if found["Li"] == 0 and stated["Li"] > 0:
        lacking = (Remark(RemarkCode.NO_LITHIUM, "the CIF holds no Li"),)
        stated = Composition({element: n for element, n in stated.items() if element.symbol != "Li"})
        return lacking + _differences(found, stated)
    return _differences(found, stated)


def _differences(found: Composition, stated: Composition) -> tuple[Remark, ...]:
    if not stated or not found:
        return ()
    symbol, difference = largest_difference(found, stated)
    if abs(difference) <= COMPOSITION_TOLERANCE:
        return ()
    sentence = f"the CIF's atomic fraction of {symbol} is off by {difference:+.3f}"
    others = sorted(
        element.symbol
        for element in {*found.elements, *stated.elements}
        if (found[element] == 0) != (stated[element] == 0)
        and max(found.get_atomic_fraction(element), stated.get_atomic_fraction(element))
        > COMPOSITION_TOLERANCE
    )
    if others in ([], ["H"] if found["H"] == 0 else []):  # X-rays often miss H
        return (Remark(RemarkCode.COMPOSITION, sentence),)
    return (
        Remark(
            RemarkCode.OTHER_COMPOUND,
            f"the CIF is of {formula_text(found.reduced_composition)} and so of another compound than the "
            f"formula, for only one of the two holds {', '.join(others)}",
        ),
    )


def formula_units(crystal: Crystal, composition: Composition) -> float:
    """Units of a formula in the crystal's cell.

    As the CIF states them where its formula is the same compound. Counted otherwise, but never in a cell
    that lacks the Li of the formula.

    Returns:
        NaN where they cannot be known, or are no whole number.
    """
    stated = plain_elements(composition)
    content = crystal.stated_content
    if content is None or abs(largest_difference(content, stated)[1]) > COMPOSITION_TOLERANCE:
        content = crystal.composition
        if content["Li"] == 0 and stated["Li"] > 0:
            return math.nan
    elif crystal.z is not None and abs(content.num_atoms / crystal.z / stated.num_atoms - 1) < _SAME_UNIT:
        return crystal.z  # of a formula that differs by some vacancies
    units = content.num_atoms / stated.num_atoms
    return round(units) if units > 0.5 and abs(units - round(units)) <= _WHOLE else math.nan


def _chosen(
    lines: Sequence[AtomLine], symmetry: StatedSymmetry, stated: Stated, lattice: Lattice
) -> tuple[Sequence[AtomLine], Operations, Cell, list[Remark]]:
    """The reading that agrees with what the CIF states, where names or origin leave several open."""
    certain = [line for line in lines if not line.is_vacancy]
    doubtful = [line for line in lines if line.is_vacancy]
    elements = [line for line in doubtful if line.meaning.amounts]
    names = ", ".join(dict.fromkeys(line.name for line in doubtful))
    readings = [certain] if certain else []
    if elements:
        readings.append([line for line in lines if line.meaning.amounts])
    if not readings:
        raise CifError(f"the CIF holds no atoms but vacancies or dummies ({names}): name the elements")
    tried = []
    for used in readings:
        operations, cell, remarks = _best_origin(used, symmetry, stated, lattice)
        if content_matches(cell, stated):
            tried = [(used, operations, cell, remarks)]
            break
        tried.append((used, operations, cell, remarks))
    used, operations, cell, remarks = tried[0]
    if doubtful and used is certain:
        _refuse_placeholder(doubtful, certain, cell, stated)
        types = ", ".join(dict.fromkeys(line.type_symbol for line in doubtful))
        remarks = [
            *remarks,
            Remark(RemarkCode.VACANCY, f"{names} ({types}) was read as empty, not as an atom."),
        ]
    elif doubtful:
        sentence = f"{names} is flagged as a dummy or vacancy, and counts as an atom, as the formula has it."
        remarks = [*remarks, Remark(RemarkCode.VACANCY, sentence)]
    return used, operations, cell, remarks


def _refuse_placeholder(
    doubtful: Sequence[AtomLine], certain: Sequence[AtomLine], cell: Cell, stated: Stated
) -> None:
    """Refuse X, M and their like where they may well be atoms.

    Raises:
        CifError: if the formula holds an element that no site does, or there is no formula and the site is
            filled by the placeholder alone.
    """
    places = {line.position for line in certain}
    for line in doubtful:
        if line.meaning.vacancy is not Vacancy.PLACEHOLDER:
            continue
        lacking = stated.elements - {element.symbol for element in cell.content.elements}
        alone = stated.formula is None and line.occupancy > 1 - _WHOLE and line.position not in places
        if lacking or alone:
            why = (
                f"the formula holds {', '.join(sorted(lacking))}"
                if lacking
                else "nothing else is on its site"
            )
            raise CifError(
                f"the atom {line.name} has the type symbol {line.type_symbol!r}, which may be a vacancy or "
                f"any element, and {why}: write the element's symbol, or Vac"
            )


def _best_origin(
    lines: Sequence[AtomLine], symmetry: StatedSymmetry, stated: Stated, lattice: Lattice
) -> tuple[Operations, Cell, list[Remark]]:
    cells: list[tuple[Operations, Cell]] = []
    refused: CifError | None = None
    for operations in symmetry.candidates:
        try:
            cell = expand(lines, operations, lattice)
            if content_matches(cell, stated) is False:  # perhaps a site is split by less than it seems
                exact = expand(lines, operations, lattice, rounded=False)
                cell = exact if content_matches(exact, stated) else cell
            cells.append((operations, cell))
        except CifError as error:
            refused = refused or error
    if not cells:
        assert refused is not None  # there is a candidate, and it gave neither
        raise refused
    if len(symmetry.candidates) == 1:
        return *cells[0], []
    fitting = [pair for pair in cells if content_matches(pair[1], stated) is not False] or cells
    apart = [pair for pair in fitting if not _crowded(pair[1].structure)] or fitting
    operations, cell = apart[0]
    if len(apart) == 1:
        why = "the one that fits its content and keeps atoms apart"
    else:
        why = "the first of the tables, for both would do"
    sentence = f"The CIF names {symmetry.symbol} without its origin: {operations.name} is used, {why}."
    return operations, cell, [Remark(RemarkCode.ORIGIN, sentence)]


def _crowded(structure: Structure) -> bool:
    return len(structure.get_neighbor_list(_APART_A, exclude_self=True)[0]) > 0
