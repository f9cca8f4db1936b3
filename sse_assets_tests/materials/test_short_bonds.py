import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.materials.short_bonds import overlap


def pair(one: object, other: object, apart: float) -> Structure:
    """Return two atoms that are so far apart, in Å."""
    return Structure(Lattice.cubic(10.0), [one, other], [[0, 0, 0], [apart / 10, 0, 0]])


def test_two_atoms_keep_a_distance_that_depends_on_both() -> None:
    assert overlap(pair("P", "O", 1.25)) == "P and O are 1.25 Å apart and both there, 1.30 at least"
    assert overlap(pair("P", "O", 1.35)) is None
    assert overlap(pair("O", "C", 1.25)) is None
    assert overlap(pair("O", "C", 1.0)) is not None


@pytest.mark.parametrize(("occupancy", "overlaps"), [(0.5, False), (0.6, True)])
def test_alternatives_of_one_atom_may_be_close(occupancy: float, overlaps: bool) -> None:
    found = overlap(pair({"Li": occupancy}, {"Li": occupancy}, 0.4))
    assert (found is not None) is overlaps
