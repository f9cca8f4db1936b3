"""A stored process, opened to answer: the same numbers as the trained one, without scikit-learn's second of
imports."""

import io
import json
import math
from dataclasses import dataclass
from typing import Any, Self

import numpy as np
import pandas as pd
from fsspec.core import url_to_fs
from scipy.linalg import cho_solve, cholesky, solve_triangular

from sse_assets.gaussian_process.conformal import COVERAGES, ConformalIntervals
from sse_assets.gaussian_process.covariances import covariances, variance
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.files import CALIBRATION_FILE, CARD_FILE, ROWS_FILE
from sse_assets.gaussian_process.inputs import Inputs

_ROWS_AT_A_TIME = 1000


@dataclass(frozen=True)
class ServedProcess:
    """A process on all rows, its conformal intervals and its domain."""

    inputs: Inputs
    kernel: list[Any]
    electrolyte_ids: tuple[str, ...]
    """The rows that trained."""
    rows: np.ndarray
    """Their inputs, shape (n_train, d)."""
    centre: float
    """Median of their labels."""
    factor: np.ndarray
    """Lower Cholesky factor of their covariances, shape (n_train, n_train)."""
    solved: np.ndarray
    """Covariances⁻¹ (label − centre), shape (n_train,)."""
    variance: float
    """What the kernel is multiplied by."""
    intervals: ConformalIntervals
    domain: Domain

    @classmethod
    def load(cls, folder: str) -> Self:
        """Read what `TrainedProcess.save` wrote.

        Raises:
            FileNotFoundError: if the folder holds no complete model.
        """
        filesystem, path = url_to_fs(folder)
        if not filesystem.exists(f"{path}/{CALIBRATION_FILE}"):
            raise FileNotFoundError(
                f"{folder} holds no complete model: {CALIBRATION_FILE} is missing; train it again"
            )
        card = json.loads(filesystem.cat_file(f"{path}/{CARD_FILE}"))
        calibration = json.loads(filesystem.cat_file(f"{path}/{CALIBRATION_FILE}"))
        with np.load(io.BytesIO(filesystem.cat_file(f"{path}/{ROWS_FILE}")), allow_pickle=False) as stored:
            rows, label = stored["rows"], stored["label"]
        inputs = Inputs(
            tuple(card["chemistry"]), tuple(card["cell"]), np.array(card["mean"]), np.array(card["scale"])
        )
        centre = float(np.median(label))
        factor = cholesky(covariances(card["kernel"], rows), lower=True)
        solved = cho_solve((factor, True), label - centre)
        widths, limit = calibration["interval_widths_in_std"], calibration["domain_limit"]
        return cls(
            inputs,
            card["kernel"],
            tuple(card["electrolyte_ids"]),
            rows,
            centre,
            factor,
            solved,
            float((label - centre) @ solved / len(label)),
            ConformalIntervals({coverage: widths.get(str(coverage), math.inf) for coverage in COVERAGES}),
            Domain(inputs, tuple(card["lengths"]), rows, math.inf if limit is None else limit),
        )

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predict a new measurement of each material.

        Returns:
            As `TrainedProcess.predict`; and `unseen_elements` and `nearest_distance` of `Domain.examine`.
            Index as that of features.
        """
        rows = self.inputs.rows(features)
        parts = [
            self._mean_and_std(rows[n : n + _ROWS_AT_A_TIME]) for n in range(0, len(rows), _ROWS_AT_A_TIME)
        ]
        mean, std = np.concatenate(parts, axis=1)
        table = {"predicted": mean, "std": std}
        for coverage, suffix in ((0.9, ""), (0.5, "_50")):
            table[f"low{suffix}"], table[f"high{suffix}"] = self.intervals.interval(mean, std, coverage)
        numbers = pd.DataFrame(table, index=features.index)
        domain = self.domain.examine(features).rename(columns={"outside": "outside_domain"})
        return numbers.where(np.isfinite(numbers)).join(domain)

    def carrying(self, features: pd.DataFrame, n: int) -> list[list[tuple[str, float]]]:
        """Return the training rows that count most in each answer, as electrolyte_id and weight.

        An answer is the centre plus the sum of weight times (label − centre); a weight may be negative. The
        largest in size is first.

        Args:
            features: of the materials.
            n: rows for each of them.
        """
        rows, found = self.inputs.rows(features), []
        for first in range(0, len(rows), _ROWS_AT_A_TIME):
            across = covariances(self.kernel, rows[first : first + _ROWS_AT_A_TIME], self.rows)
            weights = cho_solve((self.factor, True), across.T).T
            order = np.argsort(-np.abs(weights), axis=1, kind="stable")[:, :n]
            found += [
                [(self.electrolyte_ids[place], float(row[place])) for place in places]
                for row, places in zip(weights, order, strict=True)
            ]
        return found

    def covariance(self, features: pd.DataFrame) -> tuple[np.ndarray, float]:
        """Return how far the answers for materials err together, without the scatter of a measurement.

        Returns:
            Covariances in log units squared, shape (n, n), and the variance of a measurement of one material
            around its true value.
        """
        rows = self.inputs.rows(features)
        prior = covariances(self.kernel, rows, rows.copy())
        reduced = solve_triangular(self.factor, covariances(self.kernel, rows, self.rows).T, lower=True)
        scatter = variance(self.kernel) - float(prior[0, 0])
        return self.variance * (prior - reduced.T @ reduced), self.variance * scatter

    def _mean_and_std(self, rows: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        across = covariances(self.kernel, rows, self.rows)
        explained = (solve_triangular(self.factor, across.T, lower=True) ** 2).sum(axis=0)
        left = np.maximum(variance(self.kernel) - explained, 0.0)
        return self.centre + across @ self.solved, np.sqrt(self.variance * left)
