"""One fitted model: its z-scores, its trees and its card, and how they are stored."""

import json
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
import sklearn
import xgboost
from fsspec.core import url_to_fs
from sklearn.preprocessing import StandardScaler

from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.materials.conductivity import LabelConvention

TREES_FILE = "model.ubj"
"""The trees, in XGBoost's own universal binary JSON."""
CARD_FILE = "model.json"
"""Everything but the trees, as JSON. It is written last: a folder without it holds no complete model."""


@dataclass(frozen=True)
class ModelCard:
    """Origin of a model, and its errors."""

    feature_set: str
    protocol: str
    label_convention: LabelConvention
    data_version: str
    """Version of the data that it was fitted on."""
    n_train: int
    metrics: dict[str, float]
    """Metrics by name, from cross-validation inside the training rows."""
    interval_half_width: float | None
    """Half the width of the 90 % interval around a prediction, in log units; None if it is not known."""


@dataclass(frozen=True)
class BoostedTreesModel:
    """A z-score fitted on the training rows, and the trees fitted on the z-scores (paper, section II.C)."""

    feature_names: tuple[str, ...]
    mean: np.ndarray
    """Mean of each feature over the training rows, shape (n_features,)."""
    scale: np.ndarray
    """Standard deviation of each feature over the training rows, 1 where it is constant."""
    settings: BoostedTreesSettings
    regressor: xgboost.XGBRegressor
    card: ModelCard | None = None

    @classmethod
    def fit(cls, X: pd.DataFrame, y: pd.Series, settings: BoostedTreesSettings) -> Self:
        """Fit on all rows of X; NaN is a value that the trees know how to route.

        A fit uses one thread, so that several can run at a time; their number changes no result.

        Args:
            X: features, shape (n, d), all numeric.
            y: log10(σ / (S/cm)), shape (n,), in the order of X.
        """
        # A column that no training row knows has no mean; as zeros it is passed through unscaled.
        unknown = X.columns[X.isna().all()]
        scaler = StandardScaler().fit(X.fillna(dict.fromkeys(unknown, 0.0)).to_numpy(dtype=float))
        parameters = asdict(settings)
        seed = parameters.pop("seed")
        regressor = xgboost.XGBRegressor(**parameters, random_state=seed, tree_method="hist", n_jobs=1)
        model = cls(
            feature_names=tuple(X.columns),
            mean=scaler.mean_,
            scale=scaler.scale_,
            settings=settings,
            regressor=regressor,
        )
        regressor.fit(model.scaled(X), y.to_numpy(dtype=float))
        return model

    def with_card(self, card: ModelCard) -> Self:
        """Return the same model with a card."""
        return replace(self, card=card)

    def scaled(self, X: pd.DataFrame) -> pd.DataFrame:
        """Return the model's features of X as z-scores, in the model's order; other columns are ignored.

        Raises:
            ValueError: if X lacks a feature, naming it.
        """
        missing = [name for name in self.feature_names if name not in X.columns]
        if missing:
            raise ValueError(f"the model needs features that the table lacks: {', '.join(missing)}")
        return X[list(self.feature_names)].astype(float).sub(self.mean).div(self.scale)

    def predict(self, X: pd.DataFrame) -> np.ndarray:
        """Return the predicted log10(σ / (S/cm)) of each row, shape (n,).

        Raises:
            ValueError: if X lacks a feature, naming it.
        """
        return np.asarray(self.regressor.predict(self.scaled(X)), dtype=float)

    def save(self, folder: str | Path) -> None:
        """Write `model.ubj` and `model.json` into a folder, which is made if it is not there.

        Args:
            folder: a local path, or any URL that fsspec reads, such as `s3://bucket/models/all`.

        Raises:
            ValueError: if the model has no card yet.
        """
        if self.card is None:
            raise ValueError("a model is saved with its card; give it one by with_card first")
        description = {
            "card": asdict(self.card),
            "features": list(self.feature_names),
            "scaler": {"mean": self.mean.tolist(), "scale": self.scale.tolist()},
            "settings": asdict(self.settings),
            "versions": {"xgboost": xgboost.__version__, "scikit-learn": sklearn.__version__},
        }
        filesystem, path = url_to_fs(str(folder))
        filesystem.makedirs(path, exist_ok=True)
        trees = bytes(self.regressor.get_booster().save_raw(raw_format="ubj"))
        filesystem.pipe_file(f"{path}/{TREES_FILE}", trees)
        text = json.dumps(description, indent=2, allow_nan=False)
        filesystem.pipe_file(f"{path}/{CARD_FILE}", text.encode())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote; the loaded model predicts exactly what the saved one did.

        Raises:
            FileNotFoundError: if the folder holds no complete model.
        """
        filesystem, path = url_to_fs(str(folder))
        if not filesystem.exists(f"{path}/{CARD_FILE}"):
            raise FileNotFoundError(
                f"{folder} holds no complete model: {CARD_FILE} is missing; train it again"
            )
        description = json.loads(filesystem.cat_file(f"{path}/{CARD_FILE}"))
        card = description["card"]
        regressor = xgboost.XGBRegressor()
        regressor.load_model(bytearray(filesystem.cat_file(f"{path}/{TREES_FILE}")))
        return cls(
            feature_names=tuple(description["features"]),
            mean=np.array(description["scaler"]["mean"]),
            scale=np.array(description["scaler"]["scale"]),
            settings=BoostedTreesSettings(**description["settings"]),
            regressor=regressor,
            card=ModelCard(**card | {"label_convention": LabelConvention(card["label_convention"])}),
        )
