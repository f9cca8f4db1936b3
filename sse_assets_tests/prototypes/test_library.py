import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.prototypes.library import NoPrototypeError, Source, prototype, with_signs_reversed
from sse_assets_tests.prototypes.crystal_examples import (
    ANTIPEROVSKITE,
    FLUORITE,
    PEROVSKITE,
    known,
)


def test_orbits_have_multiplicity_letter_and_occupants() -> None:
    parent = known(PEROVSKITE)
    assert parent.space_group == "Pm-3m"
    assert parent.anions == pytest.approx(3)
    orbits = {orbit.main.symbol: orbit for orbit in parent.orbits}
    assert {symbol: len(orbit.sites) for symbol, orbit in orbits.items()} == {"La": 1, "Ti": 1, "O": 3}
    assert orbits["La"].filled == pytest.approx(0.867)
    assert orbits["O"].label in ("3c", "3d")


def test_any_cell_of_a_crystal_is_one_prototype() -> None:
    doubled = known(ANTIPEROVSKITE.make_supercell([2, 1, 1], in_place=False))
    assert len(doubled.structure) == len(ANTIPEROVSKITE)
    assert doubled.key == known(ANTIPEROVSKITE).key


def test_split_lithium_sites_share_one_atom() -> None:
    split = Structure.from_spacegroup(
        "P-1", Lattice.cubic(4.0), [{"Li": 0.5}, "Cl", "Cl"], [[0.1, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]]
    )
    split = Structure.from_sites([*split.sites[:2], split.sites[2]])  # LiCl
    parent = known(split)
    lithium = next(n for n, orbit in enumerate(parent.orbits) if orbit.main.symbol == "Li")
    assert parent.exclusions == ((lithium, lithium),)


def test_bonds_are_no_split_sites() -> None:
    phosphate = Structure(
        Lattice.cubic(4.6),
        ["Li", "Li", "Li", "P", "O", "O", "O", "O"],
        [[0.5, 0.5, 0], [0.5, 0, 0.5], [0, 0.5, 0.5], [0, 0, 0]]
        + [[0.19 * x, 0.19 * y, 0.19 * z] for x, y, z in ((1, 1, 1), (1, -1, -1), (-1, 1, -1), (-1, -1, 1))],
    )
    assert known(phosphate).exclusions == ()


def test_a_crystal_with_atoms_too_close_is_marked() -> None:
    squeezed = known(FLUORITE.copy().apply_strain(-0.5, inplace=False))
    assert squeezed.overlap is not None
    assert "at least" in squeezed.overlap
    assert known(FLUORITE).overlap is None


def test_an_alloy_is_no_prototype() -> None:
    alloy = Structure(Lattice.cubic(3.2), ["Li", "Al"], [[0, 0, 0], [0.5, 0.5, 0.5]])
    with pytest.raises(NoPrototypeError, match="both signs"):
        prototype(alloy, Source("x:alloy", "LiAl"))


def test_reversed_signs_exchange_anions_and_cations() -> None:
    antifluorite = with_signs_reversed(known(FLUORITE))
    assert antifluorite.reversed
    assert antifluorite.anions == pytest.approx(4)  # the sites of Ca
    assert {ion.state for orbit in antifluorite.orbits for ion, _ in orbit.occupants} == {-2, 1}
