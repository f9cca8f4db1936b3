from math import isnan

import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.generation.comparison import compare, supercell_lengths

ROCK_SALT = Structure.from_spacegroup("Fm-3m", Lattice.cubic(4.0), ["Li", "F"], [[0, 0, 0], [0.5, 0.5, 0.5]])


def test_one_displaced_atom_of_eight() -> None:
    displaced = ROCK_SALT.copy()
    displaced.translate_sites([0], [0.2, 0, 0], frac_coords=False)
    compared = compare(displaced, ROCK_SALT.get_primitive_structure())
    # Relative to the mean one site moved 7/8 of 0.2 Å and seven 1/8: ((7/8)² + 7 (1/8)²) / 8 = 7/64.
    assert compared.matches
    assert compared.rmsd_a == pytest.approx(0.2 * (7 / 64) ** 0.5, rel=1e-3)
    assert compared.rmsd_normalised == pytest.approx(compared.rmsd_a / 2)  # (4³ / 8)^(1/3) = 2


def test_volumes_do_not_count_but_the_lengths_tell() -> None:
    larger = ROCK_SALT.copy()
    larger.scale_lattice(4.2**3)
    compared = compare(larger, ROCK_SALT)
    assert compared.rmsd_a == pytest.approx(0, abs=1e-6)
    assert compared.lengths_a == pytest.approx((12.6, 12.6, 12.6))
    assert compared.reference_lengths_a == pytest.approx((12, 12, 12))


def test_another_structure_does_not_match() -> None:
    zincblende = Structure.from_spacegroup(
        "F-43m", Lattice.cubic(4.4), ["Li", "F"], [[0, 0, 0], [0.25, 0.25, 0.25]]
    )
    compared = compare(zincblende, ROCK_SALT)
    assert not compared.matches
    assert isnan(compared.rmsd_a) or compared.rmsd_a > 0.5


def test_supercells_are_conventional_and_at_least_ten_angstrom() -> None:
    cell = Structure.from_spacegroup("P4/mmm", Lattice.tetragonal(3.9, 10.5), ["Li"], [[0, 0, 0]])
    assert supercell_lengths(cell) == pytest.approx((10.5, 11.7, 11.7))
