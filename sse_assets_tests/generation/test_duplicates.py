import numpy as np
from ase import Atoms
from ase.build import bulk

from sse_assets.generation.duplicates import ENERGY_WINDOW_EV_PER_ATOM, first_same, same_structure

ROCK_SALT = bulk("LiS", "rocksalt", 5.2)
ZINCBLENDE = bulk("LiS", "zincblende", 5.6)


def in_another_setting(atoms: Atoms) -> Atoms:
    """Return the same crystal with other vectors and origin, turned and slightly larger."""
    other = atoms.copy()
    other.set_cell(np.array([[1, 1, 0], [0, 1, 0], [0, 0, 1]]) @ other.cell.array, scale_atoms=False)
    other.translate([0.3, 0.1, 0.7])
    other.rotate(40, (1, 2, 3), rotate_cell=True)
    other.set_cell(other.cell * 1.03, scale_atoms=True)
    return other


def test_a_crystal_is_recognised_in_another_setting_and_no_other_crystal_is() -> None:
    assert same_structure(ROCK_SALT, in_another_setting(ROCK_SALT))
    assert not same_structure(ROCK_SALT, ZINCBLENDE)


def test_the_first_repeated_one_within_the_energy_window() -> None:
    others = [(ZINCBLENDE, -1.0), (ROCK_SALT, -1.0)]
    again = in_another_setting(ROCK_SALT)
    assert first_same(again, -1.0 + 0.9 * ENERGY_WINDOW_EV_PER_ATOM, others) == 1
    assert first_same(again, -1.0 + 1.1 * ENERGY_WINDOW_EV_PER_ATOM, others) is None
