"""One table, ranked within what was scored on the same rows."""

import pandas as pd
import pytest

from sse_assets.evaluation.leaderboard import BASELINES, best_model, leaderboard
from sse_assets.report.published import leaderboard_anchors
from sse_assets.tables import metrics

FLOOR = metrics.FLOOR.frame(
    [
        {
            "label_convention": "bound",
            "statistic": statistic,
            "value": 0.8,
            "low": 0.6,
            "high": 1.0,
            "n": 9,
            "n_papers": 5,
        }
        for statistic in ("mean", "median")
    ]
)
NOTHING = metrics.SCORES.frame()


@pytest.fixture(scope="module")
def board(run) -> pd.DataFrame:
    mine = run.scores[run.scores["model"] == "train_median"].assign(model="mine", value=0.0)
    return leaderboard(run.scores, mine, leaderboard_anchors(), FLOOR)


def test_it_keeps_to_its_declaration_and_holds_test_scores_of_everything(run, board: pd.DataFrame) -> None:
    metrics.LEADERBOARD.check(board)
    assert set(board["entry"]) == {"baseline", "model", "submitted", "published", "floor"}
    tests = run.scores[run.scores["role"] == "test"]
    assert board["entry"].isin(["baseline", "model"]).sum() == len(tests)
    assert set(board.loc[board["entry"] == "baseline", "model"]) == {str(model) for model in BASELINES}


def test_low_errors_and_high_correlations_come_first(board: pd.DataFrame) -> None:
    part = board[(board["protocol"] == "grouped") & (board["label_convention"] == "bound")]
    mae = part[(part["metric"] == "mae")].sort_values("value")
    assert mae["rank"].tolist() == list(range(1, len(mae) + 1))
    assert mae["model"].iloc[0] == "mine"
    srcc = part[(part["metric"] == "srcc") & (part["model"] != "mine")].dropna(subset="value")
    assert srcc.sort_values("value")["rank"].is_monotonic_decreasing


def test_what_rests_on_other_rows_has_no_rank(board: pd.DataFrame) -> None:
    others = board[board["entry"].isin(["published", "floor"])]
    assert others["rank"].isna().all()
    assert others["source"].notna().all()
    assert board.loc[board["entry"] == "floor", "value"].tolist() == [0.8]
    forest = board[board["model"] == "Random forest"]
    assert forest[["protocol", "label_convention", "value"]].to_numpy().tolist() == [
        ["official", "obelix", 1.54]
    ]


def test_it_can_be_made_of_little(run) -> None:
    for scores in (run.scores, NOTHING):
        board = leaderboard(scores, NOTHING, leaderboard_anchors().head(0), metrics.FLOOR.frame())
        metrics.LEADERBOARD.check(board)
        assert len(board) == (scores["role"] == "test").sum()


def test_the_best_model_is_no_baseline(run) -> None:
    found = best_model(run.scores, "grouped", "bound")
    mae = run.scores.query(
        "role == 'test' and metric == 'mae' and protocol == 'grouped' and label_convention == 'bound'"
    ).set_index(["model", "variant"])["value"]
    assert found is not None
    assert found[0] == "boosted_trees"
    assert mae[found] == mae["boosted_trees"].min()
    assert best_model(run.scores, "papers", "bound") is None
