"""When two candidates are one structure."""

from collections.abc import Sequence

from ase import Atoms
from pymatgen.analysis.structure_matcher import StructureMatcher
from pymatgen.core import Structure
from pymatgen.io.ase import AseAtomsAdaptor

ENERGY_WINDOW_EV_PER_ATOM = 0.01
"""Structures further apart in enthalpy are different without a closer look."""

_MATCHER = StructureMatcher(ltol=0.2, stol=0.3, angle_tol=5, primitive_cell=True, scale=True)


def same_structure(one: Atoms, other: Atoms) -> bool:
    """Whether StructureMatcher, at its usual tolerances, maps one crystal on the other."""
    return bool(_MATCHER.fit(crystal(one), crystal(other)))


def first_same(atoms: Atoms, enthalpy: float, others: Sequence[tuple[Atoms, float]]) -> int | None:
    """The index of the first of some structures that this one repeats, None if it is new.

    Args:
        atoms: the structure.
        enthalpy: its enthalpy in eV/atom.
        others: structures and their enthalpies.
    """
    for index, (other, its_enthalpy) in enumerate(others):
        if abs(enthalpy - its_enthalpy) <= ENERGY_WINDOW_EV_PER_ATOM and same_structure(atoms, other):
            return index
    return None


def crystal(atoms: Atoms) -> Structure:
    """The same cell for pymatgen."""
    return AseAtomsAdaptor.get_structure(atoms)
