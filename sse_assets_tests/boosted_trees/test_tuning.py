import json
from dataclasses import asdict

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees import tuning
from sse_assets.boosted_trees.cross_validation import cv_folds
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.boosted_trees.tuning import SEARCH_SPACE, tune


def test_table_1_lies_inside_the_search_space() -> None:
    table_1 = asdict(BoostedTreesSettings())
    seed = table_1.pop("seed")
    assert seed == 0
    assert {dimension.name for dimension in SEARCH_SPACE} == set(table_1)
    for dimension in SEARCH_SPACE:
        assert dimension.low <= table_1[dimension.name] <= dimension.high


def test_a_search_on_real_trees(features: pd.DataFrame, labels: pd.DataFrame, groups: pd.Series) -> None:
    steps: list[tuple[int, int]] = []
    X, y = features, labels["bound"]
    result = tune(
        X,
        y,
        n_calls=3,
        cv_groups=groups,
        workers=2,
        progress=lambda done, total: steps.append((done, total)),
    )
    history = result.history
    assert steps == [(1, 3), (2, 3), (3, 3)]
    assert history["step"].tolist() == [1, 2, 3]
    table_1 = asdict(BoostedTreesSettings())
    first = history.iloc[0].drop(["step", "cv_mse"]).to_dict()
    assert first == pytest.approx({name: table_1[name] for name in first})
    squared_errors = np.concatenate(
        [
            (
                y.loc[held_out]
                - BoostedTreesModel.fit(X.loc[fit], y.loc[fit], BoostedTreesSettings()).predict(
                    X.loc[held_out]
                )
            )
            ** 2
            for fit, held_out in cv_folds(X.index, groups, seed=0)
        ]
    )
    assert history["cv_mse"].iloc[0] == pytest.approx(squared_errors.mean())
    best = history.loc[history["cv_mse"].idxmin()].drop(["step", "cv_mse"]).to_dict()
    found = asdict(result.settings)
    assert {name: found[name] for name in best} == pytest.approx(best)
    json.dumps(found)  # plain numbers, fit for a model's JSON


def test_the_search_finds_the_minimum_of_a_known_landscape(
    features, labels, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Trees replaced by a model that is off by how far max_depth is from 4."""

    class OffByDepth:
        def __init__(self, settings: BoostedTreesSettings) -> None:
            self.error = settings.max_depth - 4.0

        @classmethod
        def fit(cls, X: pd.DataFrame, y: pd.Series, settings: BoostedTreesSettings) -> "OffByDepth":
            return cls(settings)

        def predict(self, X: pd.DataFrame) -> np.ndarray:
            return labels["bound"].loc[X.index].to_numpy() + self.error

    monkeypatch.setattr(tuning, "BoostedTreesModel", OffByDepth)
    result = tune(features, labels["bound"], n_calls=13, seed=1)
    assert result.history["cv_mse"].iloc[0] == pytest.approx(16)
    assert result.settings.max_depth in (3, 4, 5)
    again = tune(features, labels["bound"], n_calls=13, seed=1)
    pd.testing.assert_frame_equal(result.history, again.history)


def test_a_search_of_one_step_is_refused(features: pd.DataFrame, labels: pd.DataFrame) -> None:
    with pytest.raises(ValueError, match="at least 2 steps, not 1"):
        tune(features, labels["bound"], n_calls=1)
