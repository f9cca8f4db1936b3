"""The nested choice: a better candidate is found, and no fold has a part in the choice that it tests."""

from collections.abc import Callable, Sequence

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS
from sse_assets.screening.model_candidates import (
    Candidate,
    candidates,
    chosen_designs,
    process_designs,
)
from sse_assets.screening.nested_choice import EVERY_PAPER, NestedChoice, choose, choose_on_papers
from sse_assets.splits.papers import Fold, as_folds, paper_folds
from sse_assets.tables import models
from sse_assets.tables.names import ModelName

FEW_TREES = BoostedTreesSettings(n_estimators=20, num_parallel_tree=1)
IDS = pd.Index([f"x:{number:02}" for number in range(60)])
LABEL = pd.Series(np.linspace(-10, -2, 60), index=IDS)
PAPER = pd.Series([f"10.1/{number // 3}" for number in range(60)], index=IDS)
FOLDS = [(IDS[np.arange(60) % 6 != number], IDS[np.arange(60) % 6 == number]) for number in range(6)]
INSIDE = [
    [(train[np.arange(50) % 4 != number], train[np.arange(50) % 4 == number]) for number in range(4)]
    for train, _ in FOLDS
]


def off_by(error: Callable[[pd.Index], float], *, can_answer: bool = True) -> Candidate:
    """Make a candidate whose error on a fold follows from the fold's test rows."""

    def predict(folds: Sequence[Fold]) -> list[pd.DataFrame]:
        return [
            pd.DataFrame(dict.fromkeys(("obelix", "bound"), LABEL.loc[test] + error(test)), index=test)
            for _, test in folds
        ]

    design = next(iter(process_designs(has_cells=True).values()))
    return Candidate(predict, ModelName.GAUSSIAN_PROCESS, design, can_answer)


def chosen_among(candidates: dict[str, Candidate]) -> NestedChoice:
    labels = pd.DataFrame(dict.fromkeys(("obelix", "bound"), LABEL))
    outcome = choose(candidates, labels, PAPER, FOLDS, INSIDE)
    models.CANDIDATES.check(outcome.candidates)
    models.CHOICE.check(outcome.choice)
    return outcome


def test_a_planted_better_candidate_is_chosen_everywhere_and_costs_nothing() -> None:
    outcome = chosen_among({"good": off_by(lambda test: 1.0), "better": off_by(lambda test: -0.5)})
    assert set(outcome.candidates.loc[outcome.candidates["chosen"], "candidate"]) == {"better"}
    row = outcome.choice.set_index("label_convention").loc["bound"]
    assert (row["candidate"], row["chosen_again"], row["n_folds"], row["n_papers"]) == ("better", 6, 6, 20)
    assert row[["mae", "nested_mae", "low", "high", "cost"]].to_list() == pytest.approx(
        [0.5, 0.5, 0.5, 0.5, 0]
    )
    good = outcome.candidates.query("level == @EVERY_PAPER and candidate == 'good'").iloc[0]
    assert good[["mae", "difference", "low", "high"]].to_list() == pytest.approx([1.0, 0.5, 0.5, 0.5])


def test_the_nested_error_is_not_that_of_a_candidate_that_has_seen_the_fold() -> None:
    """It knows the labels of each outer fold by heart, and fails on every other set of rows."""
    by_heart = {tuple(test) for _, test in FOLDS}
    outcome = chosen_among(
        {
            "honest": off_by(lambda test: 1.0),
            "seen": off_by(lambda test: 0.0 if tuple(test) in by_heart else 9.0),
        }
    )
    row = outcome.choice.set_index("label_convention").loc["bound"]
    assert (row["candidate"], row["mae"]) == ("seen", 0.0)
    assert row["nested_mae"] == pytest.approx(1.0)
    assert row["cost"] == pytest.approx(1.0)
    assert row["chosen_again"] == 0


def test_what_cannot_answer_is_compared_and_not_chosen() -> None:
    outcome = chosen_among(
        {"asked": off_by(lambda test: 1.0), "never stored": off_by(lambda test: 0.1, can_answer=False)}
    )
    assert set(outcome.choice["candidate"]) == {"asked"}
    other = outcome.candidates[outcome.candidates["candidate"] == "never stored"]
    assert set(other["level"]) == {EVERY_PAPER}
    assert other["difference"].tolist() == pytest.approx([-0.9, -0.9])


@pytest.fixture(scope="module")
def measured() -> tuple[pd.DataFrame, pd.DataFrame]:
    """Rows of 24 papers whose label is their share of Li, and descriptors that say nothing."""
    random = np.random.default_rng(0)
    share = random.uniform(0.1, 0.9, size=72)
    ids = pd.Index([f"x:{number:02}" for number in range(72)])
    rows = pd.DataFrame(
        {
            "electrolyte_id": ids,
            "doi": [f"10.1/{number // 3}" for number in range(72)],
            "composition_key": ids,
            "conductivity_class": "low",
            "sigma_s_cm": 10 ** (-10 + 8 * share),
            "censored": share < 0.2,
            "formula_only": np.arange(72) % 9 == 0,
        },
        index=ids,
    )
    noise = random.normal(size=(72, len(CHEMISTRY_COLUMNS) + len(CELL_COLUMNS)))
    features = pd.DataFrame(noise, index=ids, columns=[*CHEMISTRY_COLUMNS, *CELL_COLUMNS])
    return rows, features.assign(Li=share, O=1 - share)


def test_the_choice_on_papers_fills_both_tables_and_is_what_the_process_takes(measured) -> None:
    rows, features = measured
    outcome = choose_on_papers(candidates(rows, features, FEW_TREES, workers=1), rows, paper_folds(rows))
    models.CANDIDATES.check(outcome.candidates)
    models.CHOICE.check(outcome.choice)
    assert outcome.candidates["level"].nunique() == 7
    row = outcome.choice.set_index("label_convention").loc["bound"]
    # Chemistry and cell are noise here, so a process that looks at the composition alone is best.
    assert row["process"] == "process, composition"
    designs = chosen_designs(outcome.choice, has_cells=True)
    assert list(designs.values()) == [
        process_designs(has_cells=True)[name] for name in outcome.choice["process"]
    ]


def test_a_label_that_no_candidate_may_see_changes_no_prediction_of_its_fold(measured) -> None:
    rows, features = measured
    folds = as_folds(paper_folds(rows))
    _, test = folds[0]
    changed = rows.assign(sigma_s_cm=rows["sigma_s_cm"].mask(rows.index.isin(test), 1.0))
    one, other = (candidates(table, features, FEW_TREES, workers=1) for table in (rows, changed))
    for name in one:
        before, after = (some[name].predict(folds[:1])[0] for some in (one, other))
        pd.testing.assert_frame_equal(before, after, obj=name)


def test_with_too_few_papers_nothing_is_chosen_and_the_process_takes_its_usual_kernel(measured) -> None:
    rows, features = measured
    few = rows.head(9)
    outcome = choose_on_papers(
        candidates(few, features, FEW_TREES, workers=1), few, paper_folds(few, folds=3)
    )
    assert outcome.candidates.empty
    assert outcome.choice.empty
    usual = chosen_designs(outcome.choice, has_cells=True)
    assert set(usual.values()) == {process_designs(has_cells=True)["process, + both + prototype"]}
    no_cells = chosen_designs(outcome.choice, has_cells=False)
    assert set(no_cells.values()) == {process_designs(has_cells=False)["process, + chemistry"]}


def test_the_papers_trees_learn_from_the_rows_that_the_stored_ones_learn_from(measured) -> None:
    rows, features = measured
    train, test = as_folds(paper_folds(rows))[0]
    with_cell = train[~rows.loc[train, "formula_only"]]
    assert len(with_cell) < len(train)
    trees = candidates(rows, features, FEW_TREES, workers=1)["paper's trees, composition"]
    every, described = trees.predict([(train, test), (with_cell, test)])
    pd.testing.assert_frame_equal(every, described)
