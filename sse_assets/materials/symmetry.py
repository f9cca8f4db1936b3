"""Space groups: numbers of symbols, and the group that the atoms of a crystal have."""

import re
from functools import cache

import spglib
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

SYMPREC = 0.01
"""Distance tolerance in Å; at 0.1 Å three of OBELiX's 321 crystals come out in another group."""


def normalised_symbol(symbol: str) -> str:
    """Return a Hermann-Mauguin symbol without blanks, underscores and quotes: `P 6_3/m m c` is `P63/mmc`."""
    return re.sub(r"[\s_'\"]", "", symbol)


def space_group_number(symbol: str) -> int | None:
    """International Tables number of a Hermann-Mauguin symbol, short or full, in any setting.

    None where the symbol names no space group.
    """
    return _numbers_by_symbol().get(normalised_symbol(symbol))


@cache
def _numbers_by_symbol() -> dict[str, int]:
    numbers: dict[str, int] = {}
    for hall_number in range(1, 531):
        group = spglib.get_spacegroup_type(hall_number)
        assert group is not None  # every Hall number up to 530 has one
        for symbol in (group.international_short, group.international_full):
            numbers.setdefault(normalised_symbol(symbol), group.number)
    return numbers


def detected_space_group(structure: Structure) -> tuple[str, int]:
    """Return symbol (normalised) and number of the space group that spglib finds at `SYMPREC`.

    Raises:
        ValueError: if spglib finds no symmetry at all, as for overlapping atoms.
    """
    dataset = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_symmetry_dataset()
    if dataset is None:
        raise ValueError("spglib finds no space group for this structure")
    return normalised_symbol(dataset.international), int(dataset.number)
