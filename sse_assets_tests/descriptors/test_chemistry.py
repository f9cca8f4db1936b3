import math

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pymatgen.core import Composition

from sse_assets.descriptors.chemistry import (
    CHEMISTRY_COLUMNS,
    atoms_of_whole_formula,
    chemistry,
    chemistry_features,
)
from sse_assets_tests.descriptors.crystal_examples import electrolytes_table

WORKED = {
    # 24 atoms; La and Zr 3:2; 3·3 + 2·4 = 17 charges on 12 O
    "Li7La3Zr2O12": {
        "li_fraction": 7 / 24,
        "anion_fraction": 12 / 24,
        "other_cation_fraction": 5 / 24,
        "li_per_anion": 7 / 12,
        "cation_per_anion": 5 / 12,
        "oxide_share": 1,
        "sulfide_share": 0,
        "halide_share": 0,
        "cation_mixing_entropy": -(0.6 * math.log(0.6) + 0.4 * math.log(0.4)),
        "anion_mixing_entropy": 0,
        "n_elements": 4,
        "log_atoms_of_whole_formula": math.log10(24),
        "cation_charge_per_anion": 17 / 12,
    },
    # 25 atoms; Ge and P 1:2; 4 + 2·5 = 14 charges on 12 S
    "Li10GeP2S12": {
        "li_fraction": 10 / 25,
        "anion_fraction": 12 / 25,
        "other_cation_fraction": 3 / 25,
        "li_per_anion": 10 / 12,
        "cation_per_anion": 3 / 12,
        "oxide_share": 0,
        "sulfide_share": 1,
        "halide_share": 0,
        "cation_mixing_entropy": -(math.log(1 / 3) / 3 + 2 * math.log(2 / 3) / 3),
        "anion_mixing_entropy": 0,
        "n_elements": 4,
        "log_atoms_of_whole_formula": math.log10(25),
        "cation_charge_per_anion": 14 / 12,
    },
    # 13 atoms; 5 S and 1 Cl; 5 charges on 6 anions
    "Li6PS5Cl": {
        "li_fraction": 6 / 13,
        "anion_fraction": 6 / 13,
        "other_cation_fraction": 1 / 13,
        "li_per_anion": 1,
        "cation_per_anion": 1 / 6,
        "oxide_share": 0,
        "sulfide_share": 5 / 6,
        "halide_share": 1 / 6,
        "cation_mixing_entropy": 0,
        "anion_mixing_entropy": -(5 * math.log(5 / 6) + math.log(1 / 6)) / 6,
        "n_elements": 4,
        "log_atoms_of_whole_formula": math.log10(13),
        "cation_charge_per_anion": 5 / 6,
    },
    # 8 atoms; 5 charges on 4 O
    "Li3PO4": {
        "li_fraction": 3 / 8,
        "anion_fraction": 4 / 8,
        "other_cation_fraction": 1 / 8,
        "li_per_anion": 3 / 4,
        "cation_per_anion": 1 / 4,
        "oxide_share": 1,
        "sulfide_share": 0,
        "halide_share": 0,
        "cation_mixing_entropy": 0,
        "anion_mixing_entropy": 0,
        "n_elements": 3,
        "log_atoms_of_whole_formula": math.log10(8),
        "cation_charge_per_anion": 5 / 4,
    },
}


@pytest.mark.parametrize("formula", WORKED)
def test_numbers_worked_by_hand(formula: str) -> None:
    assert list(WORKED[formula]) == CHEMISTRY_COLUMNS
    assert chemistry_features(Composition(formula)) == pytest.approx(WORKED[formula])


@pytest.mark.parametrize(
    ("formula", "atoms"),
    [
        ("Li6.5La3Zr1.5Ta0.5O12", 47),  # Li13La6Zr3TaO24
        ("Li0.5La0.5TiO3", 10),
        ("LiCl", 2),
        ("Li6.237La3Zr1.911Al0.1707O12", 200),  # no small formula has these amounts
    ],
)
def test_atoms_of_the_smallest_whole_formula(formula: str, atoms: int) -> None:
    assert atoms_of_whole_formula(Composition(formula)) == atoms


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(st.sampled_from(sorted(WORKED)), st.floats(0.05, 40))
def test_the_number_of_formula_units_changes_nothing(formula: str, units: float) -> None:
    one, many = (chemistry_features(Composition(formula) * factor) for factor in (1, units))
    assert many == pytest.approx(one, abs=1e-9)


def test_one_row_an_electrolyte_in_their_order() -> None:
    rows = electrolytes_table(
        {"electrolyte_id": "two", "formula": "Li6PS5Cl"}, {"electrolyte_id": "one", "formula": "Li3PO4"}
    )
    numbers = chemistry(rows)
    assert numbers.columns.tolist() == ["electrolyte_id", *CHEMISTRY_COLUMNS]
    assert numbers["electrolyte_id"].tolist() == ["two", "one"]
    assert numbers["oxide_share"].tolist() == [0.0, 1.0]
