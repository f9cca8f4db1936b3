"""Language models beside everything else, printed and drawn."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.metrics import scores
from sse_assets.report import language_model_tables, paper_tables, parity_figures, training_figures
from sse_assets.report.beside_paper import leading_language_model
from sse_assets.report.page import render_report
from sse_assets.report.titles import model_title
from sse_assets.tables import metrics, models


@pytest.fixture(scope="module")
def fits() -> pd.DataFrame:
    columns = ["protocol", "fold", "seconds", "tokens_per_second", "peak_memory_gb", "n_valid", "n_total"]
    what = {
        "label_convention": "bound",
        "kind": "text",
        "case": "case_2",
        "base_model": "llama-3.1-8b",
        "placement": "bf16 on GPU",
    }
    rows = [
        ("diversity", 0, 120.0, 900.0, 20.5, 3, 4),
        ("grouped", 0, 240.0, 700.0, 21.5, 4, 4),
        ("grouped", 1, 240.0, 800.0, 21.0, 2, 4),
        ("all_rows", 0, 200.0, 800.0, 21.0, 0, 0),
    ]
    return models.LANGUAGE_MODELS.frame(pd.DataFrame(rows, columns=columns).assign(**what))


def test_the_model_that_stands_for_all_is_chosen_by_name() -> None:
    models = ["qwen3-8b", "llama-3.1-8b", "llama-3.1-8b", "boosted_trees"]
    assert leading_language_model(models, ["case_2", "case_4", "case_3", "all"]) == ("llama-3.1-8b", "case_3")
    assert leading_language_model(models[:1], ["case_1"]) == ("qwen3-8b", "case_1")
    assert leading_language_model(["llama-3.1-8b"], ["case_2_sample"]) is None
    assert model_title("llama-3.1-8b", "case_2_sample") == "Llama-3.1-8B-Instruct, case 2, one sample"


@pytest.fixture(scope="module")
def scored(run, answers) -> pd.DataFrame:
    return scores(pd.concat([run.predictions, answers]), n_bootstrap=50)


def test_cases_are_set_beside_the_paper_where_it_has_values(scored) -> None:
    table = language_model_tables.case_by_model(scored, "diversity")
    assert table.groups == (("", 1), ("Llama-3.1-8B-Instruct", 4), ("Small Llama from scratch", 4))
    formula_alone, with_symmetry = table.rows
    assert formula_alone[1].text == "0.50"
    assert "paper" not in formula_alone[1].note
    assert with_symmetry[1].note.endswith("; paper 0.657")
    assert with_symmetry[5].note.endswith("0.50")
    assert "paper" not in language_model_tables.case_by_model(scored, "grouped").rows[1][1].note


def test_number_modes_stand_side_by_side_with_the_valid_answers(scored, fits) -> None:
    table = language_model_tables.number_modes(scored, fits)
    assert table.groups == (("", 1), ("diversity", 4), ("grouped", 4))
    (row,) = table.rows
    by_hand = scored.query(
        "protocol == 'diversity' and variant == 'case_2_sample' and role == 'test' and metric == 'mae' "
        "and label_convention == 'bound'"
    )["value"].item()
    assert [cell.text for cell in row[1:5]] == ["0.50", f"{by_hand:.2f}", "–", "3 of 4"]
    assert row[8].text == "6 of 8"


def test_costs_are_averaged_over_fits(fits) -> None:
    ours, paper = language_model_tables.costs(fits).rows
    numbers = ["4", "3.3", "13", "21.5", "800"]
    assert [cell.text for cell in ours] == ["Llama-3.1-8B-Instruct", *numbers, "bf16 on GPU"]
    assert paper[2].text == "10"


def test_table_7_has_a_row_for_the_language_model(scored, run) -> None:
    rows = [[cell.text for cell in row] for row in paper_tables.cross_model(scored, run.assignments).rows]
    features = "Text prompt (formula and symmetry), room temperature"
    own = [row for row in rows if row[1] == features and row[2] == "16"]
    assert [row[0] for row in own] == ["Llama-3.1-8B-Instruct"] * 4  # two protocols, two conventions
    assert np.allclose([float(row[3]) for row in own], 0.5, atol=0.01)


def test_parity_has_a_panel_for_each_model_and_case_that_was_trained(run, answers) -> None:
    figure = parity_figures.language_model_parity(answers, run.electrolytes)
    titles = [axes.get_title(loc="left") for axes in figure.axes]
    assert titles == [
        "Llama-3.1-8B-Instruct, case 1",
        "",
        "Llama-3.1-8B-Instruct, case 2",
        "Small Llama from scratch, case 2",
    ]


def test_loss_curves_draw_every_fit() -> None:
    losses = pd.DataFrame({"fold": [0, 0, 1, 1], "epoch": [1, 2, 1, 2], "loss": [5.0, 1.0, 4.0, 2.0]}).assign(
        protocol="grouped", label_convention="bound", kind="text"
    )
    (axes,) = training_figures.loss_curves(losses).axes
    assert len(axes.lines) == 2
    assert axes.get_legend_handles_labels()[1] == ["grouped, fold 1, bound, text"]


def _curve(maes: list[float], **more: object) -> pd.DataFrame:
    columns = {"share": [0.25, 0.5, 1.0], "n_train": [100.0, 200.0, 400.0], "mae": maes}
    return pd.DataFrame(columns | {"label_convention": "bound", "n_papers": 9.0, "n": 90} | more)


def test_the_learning_curve_says_what_is_left_for_pretraining() -> None:
    process = _curve([1.4, 1.2, 1.0])
    (told,) = language_model_tables.left_for_pretraining(_curve([1.8, 1.6, 1.4], case="case_2"), process)
    assert told == (
        "On whole papers held out (90 rows), the small model that reads the formula and symmetry errs by "
        "1.80, 1.60 and 1.40 log units, where the papers that train it hold 100, 200 and 400 measurements. "
        "The Gaussian process errs by 1.40, 1.20 and 1.00, trained on the same papers and told of chemistry "
        "and cell too. With each doubling, the error of the small model falls by 0.20. Pretraining would "
        "have to add the 0.40 by which it errs more on all papers. If the line went on, 4 times as many "
        "measurements would do it."
    )


@pytest.mark.parametrize(
    ("maes", "sentence"),
    [
        ([1.3, 1.3, 1.4], "does not fall with more measurements. Pretraining would have to add the 0.40"),
        ([1.6, 1.3, 0.9], "so pretraining has nothing to make up for."),
    ],
)
def test_a_flat_curve_and_a_good_one_promise_nothing(maes: list[float], sentence: str) -> None:
    process = _curve([1.4, 1.2, 1.0])
    (told,) = language_model_tables.left_for_pretraining(_curve(maes, case="case_1"), process)
    assert sentence in told
    assert "If the line went on" not in told


@pytest.mark.parametrize("process", [metrics.LEARNING_CURVE.frame(), _curve([1.4, 1.2, 1.0], n=91)])
def test_curves_of_other_rows_are_not_compared(process: pd.DataFrame) -> None:
    curve = _curve([1.8, 1.6, 1.4], case="case_2")
    assert not language_model_tables.left_for_pretraining(curve, process)


def test_the_report_has_a_section_only_where_there_are_language_models(
    inputs, run, answers, scored, fits
) -> None:
    inputs = replace(
        inputs,
        predictions=pd.concat([run.predictions, answers]),
        scores=scored,
        language_model_fits=fits,
        small_language_model_curve=_curve([1.8, 1.6, 1.4], case="case_2"),
        evidence=replace(inputs.evidence, learning_curve=_curve([1.4, 1.2, 1.0], low=0.9, high=1.5)),
    )
    html = render_report(inputs)
    assert html.count("Figure 8. Language models") == 2
    assert "all_rows" not in html
    assert "What fine-tuning cost" in html
    assert "Pretraining would have to add the 0.40" in html
    without = render_report(replace(inputs, language_model_fits=fits.head(0), predictions=run.predictions))
    assert "language-models" not in without
