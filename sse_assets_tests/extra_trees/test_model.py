from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sse_assets.extra_trees.model import CARD_FILE, ExtraTreesModel, ExtraTreesSettings

SETTINGS = ExtraTreesSettings(n_estimators=20)


@pytest.fixture(scope="module")
def features() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    return pd.DataFrame(rng.random((40, 3)), columns=list("xyz"), index=[f"e{n:02d}" for n in range(40)])


@pytest.fixture(scope="module")
def label(features: pd.DataFrame) -> pd.Series:
    return 3 * features["x"] - 8


def test_training_rows_are_learned_by_heart(features: pd.DataFrame, label: pd.Series) -> None:
    predicted = ExtraTreesModel.fit(features, label, SETTINGS).predict(features)
    np.testing.assert_allclose(predicted["mean"], label)
    np.testing.assert_allclose(predicted["std"], 0, atol=1e-12)


def test_the_order_of_rows_and_columns_does_not_matter(features: pd.DataFrame, label: pd.Series) -> None:
    new = features + 0.05
    one = ExtraTreesModel.fit(features, label, SETTINGS).predict(new)
    other = ExtraTreesModel.fit(features.iloc[::-1], label, SETTINGS).predict(new[["z", "x", "y"]])
    pd.testing.assert_frame_equal(one, other)


def test_what_is_stored_predicts_the_same(features: pd.DataFrame, label: pd.Series, tmp_path: Path) -> None:
    model = ExtraTreesModel.fit(features, label, SETTINGS)
    model.save(tmp_path)
    pd.testing.assert_frame_equal(
        ExtraTreesModel.load(tmp_path).predict(features + 0.05), model.predict(features + 0.05)
    )
    (tmp_path / CARD_FILE).unlink()
    with pytest.raises(FileNotFoundError, match="holds no complete model"):
        ExtraTreesModel.load(tmp_path)


def test_what_is_missing_is_named(features: pd.DataFrame, label: pd.Series) -> None:
    model = ExtraTreesModel.fit(features, label, SETTINGS)
    with pytest.raises(ValueError, match="lacks: y"):
        model.predict(features.drop(columns="y"))
    with pytest.raises(ValueError, match="no electrolytes"):
        ExtraTreesModel.fit(features.iloc[:0], label, SETTINGS)
