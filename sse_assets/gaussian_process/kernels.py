"""Covariances between materials, on scikit-learn's interface for kernels.

A kernel sees rows of numbers. `inputs` lays them out: element fractions, their cumulative sum along the
Pettifor scale, chemistry, cell, and last the number of the paper.
"""

from typing import Any

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.gaussian_process.kernels import (
    ConstantKernel,
    Hyperparameter,
    Kernel,
    Product,
    Sum,
    WhiteKernel,
)


class AbsoluteExponential(Kernel):  # type: ignore[misc]  # mypy reads nothing of scikit-learn
    """k(x, y) = exp(−Σ|x − y| / length_scale), the sum over some of the columns.

    It is a product of Laplacian kernels, so it is positive definite. The product of two of these, on columns
    of their own, asks for similarity in both; the sum asks for similarity in either.

    Args:
        start: first of the columns.
        stop: one past the last of them.
        length_scale: distance at which the covariance has fallen to 1/e.
        length_scale_bounds: of the search for the largest marginal likelihood, or "fixed".
    """

    def __init__(
        self,
        start: int,
        stop: int,
        length_scale: float = 1.0,
        length_scale_bounds: tuple[float, float] | str = (1e-2, 1e3),
    ) -> None:
        self.start = start
        self.stop = stop
        self.length_scale = length_scale
        self.length_scale_bounds = length_scale_bounds

    @property
    def hyperparameter_length_scale(self) -> Hyperparameter:
        """Describe the one hyperparameter."""
        return Hyperparameter("length_scale", "numeric", self.length_scale_bounds)

    def __call__(self, X: np.ndarray, Y: np.ndarray | None = None, eval_gradient: bool = False) -> Any:
        """Return the covariances, shape (n, m), and with `eval_gradient` their derivative with respect to the
        logarithm of the length scale, shape (n, n, 1)."""
        left = np.asarray(X, dtype=float)[:, self.start : self.stop]
        right = left if Y is None else np.asarray(Y, dtype=float)[:, self.start : self.stop]
        scaled = cdist(left, right, "cityblock") / self.length_scale
        covariance = np.exp(-scaled)
        if not eval_gradient:
            return covariance
        if Y is not None:
            raise ValueError("the gradient is defined for the covariances of X with itself alone")
        if self.hyperparameter_length_scale.fixed:
            return covariance, np.empty((len(left), len(left), 0))
        return covariance, (covariance * scaled)[:, :, np.newaxis]

    def diag(self, X: np.ndarray) -> np.ndarray:
        """Return the variances: one for every row."""
        return np.ones(len(X))

    def is_stationary(self) -> bool:
        """Say that only differences count."""
        return True


class SamePaper(Kernel):  # type: ignore[misc]  # mypy reads nothing of scikit-learn
    """k(x, y) = 1 where two rows are of one paper, else 0: what a laboratory adds to all that it reports.

    Args:
        column: which holds the paper's number; a negative one is a paper of its own.
    """

    def __init__(self, column: int) -> None:
        self.column = column

    def __call__(self, X: np.ndarray, Y: np.ndarray | None = None, eval_gradient: bool = False) -> Any:
        """Return the covariances, shape (n, m), and with `eval_gradient` an empty gradient."""
        left = np.asarray(X, dtype=float)[:, self.column]
        right = left if Y is None else np.asarray(Y, dtype=float)[:, self.column]
        covariance = ((left[:, np.newaxis] == right) & (right >= 0)).astype(float)
        if Y is None:
            np.fill_diagonal(covariance, 1.0)
        return (covariance, np.empty((len(left), len(left), 0))) if eval_gradient else covariance

    def diag(self, X: np.ndarray) -> np.ndarray:
        """Return the variances: one for every row."""
        return np.ones(len(X))

    def is_stationary(self) -> bool:
        """Say that only equality counts."""
        return True


def described(kernel: Kernel) -> list[Any]:
    """Write a kernel down as `covariances.covariances` reads it.

    Raises:
        TypeError: for a kernel that it does not know.
    """
    match kernel:
        case Sum() | Product():
            name = "sum" if isinstance(kernel, Sum) else "product"
            return [name, described(kernel.k1), described(kernel.k2)]
        case AbsoluteExponential():
            return ["laplacian", kernel.start, kernel.stop, float(kernel.length_scale)]
        case SamePaper():
            return ["same_paper", kernel.column]
        case ConstantKernel():
            return ["constant", float(kernel.constant_value)]
        case WhiteKernel():
            return ["noise", float(kernel.noise_level)]
    raise TypeError(f"the kernel {kernel} cannot be written down")
