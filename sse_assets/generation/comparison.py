"""A found structure beside a reference of the same composition (paper, Table 6)."""

from dataclasses import dataclass
from math import ceil, nan

from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

from sse_assets.generation.winners import SYMPREC

SUPERCELL_A = 10.0
"""Conventional cells are repeated along each vector until it is at least this long."""

_USUAL = StructureMatcher(ltol=0.2, stol=0.3, angle_tol=5, primitive_cell=False, attempt_supercell=True)
_LOOSE = StructureMatcher(ltol=0.4, stol=1.0, angle_tol=15, primitive_cell=False, attempt_supercell=True)


@dataclass(frozen=True)
class Comparison:
    """How alike two crystals are."""

    matches: bool
    """At StructureMatcher's usual tolerances."""
    rmsd_normalised: float
    """Root mean square displacement of the sites after the best mapping, over (V/N)^(1/3); NaN where no
    mapping is found at loose tolerances either."""
    rmsd_a: float
    """The same in Å, with V/N the mean of the two."""
    lengths_a: tuple[float, float, float]
    """Of the found structure's supercell, shortest first."""
    reference_lengths_a: tuple[float, float, float]


def compare(found: Structure, reference: Structure) -> Comparison:
    """Map one crystal on another of the same composition, volumes made equal."""
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
    """Lengths in Å of the conventional cell, each repeated to at least `SUPERCELL_A`, shortest first."""
    conventional = SpacegroupAnalyzer(structure, symprec=SYMPREC).get_conventional_standard_structure()
    a, b, c = sorted(length * ceil(SUPERCELL_A / length) for length in conventional.lattice.abc)
    return a, b, c


def _primitive(structure: Structure) -> Structure:
    return SpacegroupAnalyzer(structure, symprec=SYMPREC).find_primitive() or structure
