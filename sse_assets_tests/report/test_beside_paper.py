"""This run's numbers beside the paper's, on a run small enough to count by hand."""

import numpy as np
import pytest

from sse_assets.report import beside_paper, published


def test_the_published_numbers_agree_with_one_another() -> None:
    assert sum(published.FIGURE_4B_CLASS_COUNTS.values()) == published.N_ELECTROLYTES
    assert sum(group.n_test for group in published.TABLE_8_GROUPS.values()) == 100
    weighted = sum(group.n_test * group.boosted_trees_mae for group in published.TABLE_8_GROUPS.values())
    assert weighted / 100 == pytest.approx(published.FIGURE_7_TEST_SCORES["all", "mae"], abs=0.001)


def test_hyperparameters_stand_beside_the_papers() -> None:
    table = beside_paper.hyperparameter_table({"seed": 7, "n_estimators": 10}).set_index("parameter")
    assert table.loc["n_estimators", ["value", "paper"]].tolist() == [10, 242]
    assert np.isnan(table.loc["reg_lambda", "value"])
    assert table.index[-1] == "seed"


def test_families_are_ranked_and_leftovers_are_not(run) -> None:
    table = beside_paper.family_table(run.electrolytes)
    # Three garnets, NASICONs and argyrodites and two thio-LISICONs of sixteen; then one of each.
    assert table["n"].tolist() == [3, 3, 3, 2, 1, 1]
    assert table.loc[table["family"] == "Garnet (Oxide)", "ratio"].item() == pytest.approx(3 / 16)
    assert not table["family"].str.startswith("Other").any()


def test_a_family_of_the_papers_that_we_lack_follows_with_a_count_of_zero(run) -> None:
    electrolytes = run.electrolytes.replace({"family": {"LISICON (Oxide)": "LGPS (Sulfide)"}})
    last = beside_paper.family_table(electrolytes).iloc[-1]
    assert (last["family"], last["n"], last["paper_ratio"]) == ("LISICON (Oxide)", 0, 0.08)


def test_class_counts(run) -> None:
    table = beside_paper.class_counts(run.electrolytes).set_index("conductivity_class")
    assert table["n"].to_dict() == {"low": 3, "moderate": 5, "high": 8, "superionic": 0}
    assert table["paper_n"].tolist() == [186, 146, 103, 64]


def test_partial_occupancy_share(run) -> None:
    only = beside_paper.partial_occupancy_share(run.electrolytes).iloc[0]
    # Eleven structures; the even positions among them are disordered.
    assert (only["structure_origin"], only["n"], only["n_partial"]) == ("obelix", 11, 5)
    assert (only["paper_n_partial"], only["paper_n"]) == (248, 321)


def test_partial_occupancy_without_any_structure(run) -> None:
    bare = run.electrolytes.assign(structure_origin=None, disorder=None)
    assert beside_paper.partial_occupancy_share(bare).empty


def test_cross_model_table_puts_our_protocols_below_the_literature(run) -> None:
    table = beside_paper.cross_model_table(run.scores, run.assignments)
    assert table["model"].tolist()[:4] == ["CrabNet", "CatBoost", "Random forest", "p-CGCNN"]
    ours = table[table["reference"] == "this run"]
    assert (
        ours["protocol"].tolist() == ["diversity"] * 2 + ["random"] * 2 + ["official"] * 2 + ["grouped"] * 2
    )
    assert (ours["n_data"] == 16).all()


def test_feature_sets_stand_beside_figure_7(run) -> None:
    table = beside_paper.feature_set_table(run.scores).set_index(["variant", "metric"])
    assert len(table) == 12
    assert table.loc[("geometric", "rmse"), "paper"] == 1.206
    assert np.isnan(table.loc[("geometric", "r2"), "paper"])
