"""Extremely randomised trees, stored as what they were grown from (Geurts et al., Mach. Learn. 63, 3,
2006)."""

import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import pandas as pd
from fsspec.core import url_to_fs
from sklearn.ensemble import ExtraTreesRegressor

ROWS_FILE = "training_rows.parquet"
"""Features and labels of the rows that train; the trees are grown on them again when the model is loaded."""
CARD_FILE = "extra_trees.json"
"""The settings; written last, so that a folder without it holds no complete model."""
_LABEL = "log10_sigma"


@dataclass(frozen=True)
class ExtraTreesSettings:
    """What scikit-learn is told."""

    n_estimators: int = 300
    """Trees."""
    max_features: float = 0.5
    """Share of the features that each split chooses from."""
    min_samples_leaf: int = 1
    """Fewest rows in a leaf."""
    seed: int = 0
    """Seed of the splits."""


@dataclass(frozen=True)
class ExtraTreesModel:
    """Trees and the rows that they were grown on."""

    settings: ExtraTreesSettings
    features: pd.DataFrame
    """Index electrolyte_id, sorted."""
    label: pd.Series
    """log10(σ / (S/cm)); index as in `features`."""
    regressor: ExtraTreesRegressor

    @classmethod
    def fit(cls, features: pd.DataFrame, label: pd.Series, settings: ExtraTreesSettings) -> Self:
        """Grow the trees on every row of `features`, on one thread; the order of the rows does not matter.

        Args:
            features: index electrolyte_id, all numeric, nothing missing.
            label: log10(σ / (S/cm)); index holds that of features.
            settings: of the trees.

        Raises:
            ValueError: if there are no rows or a feature is NaN.
        """
        rows = features.sort_index().astype(float)
        if rows.empty:
            raise ValueError("there are no electrolytes to train on")
        parameters = asdict(settings)
        seed = parameters.pop("seed")
        regressor = ExtraTreesRegressor(**parameters, random_state=seed, n_jobs=1)
        y = label.loc[rows.index].rename(_LABEL)
        regressor.fit(_matrix(rows), y.to_numpy(float))
        return cls(settings, rows, y, regressor)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predict `mean`, log10(σ / (S/cm)), and `std`, the standard deviation between the trees.

        Raises:
            ValueError: if a feature of the training rows is missing.
        """
        missing = [name for name in self.features.columns if name not in features]
        if missing:
            raise ValueError(f"the trees need features that the table lacks: {', '.join(missing)}")
        X = _matrix(features[self.features.columns])
        each = np.array([tree.predict(X.astype(np.float32)) for tree in self.regressor.estimators_])
        return pd.DataFrame({"mean": each.mean(axis=0), "std": each.std(axis=0)}, index=features.index)

    def save(self, folder: str | Path) -> None:
        """Write `ROWS_FILE` and `CARD_FILE` into a folder, made if need be; any URL that fsspec reads will
        do."""
        filesystem, path = url_to_fs(str(folder))
        filesystem.makedirs(path, exist_ok=True)
        content = io.BytesIO()
        self.features.assign(**{_LABEL: self.label}).to_parquet(content)
        filesystem.pipe_file(f"{path}/{ROWS_FILE}", content.getvalue())
        filesystem.pipe_file(f"{path}/{CARD_FILE}", json.dumps(asdict(self.settings), indent=2).encode())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Read what `save` wrote, and grow the trees again.

        Raises:
            FileNotFoundError: if the folder holds no complete model.
        """
        filesystem, path = url_to_fs(str(folder))
        if not filesystem.exists(f"{path}/{CARD_FILE}"):
            raise FileNotFoundError(
                f"{folder} holds no complete model: {CARD_FILE} is missing; train it again"
            )
        settings = ExtraTreesSettings(**json.loads(filesystem.cat_file(f"{path}/{CARD_FILE}")))
        rows = pd.read_parquet(io.BytesIO(filesystem.cat_file(f"{path}/{ROWS_FILE}")))
        return cls.fit(rows.drop(columns=_LABEL), rows[_LABEL], settings)


def _matrix(features: pd.DataFrame) -> np.ndarray:
    return features.to_numpy(dtype=float)
