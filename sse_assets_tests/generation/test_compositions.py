import pandas as pd
import pytest
from pymatgen.core import Composition

from sse_assets.generation.compositions import (
    cell_formula,
    cell_sizes,
    compositions_to_search,
    integer_formula,
    whole_formula,
)
from sse_assets.materials.formula import composition_key, largest_difference, parse_composition


def measurements(*rows: tuple[str, str]) -> pd.DataFrame:
    return pd.DataFrame(
        [
            {
                "source": "liion",
                "source_id": str(number),
                "electrolyte_id": f"liion:{number}",
                "formula": formula,
                "composition_key": composition_key(parse_composition(formula)),
                "reported_family": family,
            }
            for number, (formula, family) in enumerate(rows)
        ]
    )


@pytest.mark.parametrize(
    ("printed", "integer"),
    [
        ("Li3O(Cl0.5Br0.5)", "Li6O2ClBr"),
        ("Li4P2S6", "Li2PS3"),
        ("Li1.4Al0.4Ti1.6(PO4)3", "Li7Al2Ti8P15O60"),
        ("Li0.333La0.556TiO3", "Li3La5Ti9O27"),  # 0.333 and 0.556 are a third and five ninths, rounded
    ],
)
def test_the_smallest_integer_formula(printed: str, integer: str) -> None:
    found = integer_formula(parse_composition(printed))
    assert found == Composition(integer)
    assert Composition(cell_formula(found)) == found


def test_a_formula_that_needs_too_many_atoms_has_none() -> None:
    assert integer_formula(parse_composition("Li6.4La3Zr1.4Ta0.6O12")) == Composition("Li32La15Zr7Ta3O60")
    assert integer_formula(parse_composition("Li3.99Al0.003Si0.997O4")) is None


def test_a_near_cell_has_every_element_and_the_whole_formula_is_exact() -> None:
    composition = parse_composition("Li3.99Al0.003Si0.997O4")
    near = integer_formula(composition, near=0.01)
    assert near is not None
    assert near["Al"] == 1
    _, difference = largest_difference(near, composition)
    assert 0.001 < abs(difference) <= 0.01
    assert cell_formula(whole_formula(composition)) == "Li3990Al3Si997O4000"
    assert cell_formula(whole_formula(parse_composition("Li1.4Al0.4(Ge0.67Ti0.33)1.6(PO4)3"))).isalnum()


def test_what_is_searched_for_and_what_is_refused_with_its_reason() -> None:
    rows = measurements(
        ("Li4SiS4", "Thio-LISICON"),
        ("Li3N", "Other"),
        ("LiPO3", "Glass"),
        ("Li2PoO3", "Other"),
        ("Li3.99Al0.003Si0.997O4", "LISICON"),
        ("Li4Si0.994Ti0.001Zr0.001Hf0.001Ge0.001Sn0.001Ce0.001O4", "LISICON"),
        ("Li2S", "Other"),
        ("Li8Si2S8", "Thio-LISICON"),
    )
    wanted, rejected = compositions_to_search(rows, {composition_key(Composition("Li2S"))})

    assert wanted[["cell_formula", "formula_atoms"]].to_numpy().tolist() == [
        ["Li3N", 4],
        ["Li4SiS4", 9],
        ["Li3990Al3Si997O4000", 8990],
    ]
    reasons = dict(zip(rejected["formula"], rejected["reason"], strict=True))
    assert reasons == {
        "LiPO3": "a glass: no crystal describes it",
        "Li2PoO3": "CHGNet does not know Po",
        "Li4Si0.994Ti0.001Zr0.001Hf0.001Ge0.001Sn0.001Ce0.001O4": "no integer formula of at most 149 atoms "
        "is within 0.01 of it in each atomic fraction",
    }


def test_several_cells_while_they_fit_and_always_the_smallest() -> None:
    assert cell_sizes(4, (1, 2, 4), 16) == [1, 2, 4]
    assert cell_sizes(4, (1, 2, 4), 15) == [1, 2]
    assert cell_sizes(90, (2, 1, 4), 20) == [1]
