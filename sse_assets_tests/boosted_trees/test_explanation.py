import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees.explanation import (
    out_of_fold_shap_values,
    shap_ranking,
    shap_ranking_of_kinds,
    shap_values,
)
from sse_assets.boosted_trees.folds import folds_of
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings


@pytest.fixture
def model(features: pd.DataFrame, labels: pd.DataFrame, settings: BoostedTreesSettings) -> BoostedTreesModel:
    return BoostedTreesModel.fit(features, labels["bound"], settings)


def test_shap_values_of_a_row_add_up_to_its_prediction(model, features) -> None:
    """Prediction minus sum is one number, the base value, for all rows."""
    sums = shap_values(model, features).groupby("electrolyte_id")["shap_value"].sum()
    predicted = pd.Series(model.predict(features), index=features.index)
    base = (predicted - sums).to_numpy()
    assert np.ptp(predicted) > 1
    np.testing.assert_allclose(base, base[0], atol=1e-5)


def test_values_are_in_long_form_with_unscaled_features(model, features) -> None:
    values = shap_values(model, features)
    assert values.columns.tolist() == ["electrolyte_id", "feature", "feature_value", "shap_value"]
    wide = values.pivot_table(index="electrolyte_id", columns="feature", values="feature_value", dropna=False)
    pd.testing.assert_frame_equal(wide[features.columns], features, check_names=False)
    assert (values.loc[values["feature"] == "Xe", "shap_value"] == 0).all()


def test_the_ranking_puts_the_strongest_signal_first(model, features) -> None:
    ranking = shap_ranking(shap_values(model, features))
    assert set(ranking["feature"]) == set(features.columns)
    assert ranking["rank"].tolist() == [1, 2, 3, 4]
    assert ranking["feature"].iloc[0] == "O"
    assert ranking["feature"].iloc[-1] == "Xe"


def test_ranking_worked_by_hand() -> None:
    values = pd.DataFrame(
        {"feature": ["a", "b", "a", "b"], "shap_value": [0.1, -0.6, 0.3, 0.6], "electrolyte_id": list("xxyy")}
    )
    assert shap_ranking(values).to_dict("list") == {
        "feature": ["b", "a"],
        "mean_abs_shap": [0.6, 0.2],
        "rank": [1, 2],
    }


def test_kinds_are_summed_before_their_size_is_taken() -> None:
    """In row x the two anions cancel; in row y they add up."""
    values = pd.DataFrame(
        {
            "feature": ["Li", "O", "S"] * 2,
            "shap_value": [0.2, 0.5, -0.5, -0.4, 0.3, 0.5],
            "electrolyte_id": list("xxxyyy"),
        }
    )
    kinds = {"Li": "lithium", "O": "anions", "S": "anions"}
    assert shap_ranking_of_kinds(values, kinds).to_dict("list") == {
        "feature": ["anions", "lithium"],
        "mean_abs_shap": pytest.approx([0.4, 0.3]),
        "rank": [1, 2],
    }


def test_a_feature_without_a_kind_is_refused() -> None:
    values = pd.DataFrame({"feature": ["Li"], "shap_value": [0.2], "electrolyte_id": ["x"]})
    with pytest.raises(KeyError, match="Li"):
        shap_ranking_of_kinds(values, {})


def test_each_row_is_explained_by_the_trees_of_the_fold_that_tests_it(features, labels, settings) -> None:
    ids = features.index
    roles = pd.concat(
        pd.DataFrame(
            {
                "fold": fold,
                "electrolyte_id": ids,
                "role": np.where(np.arange(len(ids)) % 2 == fold, "test", "train"),
            }
        )
        for fold in (0, 1)
    )
    values = out_of_fold_shap_values(folds_of(roles), features, labels["bound"], settings, workers=2)
    train, test = ids[np.arange(len(ids)) % 2 == 1].sort_values(), ids[::2].sort_values()
    model = BoostedTreesModel.fit(features.loc[train], labels.loc[train, "bound"], settings)
    own = values[values["electrolyte_id"].isin(test)].reset_index(drop=True)
    pd.testing.assert_frame_equal(own, shap_values(model, features.loc[test]))
    assert values["electrolyte_id"].nunique() == len(ids)
