import pytest
from pymatgen.core import Lattice

from sse_assets.materials.conventional_cell import standard_lattice


def test_the_setting_of_a_table_is_heeded() -> None:
    lattice = Lattice.monoclinic(5.1, 7.3, 6.2, 112)
    a, b, c = lattice.matrix
    in_p21n = Lattice([-a - c, b, a])  # the glide along c runs along the diagonal of these axes
    expected = standard_lattice(lattice, 14, "P21/c")
    found = standard_lattice(Lattice.from_parameters(*in_p21n.parameters), 14, "P21/n")
    assert expected is not None
    assert found is not None
    assert found.parameters == pytest.approx(expected.parameters, rel=1e-6)


@pytest.mark.parametrize(
    ("lattice", "number", "symbol"),
    [(Lattice.tetragonal(3.872, 7.73), 99, "P4mm"), (Lattice.orthorhombic(7.6, 6.5, 6.2), 31, "Pmn21")],
)
def test_the_cell_of_a_polar_group_is_found(lattice: Lattice, number: int, symbol: str) -> None:
    found = standard_lattice(lattice, number, symbol)
    assert found is not None
    assert sorted(found.abc) == pytest.approx(sorted(lattice.abc))


def test_rhombohedral_axes_give_the_hexagonal_cell() -> None:
    hexagonal = Lattice.hexagonal(8.5, 20.8)
    a, b, c = hexagonal.matrix
    rhombohedral = Lattice([(2 * a + b + c) / 3, (-a + b + c) / 3, (-a - 2 * b + c) / 3])
    for lattice in (hexagonal, Lattice.from_parameters(*rhombohedral.parameters)):
        found = standard_lattice(lattice, 167, "R-3c")
        assert found is not None
        assert found.abc == pytest.approx(hexagonal.abc, rel=1e-6)
