"""Ordered cells, with orderings that a chemist can name."""

from itertools import combinations

import numpy as np
import pytest
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.prototypes import ordering
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.ordering import UnfitOrderingError, _hermite_forms, ordered_cells
from sse_assets.prototypes.starting_cells import starting_cells
from sse_assets.prototypes.structures import volume_model
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, FLUORITE, LITHIUM_CHLORIDE, known

CHARGES = {"Li": 1.0, "O": -2.0, "Cl": -1.0}
HALVED = Structure.from_spacegroup(
    "Pm-3m", Lattice.cubic(3.9), [Composition({"Li": 0.5}), "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)


@pytest.mark.parametrize(("determinant", "count"), [(1, 1), (2, 7), (3, 13), (4, 35), (6, 91), (49, 6)])
def test_every_lattice_of_an_index_is_tried_once(determinant: int, count: int) -> None:
    forms = _hermite_forms(determinant)
    assert len(forms) == count  # all sublattices in three dimensions; of 49 those with the same directions
    assert all(round(np.linalg.det(form)) == determinant for form in forms)
    for one, other in combinations(forms, 2):
        turned = np.array(one) @ np.linalg.inv(other)
        assert not np.allclose(turned, turned.round())  # or they would be one lattice with other edges


def test_a_cell_of_many_copies_is_no_needle() -> None:
    seventeen = ordered_cells(HALVED, Composition("Li8Cl17"), {"Li": 1.0, "Cl": -0.5})[0]
    assert max(seventeen.lattice.abc) < 1.5 * min(seventeen.lattice.abc)


def test_a_crystal_that_leaves_no_choice_is_its_own_ordering() -> None:
    (cell,) = ordered_cells(ANTIPEROVSKITE, Composition("Li3OCl"), CHARGES)
    assert cell.composition.formula == "Li3 Cl1 O1"
    assert cell.volume == pytest.approx(ANTIPEROVSKITE.volume)


def test_like_charges_keep_apart() -> None:
    """Half of the corners of a cube: of the seven doubled cells the alternating one has Li farthest apart."""
    cell = ordered_cells(HALVED, Composition("Li4Cl8"), {"Li": 1.0, "Cl": -0.5}, orderings=4)[0]
    lithium = Structure.from_sites([site for site in cell if site.species_string == "Li"])
    distances = lithium.get_neighbor_list(3.91, exclude_self=True)[3]
    assert len(distances) == 0 or len(distances) / 4 < 3  # a random filling has three such neighbours each


def test_the_content_is_exact_and_the_same_seed_gives_the_same() -> None:
    one, other = (ordered_cells(HALVED, Composition("Li3Cl6"), {"Li": 1.0, "Cl": -0.5}, seed=3) for _ in "ab")
    assert one[0].composition.formula == "Li3 Cl6"
    np.testing.assert_array_equal(one[0].frac_coords, other[0].frac_coords)


def test_few_orderings_are_all_compared_and_many_are_annealed_to_the_same(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    charges = {"Li": 1.0, "Cl": -0.5}
    listed = ordered_cells(HALVED, Composition("Li4Cl8"), charges, orderings=4)
    assert ordering._ways(np.array([[4, 0]]), [8]) == 70
    assert len(list(ordering._arrangements([0, 0, 1, 1, -1]))) == 30
    monkeypatch.setattr(ordering, "_MOST_LISTED", 0)
    annealed = ordered_cells(HALVED, Composition("Li4Cl8"), charges, orderings=4)

    def energy(cell: Structure) -> float:
        return float(EwaldSummation(cell.copy().add_oxidation_state_by_element(charges)).total_energy)

    assert energy(listed[0]) == pytest.approx(energy(annealed[0]), abs=1e-6)
    assert np.all(np.diff([energy(cell) for cell in listed]) > 0.02)  # no two of them are one, the best first
    assert len(listed) > 1


def test_the_last_bits_of_a_cell_choose_no_other_order() -> None:
    charges = {"Li": 1.0, "Cl": -0.5}
    orders = []
    for last_bits in range(-12, 13):
        crystal = Structure(
            Lattice(HALVED.lattice.matrix * (1 + 2.2e-16 * last_bits)),
            HALVED.species_and_occu,
            HALVED.frac_coords + 1e-17 * last_bits,  # an atom at 0 would lie at the other side of the cell
        )
        (cell, *_) = ordered_cells(crystal, Composition("Li4Cl8"), charges, orderings=4)
        orders.append(cell.cart_coords.round(6).tolist())
    assert all(order == orders[0] for order in orders)


def test_a_content_that_is_no_whole_number_of_cells_is_refused() -> None:
    with pytest.raises(UnfitOrderingError, match=r"would be 1\.50 times"):
        ordered_cells(FLUORITE, Composition("Ca1.5F3"), {"Ca": 2.0, "F": -1.0})


def test_a_content_that_does_not_fit_the_sites_is_refused() -> None:
    with pytest.raises(UnfitOrderingError, match="atoms of Li do not fit"):
        ordered_cells(LITHIUM_CHLORIDE, Composition("Li51Cl49"), CHARGES)


def test_a_cell_of_too_many_atoms_is_refused() -> None:
    with pytest.raises(UnfitOrderingError, match="150 atoms, 149 at most"):
        ordered_cells(LITHIUM_CHLORIDE, Composition("Li75Cl75"), CHARGES)


def test_starting_cells_come_from_the_nearest_prototypes_that_fit() -> None:
    chooser = Chooser([known(ANTIPEROVSKITE, "x:a"), known(LITHIUM_CHLORIDE, "x:b"), known(FLUORITE, "x:c")])
    volumes = volume_model(chooser.prototypes)
    (cell,) = starting_cells(Composition("Li3OBr"), chooser, volumes, most=4)
    assert cell.parent_id == "x:a"
    assert cell.structure.composition.reduced_formula == "Li3BrO"
    assert starting_cells(Composition("Li3OBr"), chooser, volumes, most=0) == []
    assert starting_cells(Composition("LiAl"), chooser, volumes, most=4) == []


def test_a_structure_type_gives_two_prototypes_at_most_and_each_its_turn() -> None:
    alike = [known(HALVED, f"x:{name}") for name in "abc"]
    chooser = Chooser([*alike, known(LITHIUM_CHLORIDE, "x:other")])
    cells = starting_cells(Composition("Li2Cl2"), chooser, volume_model(chooser.prototypes), most=4)
    assert [cell.parent_id for cell in cells] == ["x:other", "x:a", "x:b"]
