"""Who answers: the model that errs least on papers for what is told."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.prototypes.stored_library import Library
from sse_assets.screening.answering import answering, predictions_of_formulas
from sse_assets.tables import models
from sse_assets.tables.names import CellOrigin, InputKind
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, LITHIUM_BROMIDE, known

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
    design = ProcessDesign(cell=tuple(CELL_COLUMNS))
    blind = predictions_of_formulas(rows, features, origin, label, folds, design, None)
    assert list(blind.index) == list(IDS[30:])
    assert np.ptp(blind) < 1e-9
    changed = features.copy()
    changed.loc[IDS[30:], CELL_COLUMNS] += 3.0
    again = predictions_of_formulas(rows, changed, origin, label, folds, design, None)
    pd.testing.assert_series_equal(blind, again)


def test_a_formula_is_tested_with_a_prototype_of_other_compositions_and_papers() -> None:
    random = np.random.default_rng(0)
    features = pd.DataFrame(
        random.normal(size=(40, len(CELL_COLUMNS))), index=IDS, columns=CELL_COLUMNS
    ).assign(Li=0.6, O=0.2, Cl=0.2)
    rows = pd.DataFrame({"formula": "Li3OCl0.98Br0.02", "composition_key": "near", "doi": PAPER}, index=IDS)
    label = pd.Series(random.normal(size=40), index=IDS)
    origin = pd.Series(CellOrigin.STRUCTURE.value, index=IDS)

    def predicted(library: Library | None) -> pd.Series:
        design = ProcessDesign(cell=tuple(CELL_COLUMNS))
        folds = [(IDS[:30], IDS[30:])]
        return predictions_of_formulas(rows, features, origin, label, folds, design, library)

    imputed = predicted(None)
    foreign = known(ANTIPEROVSKITE, "x:foreign", doi="10.9/other")
    own_paper = known(ANTIPEROVSKITE, "x:own", doi=PAPER[IDS[30]])
    salt = known(LITHIUM_BROMIDE, "x:libr")
    assert (predicted(Library.of([foreign, salt])) - imputed).abs().min() > 1e-6
    pd.testing.assert_series_equal(predicted(Library.of([own_paper, salt])), imputed)
