import pandas as pd
import pytest

from sse_assets.boosted_trees.left_out import predictions_without
from sse_assets.boosted_trees.model import BoostedTreesModel


@pytest.fixture
def folds(assignments: pd.DataFrame) -> pd.DataFrame:
    return assignments[assignments["protocol"] == "random"]


def test_rows_left_out_train_in_no_fold_and_are_tested_as_ever(features, labels, folds, settings) -> None:
    left_out = list(features.index[:30])
    predicted = predictions_without(left_out, features, labels["bound"], folds, settings, workers=2)
    assert sorted(predicted["electrolyte_id"]) == sorted(features.index)

    fold = folds[folds["fold"] == 1].set_index("electrolyte_id")["role"]
    train = fold.index[(fold == "train") & ~fold.index.isin(left_out)].sort_values()
    test = fold.index[fold == "test"].sort_values()
    model = BoostedTreesModel.fit(features.loc[train], labels.loc[train, "bound"], settings)
    found = predicted[predicted["fold"] == 1].set_index("electrolyte_id")["predicted"]
    assert found.loc[test].to_numpy() == pytest.approx(model.predict(features.loc[test]))


def test_nothing_left_out_is_nothing_predicted(features, labels, folds, settings) -> None:
    assert predictions_without([], features, labels["bound"], folds, settings, workers=1).empty
