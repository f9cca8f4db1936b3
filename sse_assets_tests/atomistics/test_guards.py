import numpy as np
import pytest
from ase import Atoms
from ase.build import molecule

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import (
    UnfitCrystalError,
    closest_contact,
    require_result,
    require_start,
    shape_flaws,
)
from sse_assets_tests.atomistics.crystals import lithium_fluoride, thiophosphate_like


def pair(symbols: str, distance: float) -> Atoms:
    return Atoms(symbols, positions=[[0, 0, 0], [distance, 0, 0]], cell=[4.5, 4.0, 4.0], pbc=True)


def cell(lattice: object) -> Atoms:
    """Return LiO with one atom in the corner and one in the centre."""
    return Atoms("LiO", scaled_positions=[[0, 0, 0], [0.5, 0.5, 0.5]], cell=lattice, pbc=True)


@pytest.mark.parametrize(
    ("atoms", "reason"),
    [
        (Atoms(cell=[4, 4, 4], pbc=True), "the cell has no atoms"),
        (pair("LiPo", 2.0), "CHGNet does not know Po"),
        (pair("LiO", 0.3), "two atoms overlap: 0.30 Å apart"),
        (pair("LiO", np.nan), "the cell or a position is not a finite number"),
        (cell(np.full((3, 3), np.inf)), "the cell or a position is not a finite number"),
        (cell([5, 5, 5]), "exploded: 62 Å³"),
        (cell([2, 2, 2]), "collapsed: 4.0 Å³"),
        (cell([14, 2, 2]), "vector is 7.0 times"),
        (cell([[5, 0, 0], [4.9, 0.9, 0], [0, 0, 5]]), "two of its faces are 0.90 Å apart"),
    ],
)
def test_a_start_that_cannot_be_judged_is_refused_with_its_reason(atoms: Atoms, reason: str) -> None:
    with pytest.raises(UnfitCrystalError, match=reason):
        require_start(atoms)


def test_sound_crystals_pass() -> None:
    for atoms in (lithium_fluoride(), thiophosphate_like()):
        require_start(atoms)
        require_result(atoms)


def test_a_flaw_is_said_of_its_own_crystal() -> None:
    exploded = lithium_fluoride(a=9.0)
    flaws = shape_flaws(Cells.of([lithium_fluoride(), exploded, thiophosphate_like()]))
    assert flaws[0] is None
    assert flaws[2] is None
    assert flaws[1] == "the cell exploded: 91 Å³ an atom, 45 at most"


@pytest.mark.parametrize(("symbols", "distance"), [("LiO", 1.29), ("HH", 0.74), ("OH", 0.8), ("CO", 1.0)])
def test_a_contact_that_no_bond_explains_fails(symbols: str, distance: float) -> None:
    with pytest.raises(UnfitCrystalError, match=rf"are {distance:.2f} Å apart, \d\.\d+ at least"):
        require_result(pair(symbols, distance))


@pytest.mark.parametrize(
    ("symbols", "distance"), [("LiO", 1.31), ("OH", 0.96), ("HN", 1.01), ("CO", 1.28), ("CN", 1.16)]
)
def test_real_bonds_pass(symbols: str, distance: float) -> None:
    require_result(pair(symbols, distance))


def test_the_worst_contact_is_named_though_a_sound_one_is_shorter() -> None:
    water = molecule("H2O")  # O-H 0.97 Å
    crowded = Atoms("LiO", positions=[[3.5, 3.5, 3.5], [3.5, 3.5, 4.7]])
    atoms = water + crowded
    atoms.set_cell([6, 6, 6])
    atoms.pbc = True
    shortest, too_close = closest_contact(atoms)
    assert shortest == pytest.approx(0.97, abs=0.01)
    assert too_close == "Li and O are 1.20 Å apart, 1.30 at least"
