"""Covariances from a kernel that is written down as plain lists: what an answer needs, without scikit-learn.

`kernels.described` writes a kernel down. A list begins with its kind: `sum` and `product` of two lists,
`laplacian` (first column, one past the last, length scale), `constant` (value), `same_paper` (column) and
`noise` (variance).
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist, pdist, squareform


def covariances(kernel: list[Any], left: np.ndarray, right: np.ndarray | None = None) -> np.ndarray:
    """Return the covariances of rows laid out by `inputs`, shape (n, m).

    Args:
        kernel: as `kernels.described` writes it.
        left: rows, shape (n, d).
        right: other rows, shape (m, d); by default `left` itself, and only then noise counts.

    Raises:
        ValueError: for a kind that nobody knows.
    """
    other = left if right is None else right
    match kernel:
        case ["sum", first, second]:
            return covariances(first, left, right) + covariances(second, left, right)
        case ["product", first, second]:
            return covariances(first, left, right) * covariances(second, left, right)
        case ["laplacian", start, stop, length]:
            columns = left[:, start:stop]
            if right is None:  # half the work
                return np.exp(-squareform(pdist(columns, "cityblock")) / length)
            return np.exp(-cdist(columns, right[:, start:stop], "cityblock") / length)
        case ["constant", value]:
            return np.full((len(left), len(other)), float(value))
        case ["same_paper", column]:
            same = (left[:, column, np.newaxis] == other[:, column]) & (other[:, column] >= 0)
            return (same | np.eye(len(left), dtype=bool) if right is None else same).astype(float)
        case ["noise", variance]:
            return variance * np.eye(len(left)) if right is None else np.zeros((len(left), len(other)))
    raise ValueError(f"no covariance is known by the name {kernel[0]!r}: train the model again")


def variance(kernel: list[Any]) -> float:
    """Return the variance of a new measurement, which is the same for every material."""
    return float(covariances(kernel, np.zeros((1, _width(kernel)))).item())


def _width(kernel: list[Any]) -> int:
    """Return how many columns a kernel looks at, those before them included."""
    match kernel:
        case ["sum" | "product", first, second]:
            return max(_width(first), _width(second))
        case ["laplacian", _, stop, _]:
            return int(stop)
        case ["same_paper", column]:
            return int(column) + 1
    return 1
