"""Recognition of candidates that are one structure."""

from collections.abc import Sequence

from ase import Atoms
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

ENERGY_WINDOW_EV_PER_ATOM = 0.01
"""Difference in enthalpy above which two structures are taken to be different."""

_MATCHER = StructureMatcher(ltol=0.2, stol=0.3, angle_tol=5, primitive_cell=True, scale=True)


def same_structure(one: Atoms, other: Atoms) -> bool:
    """Return whether StructureMatcher, at its usual tolerances, maps one crystal on the other."""
    return bool(_MATCHER.fit(crystal(one), crystal(other)))


def first_same(atoms: Atoms, enthalpy: float, others: Sequence[tuple[Atoms, float]]) -> int | None:
    """Return the index of the first of other structures that this one repeats; None if it is new.

    Args:
        atoms: structure to compare.
        enthalpy: enthalpy of that structure in eV/atom.
        others: other structures with their enthalpies in eV/atom.
    """
    for index, (other, its_enthalpy) in enumerate(others):
        if abs(enthalpy - its_enthalpy) <= ENERGY_WINDOW_EV_PER_ATOM and same_structure(atoms, other):
            return index
    return None


def crystal(atoms: Atoms) -> Structure:
    """Return the same cell for pymatgen."""
    return AseAtomsAdaptor.get_structure(atoms)


def atoms_of(structure: Structure) -> Atoms:
    """Return the same cell for ASE."""
    return Atoms(
        [site.specie.symbol for site in structure],
        scaled_positions=structure.frac_coords,
        cell=structure.lattice.matrix,
        pbc=True,
    )
