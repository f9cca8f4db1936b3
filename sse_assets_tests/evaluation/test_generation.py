"""Structure generation in tables, figures and the report, and what it contributes to the models."""

from dataclasses import replace
from datetime import UTC, datetime

import pandas as pd
import pytest
from matplotlib.figure import Figure

from sse_assets.evaluation import generation_figures, generation_tables
from sse_assets.evaluation.champions import CHAMPION_COLUMNS
from sse_assets.evaluation.figure_style import png_bytes
from sse_assets.evaluation.generated_contribution import (
    CELL,
    CONTRIBUTION_COLUMNS,
    TRAINING,
    TRAINING_GENERATED,
    contributions,
)
from sse_assets.evaluation.language_model_tables import FIT_COLUMNS
from sse_assets.evaluation.report import Generated, ReportInputs, render_report
from sse_assets.generation.records import COMPARISON_COLUMNS
from sse_assets.generation.stability import validation_table
from sse_assets_tests.evaluation.generated_examples import (
    NOTHING_GENERATED,
    ROCK_SALT,
    dynamics,
    history,
    structures,
)

KNOWN = pd.DataFrame(
    [("Li3N", "alpha", "P-3m1", "P6/mmm", -1.25, True, 0.05, 0.12, 10.9, 10.9, 11.5, 10.94, 10.94, 11.6)],
    columns=COMPARISON_COLUMNS,
)


def test_the_table_says_what_is_used_and_why_not() -> None:
    table = generation_tables.found_structures(structures())
    by_formula = {row[0].text: row for row in table.rows}
    assert list(by_formula) == ["Li2S", "LiCl"]  # small cells first
    assert (by_formula["LiCl"][-1].text, by_formula["LiCl"][-1].note) == ("used", "")
    assert by_formula["Li2S"][-1].note == "at 300 K an atom is lost"
    assert by_formula["LiCl"][0].note == "this run"


def test_table_6_has_both_rmsds_and_both_cells() -> None:
    (row,) = generation_tables.found_beside_known(KNOWN).rows
    assert [cell.text for cell in row[2:6]] == ["−1.2", "0.050", "0.120", "10.90"]
    assert row[5].note == "10.94"


def test_the_best_enthalpy_of_a_search_never_rises() -> None:
    (axes,) = generation_figures.enthalpy_by_generation(history()).axes
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [0, 1, 2]
    assert line.get_ydata() == pytest.approx([300, 0, 0])  # meV/atom above the best; the failed one is out
    assert axes.get_title(loc="left") == "LiCl"


def test_a_child_like_its_parent_is_no_gain() -> None:
    (axes,) = generation_figures.enthalpy_changes(history()).axes
    said = [text.get_text().split("\n") for text in axes.texts]
    assert said == [["50 % better", "of 2"], ["0 % better", "of 1"]]  # heredity, rattle


def test_a_drawing_has_the_cells_edges_and_atoms_on_every_face() -> None:
    (axes,) = generation_figures.crystal_drawings(structures().head(1)).axes
    assert len(axes.lines) == 12
    # Of rock salt's cell: 8 corners, 6 faces, 12 edges and the centre.
    assert len(axes.patches) == 27
    _, elements = axes.get_legend_handles_labels()
    assert set(elements) == {element.symbol for element in ROCK_SALT.elements}


@pytest.mark.parametrize("nothing", [False, True])
def test_every_figure_draws_also_without_data(nothing: bool) -> None:
    rows = 0 if nothing else 2
    figures: list[Figure] = [
        generation_figures.atoms_per_cell(structures().head(rows)),
        generation_figures.generations_by_size(structures().head(rows)),
        generation_figures.enthalpy_by_generation(history().head(3 * rows)),
        generation_figures.enthalpy_changes(history().head(3 * rows)),
        generation_figures.crystal_drawings(structures().head(rows)),
        generation_figures.ambient_run(dynamics().head(2 * rows)),
    ]
    assert all(png_bytes(figure, dpi=30) for figure in figures)


@pytest.fixture
def inputs(run) -> ReportInputs:
    return ReportInputs(
        data_set="sample",
        created=datetime(2026, 3, 1, tzinfo=UTC),
        electrolytes=run.electrolytes,
        rejected=pd.DataFrame(columns=["source", "source_id", "formula", "reason"]),
        assignments=run.assignments,
        leakage=run.leakage,
        predictions=run.predictions,
        scores=run.scores,
        comparisons=run.comparisons,
        champions=pd.DataFrame(columns=CHAMPION_COLUMNS),
        shap_values=run.shap_values,
        language_model_fits=pd.DataFrame(columns=FIT_COLUMNS),
        generated=NOTHING_GENERATED,
        settings={},
        sources=(),
    )


def test_the_report_shows_generated_structures_where_there_are_some(inputs: ReportInputs) -> None:
    held = validation_table(structures(), dynamics())
    generated = Generated(structures(), history(), dynamics(), held, NOTHING_GENERATED.contribution, KNOWN)
    html = render_report(replace(inputs, generated=generated))
    for title in (
        "Figure 2(b)",
        "Figure 2(c)",
        "Figure 5(a)",
        "Figure 5(b)",
        "Figure 5(c)",
        "Figure 6",
        "Table 6",
    ):
        assert title in html
    assert "Generated structures" not in render_report(inputs)


def contribution(run, improves_by: float, rows: tuple[int, ...] = (3, 4)) -> pd.DataFrame:
    """Some rows with a generated structure; every row would err more if they did not train."""
    electrolytes = run.electrolytes.copy()
    electrolytes.loc[list(rows), "structure_origin"] = "generated"
    trees = run.predictions.query(
        "model == 'boosted_trees' and variant == 'all' and protocol == 'grouped' and role == 'test' "
        "and label_convention == 'bound'"
    )
    sign = (trees["predicted"] >= trees["log10_sigma"]).map({True: 1, False: -1})
    without = trees.assign(predicted=trees["predicted"] + sign * improves_by)
    groups = pd.Series(range(len(electrolytes)), index=electrolytes["electrolyte_id"])
    return contributions(run.predictions, without, electrolytes, groups).set_index("question")


def test_contributions_are_paired_differences_on_rows_with_and_without_generated_structure(run) -> None:
    table = contribution(run, improves_by=0.25)
    n = run.predictions.query("protocol == 'grouped' and role == 'test'")["electrolyte_id"].nunique()
    assert table["n"].to_dict() == {CELL: 2, TRAINING: n - 2, TRAINING_GENERATED: 2}
    assert table.loc[TRAINING, ["difference", "low", "high"]].tolist() == pytest.approx([-0.25] * 3)
    assert table.loc[TRAINING_GENERATED, "difference"] == pytest.approx(-0.25)
    rows = run.predictions.query(
        "protocol == 'grouped' and role == 'test' and label_convention == 'bound' "
        "and model == 'boosted_trees'"
    )
    rows = rows[rows["electrolyte_id"].isin(run.electrolytes["electrolyte_id"].iloc[[3, 4]])]
    error = (rows["predicted"] - rows["log10_sigma"]).abs().groupby(rows["variant"]).mean()
    assert table.loc[CELL, "difference"] == pytest.approx(error["all"] - error["stoichiometric"])


@pytest.mark.parametrize(("rows", "has_interval"), [((3, 4, 6, 7), False), ((3, 4, 6, 7, 9), True)])
def test_few_generated_structures_have_no_interval(run, rows: tuple[int, ...], has_interval: bool) -> None:
    table = contribution(run, improves_by=0.25, rows=rows)
    assert table.loc[[CELL, TRAINING_GENERATED], ["low", "high"]].notna().all(axis=None) == has_interval


def test_without_generated_structures_there_is_nothing_to_say(run) -> None:
    without = pd.DataFrame(columns=["fold", "electrolyte_id", "predicted"])
    table = contributions(run.predictions, without, run.electrolytes, pd.Series(dtype=float))
    assert list(table.columns) == CONTRIBUTION_COLUMNS
    assert table.empty
