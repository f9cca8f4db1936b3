"""What a CIF says of its symmetry, to hold the symmetry of its atoms against."""

import re

from sse_assets.materials.symmetry import normalised_symbol

_TAG = re.compile(
    r"^\s*_(?:symmetry_space_group_name_H-M|space_group_name_H-M_alt)\s+(?P<symbol>'[^']*'|\"[^\"]*\"|\S+)",
    re.MULTILINE,
)


def stated_space_group(cif: str) -> str:
    """The symbol in a CIF's space-group tag, normalised."""
    found = _TAG.search(cif)
    assert found is not None, "the CIF states no space group"
    return normalised_symbol(found["symbol"])
