"""Formulas and space groups of the field's own cases, through the inbox as their owners would put them in."""

from pathlib import Path

import pytest

from sse_assets.curation.electrolytes import curate_electrolytes
from sse_assets.curation.measurements import curate_measurements
from sse_assets.materials.formula import FormulaError, parse_composition
from sse_assets.sources.inbox import InboxContent, InboxFile, read_inbox

COMPOSITIONS = {
    "0.7Li2S-0.3P2S5": {"Li": 1.4, "P": 0.6, "S": 2.2},
    "70Li2S-30P2S5": {"Li": 140, "P": 60, "S": 220},
    "Li2S-2GeS2": {"Li": 2, "Ge": 2, "S": 5},
    "Li6·4La3Zr1·4Ta0·6O12": {"Li": 6.4, "La": 3, "Zr": 1.4, "Ta": 0.6, "O": 12},
    "Li₇P₃S₁₁": {"Li": 7, "P": 3, "S": 11},
}
AMBIGUOUS = "LiClO4.3H2O"


def inbox(table: Path) -> InboxContent:
    return read_inbox([InboxFile(table.name, table.read_bytes())])


def test_formulas_of_the_cases_are_read_or_refused_with_both_readings(field_cases: Path) -> None:
    content = inbox(field_cases / "inbox" / "formulas.csv")
    formulas = {*content.measurements["formula"], *content.refused["formula"]}
    assert formulas == {*COMPOSITIONS, AMBIGUOUS}
    # Four times 420 atoms are not in 1000 Å³.
    assert content.refused["formula"].tolist() == ["70Li2S-30P2S5"]
    for formula, amounts in COMPOSITIONS.items():
        assert parse_composition(formula).get_el_amt_dict() == pytest.approx(amounts)
    with pytest.raises(FormulaError, match=r"'LiClO4·3H2O', or '\(LiClO4.3\)H2O'"):
        parse_composition(AMBIGUOUS)


def test_space_groups_of_the_cases_are_read_or_refused_with_the_reason(field_cases: Path) -> None:
    content = inbox(field_cases / "inbox" / "space_groups.csv")
    accepted, rejected = curate_measurements(content.measurements)
    numbers = curate_electrolytes(accepted, content.structures, {}).electrolytes.set_index("electrolyte_id")
    assert rejected.empty
    assert numbers["space_group_number"].to_dict() == {
        "inbox:sg-0": 14,
        "inbox:sg-1": 216,
        "inbox:sg-2": 167,
        "inbox:sg-3": 167,
    }
    assert "'cubic' names no space group" in content.refused["reason"].item()
