"""Comparison of a found structure with a reference of the same composition (paper, Table 6)."""

from dataclasses import dataclass
from math import ceil, nan

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from sse_assets.generation.winners import SYMPREC

SUPERCELL_A = 10.0
"""Shortest length in Å of a supercell: the conventional cell is repeated until each vector is as long."""

_USUAL = StructureMatcher(ltol=0.2, stol=0.3, angle_tol=5, primitive_cell=False, attempt_supercell=True)
_LOOSE = StructureMatcher(ltol=0.4, stol=1.0, angle_tol=15, primitive_cell=False, attempt_supercell=True)


@dataclass(frozen=True)
class Comparison:
    """Likeness of two crystals."""

    matches: bool
    """True where StructureMatcher maps one on the other at its usual tolerances."""
    rmsd_normalised: float
    """Root mean square displacement of the sites after the best mapping, over (V/N)^(1/3); NaN where there is
    no mapping at loose tolerances either."""
    rmsd_a: float
    """The same displacement in Å, with V/N the mean of both crystals."""
    lengths_a: tuple[float, float, float]
    """Lengths of the supercell of the found structure in Å, shortest first."""
    reference_lengths_a: tuple[float, float, float]
    """Lengths of the supercell of the reference in Å, shortest first."""


def compare(found: Structure, reference: Structure) -> Comparison:
    """Map one crystal on another of the same composition, after both volumes are made equal."""
    # StructureMatcher's own primitive cells would average small distortions away.
    cells = _primitive(found), _primitive(reference)
    matches = bool(_USUAL.fit(*cells))
    distances = (_USUAL if matches else _LOOSE).get_rms_dist(*cells)
    normalised = nan if distances is None else float(distances[0])
    volume = (found.volume / len(found) + reference.volume / len(reference)) / 2
    return Comparison(
        matches,
        normalised,
        normalised * volume ** (1 / 3),
        supercell_lengths(found),
        supercell_lengths(reference),
    )


def supercell_lengths(structure: Structure) -> tuple[float, float, float]:
    """Return the lengths in Å of the conventional cell repeated to `SUPERCELL_A`, shortest first."""
    conventional = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_conventional_standard_structure()
    a, b, c = sorted(length * ceil(SUPERCELL_A / length) for length in conventional.lattice.abc)
    return a, b, c


def _primitive(structure: Structure) -> Structure:
    return SpacegroupAnalyzer(structure, symprec=SYMPREC).find_primitive() or structure
