"""This run's numbers beside the paper's, on a run small enough to count by hand."""

import pytest

from sse_assets.report import paper_tables, published
from sse_assets.report.cells import Table


def test_the_published_numbers_agree_with_one_another() -> None:
    assert sum(published.FIGURE_4B_CLASS_COUNTS.values()) == published.N_ELECTROLYTES
    assert sum(group.n_test for group in published.TABLE_8_GROUPS.values()) == 100
    weighted = sum(group.n_test * group.boosted_trees_mae for group in published.TABLE_8_GROUPS.values())
    assert weighted / 100 == pytest.approx(published.FIGURE_7_TEST_SCORES["all", "mae"], abs=0.001)


def printed(table: Table) -> dict[str, list[str]]:
    """Return the cells of each row by its heading."""
    return {row[0].text: [cell.text for cell in row[1:]] for row in table.rows}


def test_hyperparameters_stand_beside_the_papers() -> None:
    table = printed(paper_tables.hyperparameters({"seed": 7, "n_estimators": 10}))
    assert table["n_estimators"] == ["10", "242"]
    assert table["reg_lambda"] == ["–", "24.922"]
    assert list(table)[-1] == "seed"


def test_families_are_ranked_and_leftovers_are_not(run) -> None:
    table = printed(paper_tables.families(run.electrolytes))
    # Three garnets, NASICONs and argyrodites and two thio-LISICONs of sixteen; then one of each.
    assert [n for n, _, _ in table.values()] == ["3", "3", "3", "2", "1", "1"]
    assert table["Garnet (Oxide)"][1] == "0.19"  # 3 of 16
    assert not any(name.startswith("Other") for name in table)


def test_a_family_of_the_papers_that_we_lack_follows_with_a_count_of_zero(run) -> None:
    electrolytes = run.electrolytes.replace({"family": {"LISICON (Oxide)": "LGPS (Sulfide)"}})
    table = printed(paper_tables.families(electrolytes))
    assert list(table.items())[-1] == ("LISICON (Oxide)", ["0", "0.00", "0.08"])


def test_class_counts(run) -> None:
    table = printed(paper_tables.class_counts(run.electrolytes))
    assert {name: counts[0] for name, counts in table.items()} == {
        "low": "3",
        "moderate": "5",
        "high": "8",
        "superionic": "0",
    }
    assert [counts[2] for counts in table.values()] == ["186", "146", "103", "64"]


def test_table_7_puts_our_protocols_below_the_literature(run) -> None:
    rows = paper_tables.cross_model(run.scores, run.assignments).rows
    models, _, n_data, _, references = zip(*([cell.text for cell in row] for row in rows), strict=True)
    assert models[:4] == ("CrabNet", "CatBoost", "Random forest", "p-CGCNN")
    assert references[-8:] == tuple(
        f"this run: {protocol}, {convention}"
        for protocol in ("diversity", "random", "official", "grouped")
        for convention in ("obelix", "bound")
    )
    assert set(n_data[-8:]) == {"16"}


def test_feature_sets_stand_beside_figure_7(run) -> None:
    table = printed(paper_tables.feature_sets(run.scores))
    assert [len(cells) for cells in table.values()] == [8] * 3  # four metrics, ours and the paper's
    _, _, _, rmse, _, r2, _, _ = table["Geometric"]
    assert (rmse, r2) == ("1.206", "–")
