"""Ordered cells of prototypes, in the composition itself or the nearest one."""

from collections.abc import Callable

import pytest
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.formula import largest_difference, parse_composition
from sse_assets.prototypes import starting_cells as module
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.contents import NEAREST, exact_contents, nearest_contents
from sse_assets.prototypes.mapping import target
from sse_assets.prototypes.starting_cells import StartingCell, cells_of_cheap_prototypes
from sse_assets.prototypes.structures import volume_model
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, LITHIUM_CHLORIDE, known

PEROVSKITE = Structure.from_spacegroup(
    "Pm-3m",
    Lattice.cubic(3.87),
    [Composition({"Li": 0.5, "La": 0.5}), "Ti", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
)


def cells(formula: str, *prototypes: Structure, below: float = 0.5, most: int = 2) -> list[StartingCell]:
    chooser = Chooser([known(crystal, f"x:{number}") for number, crystal in enumerate(prototypes)])
    return cells_of_cheap_prototypes(
        parse_composition(formula), chooser, volume_model(chooser.prototypes), below=below, most=most
    )


def test_the_smallest_cell_that_has_the_composition_is_taken() -> None:
    found = cells("Li6O2ClBr", ANTIPEROVSKITE)
    assert {len(cell.structure) for cell in found} == {10}
    assert found[0].parent_id == "x:0"
    found = cells("LiLaTi2O6", PEROVSKITE)
    assert {cell.structure.composition.formula for cell in found} == {"Li1 La1 Ti2 O6"}


def test_a_costly_prototype_is_left_out() -> None:
    assert cells("Li3OCl", LITHIUM_CHLORIDE, most=1) == []
    (cell,) = cells("Li3OBr", ANTIPEROVSKITE, below=1.0, most=1)
    assert cells("Li3OBr", ANTIPEROVSKITE, below=cell.cost_per_anion) == []


def test_a_composition_that_no_cell_holds_has_the_nearest_one_in_all_cells() -> None:
    wanted = parse_composition("Li0.34La0.56TiO3.01")
    found = cells("Li0.34La0.56TiO3.01", PEROVSKITE)
    assert found
    assert len({cell.structure.composition.reduced_formula for cell in found}) == 1
    content = found[0].structure.composition
    assert set(content.chemical_system_set) == {"Li", "La", "Ti", "O"}
    _, difference = largest_difference(content, wanted)
    assert 0 < abs(difference) <= NEAREST


def test_the_nearest_content_is_neutral_where_one_is() -> None:
    wanted = target(parse_composition("Li0.46La0.5TiO3"))  # 7.4 Li in 16 cells
    content = next(cell for cell in nearest_contents(wanted, known(PEROVSKITE)) if cell["O"] == 48)
    assert content.formula == "Li8 La8 Ti16 O48"


def test_the_nearest_content_has_every_element() -> None:
    wanted = target(parse_composition("Li0.5La0.5Ti0.995Zr0.005O3"))
    contents = list(nearest_contents(wanted, known(PEROVSKITE)))
    assert contents
    assert all(content["Zr"] == 1 for content in contents)


def test_contents_are_whole_numbers_of_primitive_cells() -> None:
    contents = list(exact_contents(Composition("LiLaTi2O6"), known(PEROVSKITE)))
    assert [round(content.num_atoms) for content in contents] == list(range(10, 150, 10))
    assert list(exact_contents(Composition("Li75Cl76"), known(LITHIUM_CHLORIDE))) == []


def test_a_cell_much_larger_than_another_is_left_out(monkeypatch: pytest.MonkeyPatch) -> None:
    def smallest(change: Callable[[int], int]) -> set[int]:
        monkeypatch.setattr(module, "_TIMES_THE_SMALLEST", change(2))
        return {len(cell.structure) for cell in cells("LiLaTi2O6", PEROVSKITE, tripled, most=4)}

    tripled = PEROVSKITE.make_supercell([3, 1, 1], in_place=False)
    tripled.translate_sites([0], [0.02, 0.0, 0.0])
    assert smallest(lambda times: times) == {10}
    assert smallest(lambda times: 10 * times) == {10, 30}
