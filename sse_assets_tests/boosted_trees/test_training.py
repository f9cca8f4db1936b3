import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees import training
from sse_assets.boosted_trees.cross_validation import cv_folds
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.boosted_trees.training import TrainedFeatureSet, train_feature_set
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.models import BOOSTED_TREES_PREDICTIONS
from sse_assets.tables.names import FeatureSet


@pytest.fixture(scope="module")
def arguments(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    assignments: pd.DataFrame,
    settings: BoostedTreesSettings,
    groups: pd.Series,
) -> dict:
    return {
        "features": features,
        "labels": labels,
        "assignments": assignments,
        "settings": settings,
        "feature_set": FeatureSet.ALL,
        "cv_groups": groups,
        "workers": 2,
    }


@pytest.fixture(scope="module")
def trained(arguments: dict) -> TrainedFeatureSet:
    return train_feature_set(**arguments)


def test_predictions_hold_every_row_of_every_fold_under_both_conventions(
    trained, labels, assignments
) -> None:
    predictions = trained.predictions
    assert predictions.columns.tolist() == BOOSTED_TREES_PREDICTIONS.names
    assert len(predictions) == 2 * len(assignments)
    assert set(predictions["model"]) == {"boosted_trees"}
    assert set(predictions["variant"]) == {"all"}
    for convention, rows in predictions.groupby("label_convention"):
        expected = labels[str(convention)].loc[rows["electrolyte_id"]]
        assert rows["log10_sigma"].tolist() == expected.tolist()
        keys = ["protocol", "fold", "electrolyte_id", "role"]
        merged = rows.merge(assignments, on=keys, how="outer", indicator=True)
        assert (merged["_merge"] == "both").all()


def test_a_fold_is_predicted_by_the_model_of_its_own_training_rows(
    trained, features, labels, settings
) -> None:
    train, test = features.index.difference(features.index[1::3]), features.index[1::3]
    model = BoostedTreesModel.fit(features.loc[train], labels.loc[train, "obelix"], settings)
    rows = trained.predictions.query(
        "protocol == 'random' and fold == 1 and label_convention == 'obelix' and role == 'test'"
    ).set_index("electrolyte_id")
    np.testing.assert_array_equal(rows.loc[test, "predicted"], model.predict(features.loc[test]))


def test_the_interval_of_a_single_fold_comes_from_its_inner_cross_validation(
    trained, features, labels, groups, settings
) -> None:
    """Worked again by hand, ungrouped for `diversity` and grouped for `all_rows`."""
    y = labels["bound"]
    for protocol, rows, cv_groups in (
        ("diversity", features.index[18:], None),
        ("all_rows", features.index, groups),
    ):
        residuals = []
        for fitted, held_out in cv_folds(rows, cv_groups, settings.seed):
            model = BoostedTreesModel.fit(features.loc[fitted], y.loc[fitted], settings)
            residuals.extend(y.loc[held_out] - model.predict(features.loc[held_out]))
        half_width = np.sort(np.abs(residuals))[int(np.ceil(0.9 * (len(rows) + 1))) - 1]
        is_fit = (trained.fits["protocol"] == protocol) & (trained.fits["label_convention"] == "bound")
        fit = trained.fits[is_fit].iloc[0]
        assert fit["interval_half_width"] == pytest.approx(half_width, abs=1e-12)
        assert fit["cv_mae"] == pytest.approx(np.mean(np.abs(residuals)), abs=1e-12)
        assert fit["cv_folds"] == 6


def test_the_interval_of_one_of_several_folds_comes_from_the_others(trained: TrainedFeatureSet) -> None:
    rows = trained.predictions.query(
        "protocol == 'random' and label_convention == 'obelix' and role == 'test'"
    )
    others = rows[rows["fold"] != 2]
    residuals = np.sort((others["log10_sigma"] - others["predicted"]).abs())
    half_width = residuals[int(np.ceil(0.9 * 61)) - 1]
    own = rows[rows["fold"] == 2]
    np.testing.assert_allclose(own["high"] - own["predicted"], half_width)
    np.testing.assert_allclose(own["predicted"] - own["low"], half_width)


def test_rows_that_trained_have_no_interval(trained: TrainedFeatureSet) -> None:
    has_interval = trained.predictions[["low", "high"]].notna()
    is_test = trained.predictions["role"] == "test"
    assert (has_interval["low"] == is_test).all()
    assert (has_interval["high"] == is_test).all()


def test_models_are_kept_with_cards_for_single_folds_and_for_all_rows(
    trained, features, tmp_path: Path
) -> None:
    assert set(trained.models) == {
        (protocol, convention) for protocol in ("diversity", "all_rows") for convention in LabelConvention
    }
    model = trained.models["diversity", LabelConvention.OBELIX]
    assert model.card is not None
    assert (model.card.n_train, model.card.feature_set) == (72, "all")
    others = {model.card.data_version for model in trained.models.values()}
    assert len(others) == 4  # other rows or other labels, another version
    fit = trained.fits.query("protocol == 'diversity' and label_convention == 'obelix'").iloc[0]
    assert model.card.interval_half_width == fit["interval_half_width"]
    assert model.card.metrics == {name: fit[name] for name in ("cv_mae", "cv_rmse", "cv_r2")}
    model.save(tmp_path)
    rows = trained.predictions.query("protocol == 'diversity' and label_convention == 'obelix'")
    predicted = BoostedTreesModel.load(tmp_path).predict(features.loc[rows["electrolyte_id"]])
    np.testing.assert_array_equal(predicted, rows["predicted"])


def test_neither_workers_nor_the_order_of_rows_change_the_result(trained, arguments) -> None:
    shuffled = {
        name: arguments[name].sample(frac=1, random_state=2) for name in ("features", "labels", "assignments")
    }
    other = train_feature_set(**arguments | shuffled | {"workers": 1})
    keys = ["protocol", "fold", "label_convention", "electrolyte_id"]
    pd.testing.assert_frame_equal(
        trained.predictions.sort_values(keys, ignore_index=True),
        other.predictions.sort_values(keys, ignore_index=True),
    )


def test_without_censored_rows_one_fit_serves_both_conventions(arguments: dict) -> None:
    fits_done: list[tuple[int, int]] = []
    labels = arguments["labels"].assign(obelix=arguments["labels"]["bound"])
    trained = train_feature_set(
        **arguments | {"labels": labels, "progress": lambda done, total: fits_done.append((done, total))}
    )
    n_fits = 4 + 1 + 2 * 6  # folds, final model, inner cross-validation of `diversity` and `all_rows`
    assert fits_done == [(done, n_fits) for done in range(1, n_fits + 1)]
    obelix, bound = (
        trained.predictions.query("label_convention == @name").drop(columns="label_convention")
        for name in ("obelix", "bound")
    )
    pd.testing.assert_frame_equal(obelix.reset_index(drop=True), bound.reset_index(drop=True))
    assert len(trained.models) == 4


def test_another_seed_gives_another_model(trained: TrainedFeatureSet, arguments: dict) -> None:
    other = train_feature_set(**arguments | {"settings": replace(arguments["settings"], seed=1)})
    assert not np.allclose(trained.predictions["predicted"], other.predictions["predicted"])


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ("features", r"made-up:05 has no feature row \(1 of 90 lack it\)"),
        ("labels", "made-up:05 has no label"),
        ("cv_groups", "made-up:05 has no group"),
    ],
)
def test_a_row_that_lacks_something_is_named(arguments: dict, table: str, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        train_feature_set(**arguments | {table: arguments[table].drop(index="made-up:05")})


def test_an_empty_table_is_said_to_be_empty(arguments: dict) -> None:
    with pytest.raises(ValueError, match="there are no electrolytes to train on"):
        train_feature_set(**arguments | {"labels": arguments["labels"].head(0)})


def test_a_failed_fit_stops_the_rest(arguments: dict, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is queued behind the first failure is not fitted."""
    fits: list[int] = []

    def fail(*_: object) -> BoostedTreesModel:
        fits.append(1)
        time.sleep(0.02)
        raise RuntimeError("out of memory")

    monkeypatch.setattr(training.BoostedTreesModel, "fit", fail)
    with pytest.raises(RuntimeError, match="out of memory"):
        train_feature_set(**arguments | {"workers": 1})
    assert len(fits) < 34  # (5 + 2 * 6) * 2 were queued
