import json
import re
import uuid
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import xgboost

from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.materials.conductivity import LabelConvention

CARD = ModelCard(
    feature_set="all",
    protocol="all_rows",
    label_convention=LabelConvention.OBELIX,
    data_version="abc123",
    n_train=90,
    metrics={"cv_mae": 0.5},
    interval_half_width=None,
)


@pytest.fixture
def model(features: pd.DataFrame, labels: pd.DataFrame, settings: BoostedTreesSettings) -> BoostedTreesModel:
    return BoostedTreesModel.fit(features, labels["bound"], settings)


def test_z_scores_come_from_the_training_rows_alone(features, labels, settings) -> None:
    train, test = features.iloc[:60], features.iloc[60:]
    model = BoostedTreesModel.fit(train, labels["bound"].iloc[:60], settings)
    scaled = model.scaled(train)
    np.testing.assert_allclose(scaled.mean(), [0, 0, 0, 0], atol=1e-12)
    np.testing.assert_allclose(scaled.std(ddof=0), [1, 1, 1, 0], atol=1e-12)
    expected = (test["a"] - train["a"].mean()) / train["a"].std(ddof=0)
    np.testing.assert_allclose(model.scaled(test)["a"], expected)
    assert model.scaled(test)["poav"].isna().equals(test["poav"].isna())


def test_table_1_reaches_xgboost(features: pd.DataFrame, labels: pd.DataFrame) -> None:
    """242 rounds of 8 trees, and the penalties as XGBoost itself records them."""
    model = BoostedTreesModel.fit(features, labels["bound"], BoostedTreesSettings(seed=3))
    booster = model.regressor.get_booster()
    assert booster.num_boosted_rounds() == 242
    assert len(booster.get_dump()) == 242 * 8
    learner = json.loads(booster.save_config())["learner"]
    tree = learner["gradient_booster"]["tree_train_param"]
    recorded = {
        name: float(tree[name]) for name in ("lambda", "alpha", "max_depth", "subsample", "gamma", "eta")
    }
    assert recorded == pytest.approx(
        {"lambda": 24.922, "alpha": 2.345, "max_depth": 8, "subsample": 0.659, "gamma": 0.015, "eta": 0.084}
    )
    assert learner["generic_param"]["seed"] == "3"
    assert learner["objective"]["name"] == "reg:squarederror"


def test_it_learns_a_signal(model: BoostedTreesModel, features: pd.DataFrame, labels: pd.DataFrame) -> None:
    error = np.abs(model.predict(features) - labels["bound"]).mean()
    spread = np.abs(labels["bound"].median() - labels["bound"]).mean()
    assert error < spread / 2


def test_a_missing_feature_is_named_and_columns_may_come_in_any_order(model, features) -> None:
    shuffled = features[["poav", "Xe", "O", "a"]].assign(unrelated=1.0)
    np.testing.assert_array_equal(model.predict(shuffled), model.predict(features))
    with pytest.raises(ValueError, match="the model needs features that the table lacks: O, poav"):
        model.predict(features.drop(columns=["O", "poav"]))


def test_a_feature_unknown_in_every_training_row_is_no_obstacle(
    features, labels, settings, tmp_path: Path
) -> None:
    model = BoostedTreesModel.fit(features.assign(poav=np.nan), labels["bound"], settings)
    model.with_card(CARD).save(tmp_path)
    assert np.isfinite(BoostedTreesModel.load(tmp_path).predict(features)).all()


@pytest.mark.parametrize("store", ["folder", "memory"])
def test_what_was_saved_predicts_exactly_the_same(model, features, tmp_path: Path, store: str) -> None:
    folder = tmp_path / "models" / "all" if store == "folder" else f"memory://{uuid.uuid4()}/all"
    model.with_card(CARD).save(folder)
    loaded = BoostedTreesModel.load(folder)
    np.testing.assert_array_equal(loaded.predict(features), model.predict(features))
    assert loaded.card == CARD
    assert loaded.settings == model.settings


def test_a_saved_model_is_open_to_other_tools(model, features, tmp_path: Path) -> None:
    """Plain XGBoost and JSON are enough to use it."""
    model.with_card(CARD).save(tmp_path)
    assert sorted(path.name for path in tmp_path.iterdir()) == ["model.json", "model.ubj"]
    description = json.loads((tmp_path / "model.json").read_text())
    assert description["card"]["data_version"] == "abc123"
    assert description["versions"]["xgboost"] == xgboost.__version__
    scaler = description["scaler"]
    scaled = (features[description["features"]] - scaler["mean"]) / scaler["scale"]
    booster = xgboost.Booster(model_file=tmp_path / "model.ubj")
    np.testing.assert_array_equal(booster.predict(xgboost.DMatrix(scaled)), model.predict(features))


def test_a_model_without_card_is_not_saved_and_half_a_model_is_not_loaded(model, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="a model is saved with its card"):
        model.save(tmp_path)
    model.with_card(CARD).save(tmp_path)
    (tmp_path / "model.json").unlink()
    message = f"{tmp_path} holds no complete model: model.json is missing"
    with pytest.raises(FileNotFoundError, match=re.escape(message)):
        BoostedTreesModel.load(tmp_path)
