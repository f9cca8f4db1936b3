"""Prototypes in tables and in the report."""

from dataclasses import replace

import pandas as pd
import pytest

from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.report.figure_style import png_bytes
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.page import render_report
from sse_assets.report.prototype_figures import beside_evolution, energy_beside_evolution
from sse_assets.report.prototype_figures import coverage_by_family as coverage_figure
from sse_assets.report.prototype_figures import errors_by_cost as errors_figure
from sse_assets.report.prototype_tables import contribution, coverage_by_family, errors_by_cost
from sse_assets.tables import generated, metrics
from sse_assets_tests.report.generated_examples import NOTHING_GENERATED

PLACED = generated.PROTOTYPES.frame(
    {
        "formula": formula,
        "family": family,
        "cif": cif,
        "trusted": code is None,
        "reason_code": code,
        "cell_given": False,
    }
    for formula, family, cif, code in (
        ("Li7La3Zr2O12", "Garnet (Oxide)", "data_1", None),
        ("Li7La3Hf2O12", "Garnet (Oxide)", "data_2", "costly_substitution"),
        ("Li7La3Sn2O12", "Garnet (Oxide)", "data_3", "costly_substitution"),
        ("LiPO3", "Glass", None, "glass"),
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
    electrolytes = pd.DataFrame(
        {
            "family": ["Glass", "Glass", "NASICON", "Garnet (Oxide)"],
            "structure_origin": ["obelix", None, "generated", "prototype"],
        }
    )
    ordered = pd.DataFrame(
        {
            "composition_key": [
                composition_key(parse_composition(formula)) for formula in ("Li7La3Zr2O12", "LiPO3")
            ],
            "valid": [True, False],
        }
    )
    table = coverage_by_family(PLACED, electrolytes, ordered)
    rows = {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}
    assert rows == {  # electrolytes, ordered, trusted, other prototype, none, why not
        "Garnet (Oxide)": ["3", "1", "0", "2", "0", "2 costly substitution"],
        "Glass": ["1", "0", "0", "0", "1", "1 glass"],
        "NASICON": ["1", "1", "0", "0", "0", ""],
    }


def test_errors_are_medians_of_sizes_by_cost() -> None:
    cheap, dear = errors_by_cost(left_out()).rows
    assert [cell.text for cell in cheap[:6]] == ["up to 0.1", "2", "0.20", "10.50", "1.00", "50"]
    assert [cell.text for cell in dear[:3]] == ["above 1", "1", "50.00"]


@pytest.mark.parametrize("there", [True, False])
def test_the_report_has_a_section_where_there_are_prototypes(inputs: ReportInputs, there: bool) -> None:
    placed = replace(
        NOTHING_GENERATED,
        prototypes=PLACED,
        prototypes_left_out=left_out(),
        prototype_contribution=contributions(),
    )
    html = render_report(replace(inputs, generated=placed if there else NOTHING_GENERATED))
    assert ('id="prototypes"' in html) is there
    assert ("2 costly substitution" in html) is there
    for said in ("Who has a structure", "Errors of known crystals", "gain near-copies", "−0.050 to −0.010"):
        assert (said in html) is there


def contributions() -> pd.DataFrame:
    """The process gains, the trees may not."""
    row = {"protocol": "papers", "label_convention": "bound", "part": "all", "n": 9}
    return metrics.PROTOTYPE_CONTRIBUTION.frame(
        [
            row
            | {"model": "gaussian_process", "mae": 0.97, "mae_without": 1.0, "difference": -0.03}
            | {"low": -0.05, "high": -0.01},
            row
            | {"model": "boosted_trees", "mae": 1.20, "mae_without": 1.21, "difference": -0.01}
            | {"low": -0.04, "high": 0.02},
        ]
    )


def test_what_helps_for_certain_stands_out() -> None:
    process, trees = contribution(contributions()).rows
    assert [cell.text for cell in process] == [
        *("papers", "Gaussian process", "all", "9", "0.970", "1.000", "−0.030")
    ]
    assert process[-1].is_best
    assert not trees[-1].is_best


def history(**lowest: tuple[float | None, float | None]) -> pd.DataFrame:
    """The best prototype and the best child of each composition; None where there is none."""
    rows = [
        {"formula": formula, "operator": operator, "enthalpy_ev_per_atom": enthalpy + worse}
        for formula, of_formula in lowest.items()
        for operator, enthalpy in zip(("prototype", "heredity"), of_formula, strict=True)
        if enthalpy is not None
        for worse in (0.0, 0.1)
    ]
    return generated.SEARCH_HISTORY.frame(rows)


def test_a_prototype_is_compared_where_evolution_has_tried_too() -> None:
    above = beside_evolution(history(LiCl=(-3.0, -3.01), Li2S=(-2.0, -1.99), LiF=(-5.0, None)))
    assert above.round(6).to_dict() == {"Li2S": -10.0, "LiCl": 10.0}
    failed = history(LiCl=(-3.0, -3.01)).assign(failure="the cell exploded")
    assert beside_evolution(failed).empty


def test_the_limit_and_both_baselines_are_drawn_beside_the_errors() -> None:
    lengths, density = errors_figure(left_out()).axes
    assert len(lengths.lines) == 3  # prototype, nearest, limit
    assert len(density.lines) == 4  # the volumes of the elements too
    prototype, nearest, _ = lengths.lines
    assert prototype.get_ydata() == pytest.approx([0.105, 0.5])  # medians of 0.01 and 0.2, and of 0.5
    assert nearest.get_ydata() == pytest.approx([0.01, 0.01])


@pytest.mark.parametrize("n", [0, 6, 100])
def test_the_figures_draw_few_and_many(n: int) -> None:
    lowest = {f"Li{number}S": (-3.0, -3.0 + 0.001 * (number - 3)) for number in range(1, n + 1)}
    figures = [
        coverage_figure(
            PLACED.head(n),
            pd.DataFrame(columns=["family", "structure_origin"]),
            generated.STRUCTURES.frame(),
        ),
        errors_figure(left_out().head(n)),
        energy_beside_evolution(history(**lowest)),
    ]
    assert all(png_bytes(figure, dpi=30) for figure in figures)
