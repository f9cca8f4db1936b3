"""The atoms that a CIF lists, one line each, before symmetry makes copies of them."""

import math
import re
from collections.abc import Callable, Collection
from dataclasses import dataclass, replace

from sse_assets.materials.cif_document import CifBlock, CifError
from sse_assets.materials.cif_species import Meaning, Vacancy, meaning
from sse_assets.materials.remarks import Remark, RemarkCode

_UNCERTAINTY = re.compile(r"\(.*\)?$")
_NUMBER = re.compile(r"[+-]?(?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)?")
_AXES = ("x", "y", "z")
_THIRDS = (1 / 3, 2 / 3)
_THIRDS_TOLERANCE = 1e-4
"""Relative, as pymatgen has it: 0.33333 is a third."""
SAME_PLACE = 1e-4
"""Fractional difference up to which two positions are one, however many decimals are written."""
_LAST_DIGITS = 3.0
"""Copies of a rounded position differ by up to this many units of its last digit: the site x, 2x is written
0.157, 0.313, whose copies differ in x − y by two units, and cut off instead of rounded by three."""
_WIDEST = 0.015
"""Tolerance for two decimals: half a unit more than 0.33 and 0.67 need, less than parts copies of 0.01."""


@dataclass(frozen=True)
class AtomLine:
    """One line of the atoms."""

    name: str
    """Its label, for messages."""
    type_symbol: str
    meaning: Meaning
    occupancy: float
    position: tuple[float, float, float]
    """Fractional; 0.3333 is made a third."""
    rounding: float
    """Fractional difference up to which two of its copies may be one that was rounded."""
    multiplicity: int | None
    """Copies in the cell, where the file says."""
    dummy: bool
    """Whether the file flags it as no atom; `meaning` is then what it would be as one."""

    @property
    def is_vacancy(self) -> bool:
        """True where nothing is there, as far as its name or flag says."""
        return self.dummy or self.meaning.vacancy is not Vacancy.NO


def listed_atoms(block: CifBlock, formula: Collection[str]) -> tuple[list[AtomLine], list[Remark]]:
    """The lines of the atoms that have a place and are there at all.

    Args:
        block: of a CIF, with positions of atoms.
        formula: symbols of the elements that the CIF's formula holds, empty where it has none.

    Raises:
        CifError: for a number that is none, an occupancy below zero or above one, or a symbol that names
            nothing, with the line's label.
    """
    count = len(block.raw["_atom_site_fract_x"])
    positions = [_column(block, f"_atom_site_fract_{axis}", count) for axis in _AXES]
    labels = _column(block, "_atom_site_label", count)
    types = _column(block, "_atom_site_type_symbol", count)
    occupancies = _column(block, "_atom_site_occupancy", count)
    attached = _column(block, "_atom_site_attached_hydrogens", count)
    flags = _column(block, "_atom_site_calc_flag", count)
    counts = block.column("_atom_site_site_symmetry_multiplicity", "_atom_site_symmetry_multiplicity")
    lines, remarks = [], []
    for i in range(count):
        name = labels[i] or types[i] or f"number {i + 1}"
        written = [column[i] for column in positions]
        if any(text is None for text in written):
            remarks.append(
                Remark(RemarkCode.UNPLACED, f"The atom {name} has no position in the CIF and is left out.")
            )
            continue
        found = meaning(types[i], labels[i], formula)
        if found is None:
            raise CifError(
                f"the atom {name} has the type symbol {types[i] or labels[i]!r}, which is no element: write "
                "the element's symbol, or Vac for a vacancy"
            )
        occupancy = _occupancy(occupancies[i], name)
        if occupancy == 0:
            continue
        if attached[i] is not None and not found.hydrogen:
            hydrogen = _number(attached[i] or "", f"the number of H attached to {name}")
            found = replace(found, hydrogen=hydrogen)
        position, rounding = _position([text or "" for text in written], name)
        multiplicity = counts[i] if counts and i < len(counts) else None
        lines.append(
            AtomLine(
                name,
                types[i] or name,
                found,
                occupancy,
                position,
                rounding,
                int(multiplicity) if multiplicity and multiplicity.isdecimal() else None,
                (flags[i] or "").lower() == "dum",
            )
        )
    if not lines:
        raise CifError("the CIF cannot be read: each of its atoms lacks a position or has the occupancy 0")
    remarks.extend(_on_meaning(lines))
    return lines, remarks


def _on_meaning(lines: list[AtomLine]) -> list[Remark]:
    def names(condition: Callable[[AtomLine], bool]) -> str:
        return ", ".join(dict.fromkeys(line.name for line in lines if condition(line)))

    remarks = []
    if atoms := names(lambda line: bool(line.meaning.isotopes)):
        isotopes = ", ".join(dict.fromkeys(i for line in lines for i in line.meaning.isotopes))
        sentence = (
            f"Isotopes ({isotopes}; {atoms}) count as their elements, with their own mass in the density."
        )
        remarks.append(Remark(RemarkCode.ISOTOPE, sentence))
    if atoms := names(lambda line: line.meaning.hydrogen > 0):
        sentence = (
            f"The H that the CIF names at {atoms} counts in the composition, and has no place in the cell."
        )
        remarks.append(Remark(RemarkCode.UNPLACED, sentence))
    if atoms := names(lambda line: line.meaning.ambiguous):
        sentence = f"The CIF does not say clearly which element {atoms} is: write type symbols."
        remarks.append(Remark(RemarkCode.TYPE_SYMBOL, sentence))
    return remarks


def _column(block: CifBlock, tag: str, count: int) -> list[str | None]:
    """The values of a name for each atom; None for what is not given."""
    values = block.column(tag)
    if values is None:
        return [None] * count
    if len(values) != count:
        raise CifError(f"the CIF has {len(values)} times {tag} for {count} atoms: put all into one loop")
    return [None if value is None or value.strip() in ("", "?", ".") else value.strip() for value in values]


def _number(text: str, what: str) -> float:
    """A number with or without its uncertainty in brackets.

    Raises:
        CifError: if it is none.
    """
    bare = _UNCERTAINTY.sub("", text.strip())
    if _NUMBER.fullmatch(bare):
        return float(bare)
    if (parts := re.fullmatch(r"([+-]?\d+)/([1-9]\d*)", bare)) is not None:
        return int(parts[1]) / int(parts[2])
    raise CifError(f"in the CIF {what} is {text!r} and should be a number: correct it")


def _occupancy(text: str | None, name: str) -> float:
    """An occupancy that is not given means that the site is full (core dictionary)."""
    if text is None:
        return 1.0
    occupancy = _number(text, f"the occupancy of {name}")
    if occupancy < 0:
        raise CifError(f"the occupancy of {name} in the CIF is {text}: it cannot be below 0")
    return occupancy


def _position(texts: list[str], name: str) -> tuple[tuple[float, float, float], float]:
    """Coordinates, and how far their rounding may part copies of the atom."""
    values, decimals = [], []
    for axis, text in zip(_AXES, texts, strict=True):
        value = _number(text, f"the coordinate {axis} of {name}")
        if not abs(value) < 1000:
            raise CifError(f"the coordinate {axis} of {name} is {text}: fractional ones are near 0 to 1")
        values.append(_third(value))
        decimals.append(_decimals(text))
    rounding = min(max(SAME_PLACE, _LAST_DIGITS * 10.0 ** -max(decimals)), _WIDEST)
    return (values[0], values[1], values[2]), rounding


def _decimals(text: str) -> int:
    bare = _UNCERTAINTY.sub("", text)
    return len(bare.partition(".")[2]) if "e" not in bare.lower() and "/" not in bare else 15


def _third(value: float) -> float:
    for third in _THIRDS:
        if math.isclose(value / third, 1, abs_tol=_THIRDS_TOLERANCE, rel_tol=0):
            return third
    return value
