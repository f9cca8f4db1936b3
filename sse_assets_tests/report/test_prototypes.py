"""Prototypes in tables and in the report."""

from dataclasses import replace

import pandas as pd
import pytest

from sse_assets.report.inputs import ReportInputs
from sse_assets.report.page import render_report
from sse_assets.report.prototype_tables import coverage_by_family, errors_by_cost
from sse_assets.tables import generated
from sse_assets_tests.report.generated_examples import NOTHING_GENERATED

PLACED = generated.PROTOTYPES.frame(
    {"family": family, "cif": cif, "trusted": code is None, "reason_code": code, "cell_given": False}
    for family, cif, code in (
        ("Garnet (Oxide)", "data_1", None),
        ("Garnet (Oxide)", "data_2", "costly_substitution"),
        ("Garnet (Oxide)", "data_3", "costly_substitution"),
        ("Glass", None, "glass"),
    )
)


def left_out() -> pd.DataFrame:
    """Two cheap crystals, one of which has another cell, and a dear one."""
    errors = pd.DataFrame(
        {"cost_per_anion": [0.05, 0.1, 2.0], "a_error": [0.001, -0.003, 0.5]}, index=["x:1", "x:2", "x:3"]
    )
    every = generated.PROTOTYPES_LEFT_OUT.frame(errors.rename_axis("structure_id").reset_index())
    names = [name for name in every if "_error" in name and name != "a_error"]
    return every.assign(**dict.fromkeys(names, 0.01)).assign(b_error=[0.01, -0.2, 0.01])


def test_coverage_counts_each_family_and_says_why_not() -> None:
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in coverage_by_family(PLACED).rows}
    assert rows == {
        "Garnet (Oxide)": ["3", "3", "1", "2 costly substitution"],
        "Glass": ["1", "0", "0", "1 glass"],
    }


def test_errors_are_medians_of_sizes_by_cost() -> None:
    cheap, dear = errors_by_cost(left_out()).rows
    assert [cell.text for cell in cheap[:6]] == ["up to 0.1", "2", "0.20", "10.50", "1.00", "50"]
    assert [cell.text for cell in dear[:3]] == ["above 1", "1", "50.00"]


@pytest.mark.parametrize("there", [True, False])
def test_the_report_has_a_section_where_there_are_prototypes(inputs: ReportInputs, there: bool) -> None:
    placed = replace(NOTHING_GENERATED, prototypes=PLACED, prototypes_left_out=left_out())
    html = render_report(replace(inputs, generated=placed if there else NOTHING_GENERATED))
    assert ('id="prototypes"' in html) is there
    assert ("2 costly substitution" in html) is there
