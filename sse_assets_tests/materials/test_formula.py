import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_assets.materials.formula import (
    FormulaError,
    composition_key,
    element_fractions,
    formula_text,
    largest_difference,
    parse_composition,
    reduced_formula,
)


@pytest.mark.parametrize(
    ("text", "amounts"),
    [
        ("Li7La3Zr2O12", {"Li": 7, "La": 3, "Zr": 2, "O": 12}),
        ("Li1.3Al0.3Ti1.7(PO4)3", {"Li": 1.3, "Al": 0.3, "Ti": 1.7, "P": 3, "O": 12}),
        ('"(Li2S)0.5 ((P2S5)0.4 (Sb2S3)0.6)0.5"', {"Li": 1, "S": 2.4, "P": 0.4, "Sb": 0.6}),
        (" Li6BaLa2Ta2O12 ", {"Li": 6, "Ba": 1, "La": 2, "Ta": 2, "O": 12}),
        ("LiI*3H2O", {"Li": 1, "I": 1, "H": 6, "O": 3}),
        ("Li3(HWO5(H2O))*(H2O)18", {"Li": 3, "W": 1, "O": 24, "H": 39}),
    ],
)
def test_formulas_as_tables_print_them(text: str, amounts: dict[str, float]) -> None:
    assert parse_composition(text).get_el_amt_dict() == pytest.approx(amounts)


HUGE = ["Li1e999", "Li" + "9" * 400, "9" * 400 + "Li", "Li1000001", "(" * 3000 + "Li" + ")" * 3000]


@pytest.mark.parametrize(
    "text", ["", "  ", "hello", "Li-1", "Xx2O3", "=cmd|' /C calc'!A0", "Li((O)", "Li\x00", *HUGE]
)
def test_what_is_no_formula_is_refused(text: str) -> None:
    with pytest.raises(FormulaError):
        parse_composition(text)


def test_fractions_sum_to_one_most_electropositive_first() -> None:
    fractions = element_fractions(parse_composition("Li3PS4"))
    assert list(fractions) == ["Li", "P", "S"]
    assert fractions == pytest.approx({"Li": 3 / 8, "P": 1 / 8, "S": 4 / 8})


@pytest.mark.parametrize(
    ("one", "other"),
    [("Li3PS4", "Li6P2S8"), ("Li10.2Ge1.2P1.8S12", "Li3.4Ge0.4P0.6S4"), ("Li3.333PS4", "Li3.3333PS4")],
)
def test_one_composition_has_one_key(one: str, other: str) -> None:
    assert composition_key(parse_composition(one)) == composition_key(parse_composition(other))


def test_other_compositions_have_other_keys() -> None:
    assert composition_key(parse_composition("Li3PS4")) != composition_key(parse_composition("Li3.1PS4"))


@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 40), st.integers(1, 9))
def test_a_key_does_not_count_formula_units(li: int, p: int, s: int, units: int) -> None:
    one = parse_composition(f"Li{li}P{p}S{s}")
    assert composition_key(one) == composition_key(one * units)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("Li14Bi2O12", "Li7BiO6"),
        ("Li3Fe2P3O12", "Li3Fe2(PO4)3"),
        ("Li1.7Al0.7Ge1.3(PO4)3", "Li1.7Al0.7Ge1.3P3O12"),
    ],
)
def test_reduced_formula(text: str, expected: str) -> None:
    assert reduced_formula(parse_composition(text)) == expected


def test_formula_text_keeps_the_formula_unit() -> None:
    assert formula_text(parse_composition("S6P2Li4")) == "Li4P2S6"


def test_the_largest_difference_has_a_sign() -> None:
    found, stated = parse_composition("Li2O"), parse_composition("Li1.5ClO")
    symbol, difference = largest_difference(found, stated)
    assert (symbol, difference) == ("Cl", pytest.approx(-1 / 3.5))
