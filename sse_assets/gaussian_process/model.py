"""One fitted process: what it predicts, how sure it is, and which measurements carry the answer."""

import io
import json
from collections.abc import Iterable, Sequence
from copy import copy
from dataclasses import asdict, dataclass, replace
from pathlib import Path
from typing import Any, Self

import numpy as np
import pandas as pd
from fsspec.core import url_to_fs
from scipy.linalg import cho_factor, cho_solve
from sklearn.gaussian_process import GaussianProcessRegressor

from sse_assets.gaussian_process.files import CARD_FILE, ROWS_FILE
from sse_assets.gaussian_process.inputs import Inputs, paper_numbers
from sse_assets.gaussian_process.kernels import described
from sse_assets.gaussian_process.settings import GaussianProcessSettings, ProcessDesign


@dataclass(frozen=True)
class GaussianProcessModel:
    """Exact regression by scikit-learn (Rasmussen and Williams, algorithm 2.1), centred on the median
    label."""

    settings: GaussianProcessSettings
    inputs: Inputs
    electrolyte_ids: tuple[str, ...]
    """The rows that train."""
    centre: float
    """Median of their labels, which the process returns to far from all of them."""
    variance: float
    """What the kernel is multiplied by: the value of the largest marginal likelihood, (y−m)ᵀK⁻¹(y−m)/n."""
    regressor: GaussianProcessRegressor
    """On centred labels, with the kernel before `variance`."""

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        label: pd.Series,
        dois: pd.Series,
        settings: GaussianProcessSettings,
        *,
        chemistry: tuple[str, ...] = (),
        cell: tuple[str, ...] = (),
    ) -> Self:
        """Fit on every row of `features`; 1,000 rows take less than a second without `optimise`.

        Args:
            features: columns as `Inputs.rows` asks; index electrolyte_id.
            label: log10(σ / (S/cm)); index holds that of features.
            dois: paper of each row, missing where unknown; index holds that of features.
            settings: of the kernel.
            chemistry: names of the columns that the chemistry factor compares.
            cell: names of the columns that the cell factor compares.

        Raises:
            ValueError: if there are no rows, or a needed number is missing.
        """
        if features.empty:
            raise ValueError("there are no electrolytes to train on")
        inputs = Inputs.fit(features, chemistry, cell)
        rows = inputs.rows(features, paper_numbers(dois.loc[features.index]))
        ids = tuple(str(electrolyte_id) for electrolyte_id in features.index)
        return cls._of_rows(settings, inputs, ids, rows, label.loc[features.index].to_numpy(float))

    @classmethod
    def of_design(
        cls, design: ProcessDesign, features: pd.DataFrame, label: pd.Series, dois: pd.Series
    ) -> Self:
        """Fit what a design describes; the other arguments are those of `fit`."""
        return cls.fit(features, label, dois, design.settings, chemistry=design.chemistry, cell=design.cell)

    @classmethod
    def _of_rows(
        cls,
        settings: GaussianProcessSettings,
        inputs: Inputs,
        ids: tuple[str, ...],
        rows: np.ndarray,
        label: np.ndarray,
    ) -> Self:
        optimizer = "fmin_l_bfgs_b" if settings.optimise else None
        centre = float(np.median(label))
        # The white-noise term is the jitter: nothing is added to the diagonal beside it.
        regressor = GaussianProcessRegressor(settings.kernel(inputs), alpha=0.0, optimizer=optimizer)
        regressor.fit(rows, label - centre)
        variance = float((label - centre) @ regressor.alpha_ / len(label))
        return cls(settings, inputs, ids, centre, variance, regressor)

    def with_labels(self, label: pd.Series) -> Self:
        """Return the process on other labels of the same rows: covariances and constants stay.

        Args:
            label: log10(σ / (S/cm)); index holds the training rows.
        """
        values = label.loc[list(self.electrolyte_ids)].to_numpy(float)
        centre = float(np.median(values))
        regressor = copy(self.regressor)
        regressor.y_train_ = values - centre
        regressor.alpha_ = cho_solve((regressor.L_, True), regressor.y_train_)
        variance = float(regressor.y_train_ @ regressor.alpha_ / len(values))
        return replace(self, centre=centre, variance=variance, regressor=regressor)

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predict a new measurement, by a paper that is not among those of the training rows.

        Returns:
            `mean`, log10(σ / (S/cm)), and `std`, its standard deviation, noise between laboratories included;
            index as that of features.
        """
        mean, std = self.regressor.predict(self.inputs.rows(features), return_std=True)
        return pd.DataFrame(
            {"mean": self.centre + mean, "std": np.sqrt(self.variance) * std}, index=features.index
        )

    def predict_mean(self, features: pd.DataFrame) -> pd.Series:
        """Return the `mean` of `predict`, without the work that its standard deviation takes."""
        mean = self.regressor.predict(self.inputs.rows(features))
        return pd.Series(self.centre + mean, index=features.index, name="mean")

    def leave_out(
        self, folds: Iterable[tuple[pd.Index, pd.Index]], *, also: Sequence[Self] = ()
    ) -> list[pd.DataFrame]:
        """Predict training rows by processes that did not see them, with the z-scores and constants of this.

        The covariances are computed once, and each fold takes its part of them: a dozen times as fast as to
        fit anew.

        Args:
            folds: ids that train, and ids that are predicted; no paper may be on both sides.
            also: this process on other labels (`with_labels`). What depends on the rows alone is computed
                once for all of them.

        Returns:
            One frame for this process and one for each of the others: `mean` and `std` as `predict` gives
            them; index the ids that are predicted.

        Raises:
            KeyError: if a fold has a row that this process was not trained on.
        """
        covariances = self.regressor.kernel_(self.regressor.X_train_)
        places = pd.Series(range(len(covariances)), index=self.electrolyte_ids)
        labels = [one.centre + one.regressor.y_train_ for one in (self, *also)]
        parts: list[list[pd.DataFrame]] = [[] for _ in labels]
        for train, test in folds:
            known, asked = places.loc[train].to_numpy(), places.loc[test].to_numpy()
            factor = cho_factor(covariances[np.ix_(known, known)], lower=True)
            across = covariances[np.ix_(asked, known)]
            explained = (across * cho_solve(factor, across.T).T).sum(axis=1)
            for label, of_label in zip(labels, parts, strict=True):
                centre = np.median(label[known])
                residual = label[known] - centre
                solved = cho_solve(factor, residual)
                variance = residual @ solved / len(known)
                std = np.sqrt(variance * (covariances[asked, asked] - explained))
                of_label.append(pd.DataFrame({"mean": centre + across @ solved, "std": std}, index=test))
        return [pd.concat(of_label) for of_label in parts]

    def save(self, folder: str | Path) -> None:
        """Write `ROWS_FILE` and `CARD_FILE` into a folder, made if need be; it may be any URL of fsspec.

        `served.ServedProcess` reads them.
        """
        filesystem, path = url_to_fs(str(folder))
        filesystem.makedirs(path, exist_ok=True)
        content = io.BytesIO()
        np.savez_compressed(
            content, rows=self.regressor.X_train_, label=self.centre + self.regressor.y_train_
        )
        filesystem.pipe_file(f"{path}/{ROWS_FILE}", content.getvalue())
        card: dict[str, Any] = {
            "settings": asdict(self.settings),
            "chemistry": list(self.inputs.chemistry),
            "cell": list(self.inputs.cell),
            "mean": self.inputs.mean.tolist(),
            "scale": self.inputs.scale.tolist(),
            "kernel": described(self.regressor.kernel_),
            "lengths": list(self.settings.lengths),
            "electrolyte_ids": list(self.electrolyte_ids),
        }
        filesystem.pipe_file(f"{path}/{CARD_FILE}", json.dumps(card, indent=2, allow_nan=False).encode())
