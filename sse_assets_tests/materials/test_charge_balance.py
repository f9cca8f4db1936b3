import math

import pytest

from sse_assets.materials.charge_balance import TOLERANCE, balanced_states, smallest_imbalance
from sse_assets.materials.formula import parse_composition


def imbalance(formula: str) -> float:
    return smallest_imbalance(parse_composition(formula))


@pytest.mark.parametrize(
    "formula",
    [
        "Li7La3Zr2O12",
        "Li10GeP2S12",
        "Li6PS5Cl",
        "Li1.3Al0.3Ti1.7(PO4)3",
        "Li3N",
        "LiFePO4",
        "Li3Fe2(PO4)3",
        "Li4P2S6",  # P is +4
        "Li2SO4",  # S is +6
        "Li4(BH4)(NH2)3",  # H is -1 and +1
        "Li2VCl4",  # V is +2
    ],
)
def test_known_electrolytes_are_neutral(formula: str) -> None:
    assert imbalance(formula) == pytest.approx(0, abs=1e-9)


def test_what_is_left_over_is_a_share_of_the_positive_charge() -> None:
    # Li+ 1, Ga3+ 2 x 3, Ge4+ 4 make 11; six sulfide ions make 12.
    assert imbalance("LiGa2GeS6") == pytest.approx(1 / 11)


def test_refined_occupancies_stay_within_the_tolerance() -> None:
    assert 0 < imbalance("La3Li5.08Ta1.51Zr0.39O12") < TOLERANCE


def test_a_compound_of_metals_has_no_charge_balance() -> None:
    assert math.isinf(imbalance("LiAl"))


@pytest.mark.parametrize("formula", ["Li6NiBr3", "Li1.05Al0.05Ti1.95(PO4)", "Li1.6Cd8Cl32"])
def test_misprinted_formulas_are_found(formula: str) -> None:
    assert imbalance(formula) > TOLERANCE


@pytest.mark.parametrize(
    ("formula", "states"),
    [
        ("Li1.3Al0.3Ti1.7P3O12", {"Li": 1, "Al": 3, "Ti": 4, "P": 5, "O": -2}),
        ("Li4P2S6", {"Li": 1, "P": 4, "S": -2}),
        ("LiBH4", {"Li": 1, "B": 3, "H": -1}),
        ("Li2OHCl", {"Li": 1, "O": -2, "H": 1, "Cl": -1}),
        ("LiFe2O3.5", {"Li": 1, "Fe": 3, "O": -2}),
        ("Li2FeTiO4", {"Li": 1, "Fe": 2.5, "Ti": 3.5, "O": -2}),  # the same part of both ranges
    ],
)
def test_each_element_has_the_state_that_balances_the_others(formula: str, states: dict[str, float]) -> None:
    assert balanced_states(parse_composition(formula)) == pytest.approx(states)


def test_an_alloy_has_no_states() -> None:
    assert balanced_states(parse_composition("LiAl")) is None
