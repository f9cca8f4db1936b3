"""The leaderboard, the floor, the doubtful labels and a verdict, in print."""

import pandas as pd
import pytest

from sse_assets.evaluation.doubtful_labels import doubtful_labels
from sse_assets.evaluation.floor import floor
from sse_assets.evaluation.leaderboard import leaderboard
from sse_assets.evaluation.submitted import judge, read_submission, submission
from sse_assets.report.leaderboard import (
    doubtful_labels_table,
    floor_table,
    leaderboard_table,
    verdict_text,
)
from sse_assets.report.published import leaderboard_anchors
from sse_assets.tables import metrics


@pytest.fixture(scope="module")
def measured(run) -> tuple[pd.DataFrame, pd.Series]:
    rows = run.electrolytes.set_index("electrolyte_id")
    return floor(
        rows[["log10_sigma"]].set_axis(["bound"], axis=1), rows["composition_key"], rows["doi"]
    ), rows["doi"]


def test_entries_stand_by_protocol_and_error(run, measured) -> None:
    table = leaderboard_table(
        leaderboard(run.scores, metrics.SCORES.frame(), leaderboard_anchors(), measured[0])
    )
    protocols = [row[0].text for row in table.rows]
    assert list(dict.fromkeys(protocols)) == ["diversity", "random", "official", "grouped", "–"]
    grouped = [row for row in table.rows if (row[0].text, row[0].note) == ("grouped", "at the limit")]
    errors = [float(row[3].text) for row in grouped]
    assert errors == sorted(errors)
    assert grouped[0][1].text == "1"
    assert grouped[0][3].is_best
    forest = next(row for row in table.rows if row[2].text.startswith("Random forest"))
    assert (forest[2].note, forest[3].text) == ("published: Therrien et al. 2025", "1.54")


def test_the_floor_is_printed_with_its_interval(measured) -> None:
    rows = floor_table(measured[0]).rows
    # Li7La3Zr2O12 at -3.3 and -4.6, in two papers.
    assert [cell.text for cell in rows[0]] == ["at the limit", "mean absolute difference", "1.30", "2", "2"]


def test_doubtful_labels_name_row_and_figures(run, measured) -> None:
    rows = doubtful_labels_table(doubtful_labels(run.electrolytes, measured[1])).rows
    assert [row[0].text for row in rows] == ["Li7La3Zr2O12"] * 2
    assert [row[3].text for row in rows] == ["1.30", "−1.30"]


def test_a_verdict_lists_everything_with_intervals(run) -> None:
    trees = run.predictions.query(
        "model == 'boosted_trees' and variant == 'geometric' and role == 'test' "
        "and label_convention == 'bound' and protocol == 'grouped'"
    )
    text = trees[["protocol", "fold", "electrolyte_id", "predicted", "low", "high"]].to_csv(index=False)
    clusters = {"grouped": pd.Series(range(16), index=run.electrolytes["electrolyte_id"])}
    mine = submission(read_submission(text), run.predictions, "mine")
    printed = verdict_text(judge(mine, run.predictions, run.scores, clusters), "mine")
    assert printed.startswith("grouped, censored rows at the limit, 16 test rows")
    lines = [line for line in printed.splitlines() if " to " in line]
    assert len(lines) == 6
    (own,) = [line for line in lines if " mine " in line]
    mae = run.scores.query(
        "model == 'boosted_trees' and variant == 'geometric' and role == 'test' and metric == 'mae' "
        "and label_convention == 'bound' and protocol == 'grouped'"
    )["value"].item()
    assert f"{mae:.2f} (" in own
    assert "of the rows lie in your 90 % interval" in printed
