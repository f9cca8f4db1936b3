"""Space groups: the symbol a CIF states, or the one its atoms have."""

import re

from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

SYMPREC = 0.01
"""Distance tolerance in Å; at 0.1 Å three of OBELiX's 321 crystals come out in another group."""

_TAG = re.compile(
    r"^\s*_(?:symmetry_space_group_name_H-M|space_group_name_H-M_alt)\s+"
    r"(?P<symbol>'[^']*'|\"[^\"]*\"|\S+)",
    re.MULTILINE,
)


def normalised_symbol(symbol: str) -> str:
    """A Hermann-Mauguin symbol without blanks, underscores and quotes: `P 6_3/m m c` is `P63/mmc`."""
    return re.sub(r"[\s_'\"]", "", symbol)


def stated_space_group(cif: str) -> str | None:
    """The symbol in a CIF's space-group tag, normalised; None where the tag is absent or unknown."""
    found = _TAG.search(cif)
    symbol = normalised_symbol(found["symbol"]) if found else ""
    return symbol if symbol not in ("", "?", ".") else None


def detected_space_group(structure: Structure) -> tuple[str, int]:
    """Symbol (normalised) and number of the space group that spglib finds at `SYMPREC`.

    Raises:
        ValueError: if spglib finds no symmetry at all, as for overlapping atoms.
    """
    dataset = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_symmetry_dataset()
    if dataset is None:
        raise ValueError("spglib finds no space group for this structure")
    return normalised_symbol(dataset.international), int(dataset.number)
