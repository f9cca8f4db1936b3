"""Whether a material is like those that the process was trained on."""

from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from sse_assets.gaussian_process.inputs import Inputs, paper_numbers
from sse_assets.materials.pettifor import MODIFIED_PETTIFOR_SCALE

FAR_QUANTILE = 0.95
"""A material is far if its nearest neighbour is farther than that of 95 % of the training rows."""


@dataclass(frozen=True)
class Domain:
    """Which elements were seen, and how far apart the training rows lie.

    Distance is the largest of three, each over the length at which the kernel's factor falls to 1/e: of
    composition (Σ|Δ atomic fraction|), chemistry and cell.
    """

    inputs: Inputs
    lengths: tuple[float, float, float]
    """Lengths of fractions, chemistry and cell."""
    rows: np.ndarray
    """Inputs of the training rows, shape (n_train, d)."""
    limit: float
    """Distance to the nearest training row beyond which a material is far."""

    @classmethod
    def fit(
        cls,
        features: pd.DataFrame,
        dois: pd.Series,
        inputs: Inputs,
        lengths: tuple[float, float, float],
    ) -> Self:
        """Set the limit by the distance from each training row to the nearest row of another paper."""
        rows = inputs.rows(features)
        papers = paper_numbers(dois.loc[features.index])
        distances = _distances(rows, rows, inputs, lengths)
        same = (papers[:, np.newaxis] == papers) & (papers >= 0)
        distances[same | np.eye(len(rows), dtype=bool)] = np.inf
        nearest = distances.min(axis=1)
        known = nearest[np.isfinite(nearest)]
        limit = float(np.quantile(known, FAR_QUANTILE)) if len(known) else np.inf
        return cls(inputs, lengths, rows, limit)

    def examine(self, features: pd.DataFrame) -> pd.DataFrame:
        """Compare materials with the training rows.

        Returns:
            `unseen_elements` (symbols, joined by a blank; empty if there are none), `nearest_distance` and
            `outside` (whether an element is unseen or the nearest row is farther than the limit); index as
            that of features.
        """
        rows = self.inputs.rows(features)
        first, last = self.inputs.blocks["fractions"]
        unseen_columns = self.rows[:, first:last].max(axis=0) == 0
        symbols = np.array(MODIFIED_PETTIFOR_SCALE)
        unseen = [" ".join(symbols[(row[first:last] > 0) & unseen_columns]) for row in rows]
        nearest = _distances(rows, self.rows, self.inputs, self.lengths).min(axis=1)
        outside = (nearest > self.limit) | np.array([bool(names) for names in unseen], dtype=bool)
        return pd.DataFrame(
            {"unseen_elements": unseen, "nearest_distance": nearest, "outside": outside}, index=features.index
        )


def _distances(
    left: np.ndarray, right: np.ndarray, inputs: Inputs, lengths: tuple[float, float, float]
) -> np.ndarray:
    """Return the largest of the three scaled distances, shape (n, m)."""
    blocks = [inputs.blocks[name] for name in ("fractions", "chemistry", "cell")]
    each = [
        cdist(left[:, first:last], right[:, first:last], "cityblock") / length
        for (first, last), length in zip(blocks, lengths, strict=True)
        if last > first
    ]
    return np.max(each, axis=0)
