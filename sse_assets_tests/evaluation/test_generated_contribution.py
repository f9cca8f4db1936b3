"""What generated structures contribute to the models, on errors made by hand."""

import pandas as pd
import pytest

from sse_assets.evaluation.generated_contribution import (
    CELL,
    TRAINING,
    TRAINING_GENERATED,
    contributions,
)
from sse_assets.tables import metrics


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
    assert list(table.columns) == metrics.GENERATED_CONTRIBUTION.names
    assert table.empty
