"""Who answers: the model that errs least on papers for what is told."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.screening.answering import answering, predictions_of_formulas
from sse_assets.tables import models
from sse_assets.tables.names import CellOrigin, InputKind

IDS = pd.Index([f"x:{number:02}" for number in range(40)])
LABEL = pd.Series(-5.0, index=IDS)
PAPER = pd.Series([f"10.1/{number // 2}" for number in range(40)], index=IDS)
ROWS_WITH = {InputKind.FORMULA: IDS, InputKind.FORMULA_AND_CELL: IDS[:30], InputKind.CIF: IDS[:20]}


def off(error: float) -> pd.Series:
    return LABEL + error


def test_each_input_is_answered_by_the_model_that_errs_least_on_it() -> None:
    table = answering(
        {"stoichiometric": off(0.8), "geometric": off(1.2), "all": off(0.4)},
        process=off(0.5),
        process_of_formula=off(0.9),
        label=LABEL,
        papers=PAPER,
        rows_with=ROWS_WITH,
    )
    models.ANSWERING.check(table)
    first = table[table["answers"]].set_index("kind")
    assert first[["model", "variant", "n", "n_papers"]].to_dict("index") == {
        "formula": {"model": "boosted_trees", "variant": "stoichiometric", "n": 40, "n_papers": 20},
        "formula_and_cell": {"model": "gaussian_process", "variant": "none", "n": 30, "n_papers": 15},
        "cif": {"model": "boosted_trees", "variant": "all", "n": 20, "n_papers": 10},
    }
    loser = table.query("kind == 'formula' and not answers").iloc[0]
    assert loser[["difference", "low", "high"]].to_list() == pytest.approx([0.1, 0.1, 0.1])
    assert loser["reason"] == "It errs clearly more, by 0.10 (95 % interval +0.10 to +0.10)."


def test_a_cif_does_not_make_anybody_ask_a_model_that_loses_to_the_composition_alone() -> None:
    table = answering(
        {"stoichiometric": off(0.5), "all": off(1.0)}, off(0.6), off(0.6), LABEL, PAPER, ROWS_WITH
    )
    assert set(table.loc[table["answers"], "variant"]) == {"stoichiometric"}


def test_a_row_that_one_model_does_not_predict_counts_for_none() -> None:
    table = answering({"stoichiometric": off(1.0).iloc[5:]}, off(0.5), off(0.5), LABEL, PAPER, ROWS_WITH)
    assert table.loc[table["kind"] == "formula", "n"].tolist() == [35, 35]


def test_a_formula_is_predicted_as_if_its_cell_were_not_known() -> None:
    """The cell tells the label, and the composition tells nothing of the cell."""
    random = np.random.default_rng(0)
    cell = random.normal(size=40)
    features = pd.DataFrame(dict.fromkeys(CELL_COLUMNS, cell), index=IDS).assign(Li=0.5, O=0.5)
    rows = pd.DataFrame({"formula": "Li2O", "doi": PAPER}, index=IDS)
    label = pd.Series(-5 + cell, index=IDS)
    folds = [(IDS[:30], IDS[30:])]
    origin = pd.Series(CellOrigin.STRUCTURE.value, index=IDS)
    blind = predictions_of_formulas(
        rows, features, origin, label, folds, ProcessDesign(cell=tuple(CELL_COLUMNS))
    )
    assert list(blind.index) == list(IDS[30:])
    assert np.ptp(blind) < 1e-9
    changed = features.copy()
    changed.loc[IDS[30:], CELL_COLUMNS] += 3.0
    again = predictions_of_formulas(
        rows, changed, origin, label, folds, ProcessDesign(cell=tuple(CELL_COLUMNS))
    )
    pd.testing.assert_series_equal(blind, again)
