"""Prediction intervals that held-out papers have shown to be wide enough."""

import math
from dataclasses import dataclass
from typing import Self

import numpy as np

COVERAGES = (0.5, 0.9)
"""Shares of new measurements that the intervals should hold."""


@dataclass(frozen=True)
class ConformalIntervals:
    """How many of its own standard deviations a process has to allow for, for each coverage.

    Split conformal prediction with the normalised residual |y − mean| / std as the score (Lei et al., J. Am.
    Stat. Assoc. 113, 1094, 2018, section 5.2). The residuals have to be of papers that the process did not
    see: then the intervals hold for a paper like those held out.
    """

    multipliers: dict[float, float]
    """By coverage; infinite where there are too few residuals to tell."""

    @classmethod
    def fit(cls, true: np.ndarray, mean: np.ndarray, std: np.ndarray) -> Self:
        """Take the k-th smallest of n normalised residuals, with k = ceil(coverage (n + 1)).

        Args:
            true: labels of the held-out rows, shape (n,).
            mean: their predictions by a process that did not see their paper, shape (n,).
            std: its standard deviations, shape (n,).

        Raises:
            ValueError: if a standard deviation is not positive.
        """
        if not (std > 0).all():
            raise ValueError("a standard deviation that is not positive cannot scale a residual")
        scores = np.sort(np.abs(true - mean) / std)
        ranks = {coverage: math.ceil(coverage * (len(scores) + 1)) for coverage in COVERAGES}
        return cls(
            {
                coverage: float(scores[rank - 1]) if rank <= len(scores) else math.inf
                for coverage, rank in ranks.items()
            }
        )

    def interval(self, mean: np.ndarray, std: np.ndarray, coverage: float) -> tuple[np.ndarray, np.ndarray]:
        """Return the lower and the upper ends, each of shape (n,), in log10(σ / (S/cm)).

        Raises:
            KeyError: for a coverage that is not one of `COVERAGES`.
        """
        half = self.multipliers[coverage] * std
        return mean - half, mean + half
