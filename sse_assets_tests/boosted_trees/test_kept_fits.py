"""Fits are made once, and what is kept of them equals what a new fit predicts."""

from collections.abc import Callable

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees import kept_fits
from sse_assets.boosted_trees.explanation import kept_shap_values, shap_values
from sse_assets.boosted_trees.kept_fits import fit_and_predict, fit_version
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.boosted_trees.training import TrainedFeatureSet, train_feature_set
from sse_assets.kept import Kept
from sse_assets.tables.names import FeatureSet


class Store:
    """Answers in memory, and the number of fits that were made."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.files: dict[str, bytes] = {}
        self.kept = Kept(self.files.get, self.files.__setitem__)
        self.fits = 0
        fit = BoostedTreesModel.fit

        def counted(*arguments: object) -> BoostedTreesModel:
            self.fits += 1
            return fit(*arguments)  # type: ignore[arg-type]

        monkeypatch.setattr(BoostedTreesModel, "fit", counted)


@pytest.fixture
def store(monkeypatch: pytest.MonkeyPatch) -> Store:
    return Store(monkeypatch)


def test_a_fit_is_made_once_and_predicts_what_a_new_one_does(features, labels, settings, store) -> None:
    X, y, test = features.iloc[:60], labels["bound"].iloc[:60], features.iloc[60:]
    expected = BoostedTreesModel.fit(X, y, settings).predict(test)
    for _ in range(2):
        (predicted,) = fit_and_predict(X, y, [test], settings, kept=store.kept)
        np.testing.assert_array_equal(predicted, expected)
    assert store.fits == 2
    renamed = X.set_axis([f"new:{number}" for number in range(60)])
    fit_and_predict(renamed, y.set_axis(renamed.index), [test], settings, kept=store.kept)
    assert store.fits == 2


CHANGES: dict[str, Callable[[pd.DataFrame, pd.Series], tuple[pd.DataFrame, pd.Series]]] = {
    "a row more": lambda X, y: (X, y),
    "a row less": lambda X, y: (X.iloc[:59], y.iloc[:59]),
    "another feature": lambda X, y: (X.assign(**{X.columns[0]: X.iloc[:, 0] * 2}), y),
    "another label": lambda X, y: (X, y.mask(np.arange(len(y)) == 3, 0.5)),
    "another order": lambda X, y: (X.iloc[::-1], y.iloc[::-1]),
    "another column": lambda X, y: (X.assign(noise=np.arange(len(X)) ** 2.0), y),
}


@pytest.mark.parametrize("change", CHANGES)
def test_what_changes_a_fit_makes_it_another(features, labels, settings, store, change: str) -> None:
    X, y = features.iloc[:60], labels["bound"].iloc[:60]
    fit_and_predict(X, y, [X], settings, kept=store.kept)
    more = features.iloc[:61], labels["bound"].iloc[:61]
    X, y = more if change == "a row more" else CHANGES[change](X, y)
    (predicted,) = fit_and_predict(X, y, [X], settings, kept=store.kept)
    assert store.fits == 2
    np.testing.assert_array_equal(predicted, BoostedTreesModel.fit(X, y, settings).predict(X))


def test_an_element_that_no_training_row_holds_changes_nothing(features, labels, settings, store) -> None:
    X, y, test = features.iloc[:60], labels["bound"].iloc[:60], features.iloc[60:]
    (before,) = fit_and_predict(X, y, [test], settings, kept=store.kept)
    (after,) = fit_and_predict(X.assign(Xe=0.0), y, [test.assign(Xe=0.1)], settings, kept=store.kept)
    np.testing.assert_array_equal(after, before)
    assert store.fits == 1
    model = BoostedTreesModel.fit(X.assign(Xe=0.0), y, settings)
    np.testing.assert_array_equal(model.predict(test.assign(Xe=0.1)), before)


@pytest.mark.parametrize("part", ["_CODE_VERSION", "_LIBRARIES"])
def test_another_version_makes_another_fit(monkeypatch, features, labels, settings, part: str) -> None:
    before = fit_version(features, labels["bound"], settings)
    monkeypatch.setattr(kept_fits, part, "another")
    assert fit_version(features, labels["bound"], settings) != before


def test_other_settings_make_another_fit(features, labels, settings) -> None:
    other = BoostedTreesSettings(seed=settings.seed + 1)
    assert fit_version(features, labels["bound"], settings) != fit_version(features, labels["bound"], other)


def test_training_again_fits_nothing_and_a_new_row_only_what_it_touches(
    features, labels, assignments, settings, groups, store
) -> None:
    stored: dict[str, BoostedTreesModel] = {}

    def train(rows: pd.Index) -> TrainedFeatureSet:
        trained = train_feature_set(
            features.loc[rows],
            labels.loc[rows],
            assignments,
            settings,
            feature_set=FeatureSet.ALL,
            cv_groups=groups,
            workers=2,
            kept=store.kept,
            stored=lambda version, protocol: stored.get(version),
        )
        stored.update({m.card.data_version: m for m in trained.models.values() if m.card})
        return trained

    every = features.index
    named = pd.Index(assignments["electrolyte_id"].unique())
    assert set(named) == set(every)
    first, first_fits = train(every), store.fits
    again = train(every)
    assert store.fits == first_fits
    pd.testing.assert_frame_equal(again.predictions, first.predictions, check_exact=True)
    pd.testing.assert_frame_equal(
        again.fits.drop(columns="seconds"), first.fits.drop(columns="seconds"), check_exact=True
    )
    # The models of all rows, with six inner folds each, do not care who is assigned to what.
    assignments = assignments[assignments["electrolyte_id"] != every[0]]
    without = train(every)
    changed = store.fits - first_fits
    store.files.clear()
    stored.clear()
    from_nothing = train(every)
    pd.testing.assert_frame_equal(from_nothing.predictions, without.predictions, check_exact=True)
    assert 0 < changed <= first_fits - 2 * 7


def test_shap_values_of_new_rows_alone_are_computed(features, labels, settings, store) -> None:
    model = BoostedTreesModel.fit(features, labels["bound"], settings)
    asked = []

    def ask() -> BoostedTreesModel:
        asked.append(model)
        return model

    expected = shap_values(model, features)
    for rows, times in ((features.iloc[:50], 1), (features.iloc[:50], 1), (features, 2), (features, 2)):
        values = kept_shap_values("version", ask, rows, kept=store.kept)
        pd.testing.assert_frame_equal(values, expected.iloc[: len(values)], check_exact=True)
        assert len(asked) == times
    twice = pd.concat([features, features.head(3)])
    assert len(kept_shap_values("version", ask, twice, kept=store.kept)) == len(twice) * features.shape[1]
    assert len(asked) == 2


def test_equal_rows_are_explained_once(features, labels, settings, store, monkeypatch) -> None:
    model = BoostedTreesModel.fit(features, labels["bound"], settings)
    twice = pd.concat([features, features.head(3)])
    expected = shap_values(model, twice)
    explained, scaled = [], BoostedTreesModel.scaled

    def watched(model: BoostedTreesModel, X: pd.DataFrame) -> pd.DataFrame:
        explained.append(len(X))
        return scaled(model, X)

    monkeypatch.setattr(BoostedTreesModel, "scaled", watched)
    values = kept_shap_values("version", lambda: model, twice, kept=store.kept)
    pd.testing.assert_frame_equal(values, expected, check_exact=True)
    assert explained == [len(features)]
