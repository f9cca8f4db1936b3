"""Crystals as CIF texts, read without surprises."""

import warnings
from pathlib import Path

import numpy as np
from pymatgen.core import Structure
from pymatgen.io.cif import CifParser

MAX_CIF_BYTES = 2**20
"""The largest CIF of OBELiX has 6 kB; reading a crystal takes longer than its length makes one think."""
_OCCUPANCY_TOLERANCE = 1.05
"""Occupancies that sum to a little over one on a site are rounding and are scaled back to one."""


class CifError(ValueError):
    """A CIF from which no crystal can be read."""


def cif_text(file: Path) -> str:
    """The content of a CIF that somebody names; a file that is no CIF for its size is not read.

    Raises:
        CifError: if the file is too large or cannot be read.
    """
    try:
        with file.open("rb") as opened:
            content = opened.read(MAX_CIF_BYTES + 1)
    except OSError as error:
        raise CifError(f"{file} cannot be read ({error.strerror})") from error
    if len(content) > MAX_CIF_BYTES:
        raise CifError(f"{file} has more than {MAX_CIF_BYTES} bytes: reduce it to one crystal")
    return content.decode("utf-8", errors="replace")


def read_cif(text: str) -> Structure:
    """The first crystal of a CIF, partial occupancies kept.

    Raises:
        CifError: if the text is cut short, holds no atoms, has a coordinate that is not a number, or cannot
            be parsed.
    """
    try:
        with warnings.catch_warnings():
            # pymatgen warns of every rounded coordinate; a reader that succeeds needs no comment.
            warnings.simplefilter("ignore")
            parser = CifParser.from_str(text, occupancy_tolerance=_OCCUPANCY_TOLERANCE)
            structures = parser.parse_structures(primitive=False, on_error="raise")
    except Exception as error:  # pymatgen raises whatever its tokeniser met
        detail = str(error).strip().splitlines()[0] if str(error).strip() else type(error).__name__
        raise CifError(f"the CIF cannot be read ({detail})") from error
    if not structures or len(structures[0]) == 0:
        raise CifError("the CIF holds no atoms")
    structure = structures[0]
    if not (np.isfinite(structure.lattice.matrix).all() and np.isfinite(structure.frac_coords).all()):
        raise CifError("the CIF has a cell or a position that is not a number")  # spglib would crash on it
    return structure
