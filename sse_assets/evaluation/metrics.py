"""The four metrics of the paper (equations 1 to 4) and the table of scores.

A metric takes the true and the predicted labels, both of shape (n,), and optionally `weights` of shape
(..., n): how often each row counts. A matrix of weights, one row per bootstrap resample, gives all the
resampled metrics in one call. Without weights the result is one number.
"""

from collections.abc import Callable

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sse_assets.evaluation.intervals import Bootstrap, Clusters, clusters_for, percentile_interval
from sse_assets.tables import metrics
from sse_assets.tables.names import Metric

Array = NDArray[np.float64]

_SMALLEST_VARIANCE = 1e-12
"""Variance of labels, in squared log units, below which they are constant up to rounding."""


def mean_absolute_error(true: Array, predicted: Array, weights: Array | None = None) -> Array:
    """Return the MAE, equation 3; NaN without rows."""
    return _mean(np.abs(true - predicted), weights)


def root_mean_squared_error(true: Array, predicted: Array, weights: Array | None = None) -> Array:
    """Return the RMSE, equation 4; NaN without rows."""
    return np.sqrt(_mean((true - predicted) ** 2, weights))


def r_squared(true: Array, predicted: Array, weights: Array | None = None) -> Array:
    """Return R², equation 1; NaN where the true labels are constant."""
    residual = _mean((true - predicted) ** 2, weights)
    variance = _mean(true**2, weights) - _mean(true, weights) ** 2
    return 1 - residual / np.where(variance > _SMALLEST_VARIANCE, variance, np.nan)


def spearman(true: Array, predicted: Array, weights: Array | None = None) -> Array:
    """Return the SRCC, equation 2, by Pearson's correlation of mean ranks so that ties are right.

    NaN where either side is constant. Weights must be counts: a row that counts twice is tied with itself.
    """
    weights = np.ones(len(true)) if weights is None else weights
    first, second = (_centred_ranks(values, weights) for values in (true, predicted))

    def product_sum(left: Array, right: Array) -> Array:
        return np.einsum("...i,...i,...i->...", weights, left, right)

    spread = np.sqrt(product_sum(first, first) * product_sum(second, second))
    return product_sum(first, second) / np.where(spread > 0, spread, np.nan)


METRICS: dict[Metric, Callable[..., Array]] = {
    Metric.MAE: mean_absolute_error,
    Metric.RMSE: root_mean_squared_error,
    Metric.R2: r_squared,
    Metric.SRCC: spearman,
}


def scores(
    predictions: pd.DataFrame,
    clusters: Clusters | None = None,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return every metric of every model, with a 95 % bootstrap interval.

    The folds of a protocol are pooled. A test row is in one fold; a train row is in several and counts
    once for each. What is resampled are electrolytes, with all their predictions; whole groups of them under
    the protocols that `clusters` names. All models of a protocol see the same resamples.

    Args:
        predictions: A frame as `tables.metrics.PREDICTIONS`.
        clusters: What is resampled whole under which protocol.
        n_bootstrap: Number of resamples.
        seed: Seed of the resamples.

    Returns:
        A frame as `tables.metrics.SCORES`. A metric that is not defined is NaN.
    """
    rows = []
    for (protocol, role), part in predictions.groupby(["protocol", "role"], sort=False):
        bootstrap = Bootstrap.of(
            part["electrolyte_id"], clusters_for(protocol, clusters), n_bootstrap=n_bootstrap, seed=seed
        )
        for (model, variant, convention), block in part.groupby(
            ["model", "variant", "label_convention"], sort=False
        ):
            true, predicted = (block[column].to_numpy(float) for column in ("log10_sigma", "predicted"))
            counts = bootstrap.counts(block["electrolyte_id"])
            for metric, function in METRICS.items():
                value = float(function(true, predicted))
                low, high = percentile_interval(function(true, predicted, counts))
                rows.append(
                    {
                        "protocol": protocol,
                        "model": model,
                        "variant": variant,
                        "label_convention": convention,
                        "role": role,
                        "metric": metric.value,
                        "value": value,
                        "low": low,
                        "high": high,
                        "n": block["electrolyte_id"].nunique(),
                    }
                )
    return metrics.SCORES.frame(rows)


def _mean(values: Array, weights: Array | None) -> Array:
    weights = np.ones(len(values)) if weights is None else weights
    total = weights.sum(axis=-1)
    return weights @ values / np.where(total > 0, total, np.nan)


def _centred_ranks(values: Array, weights: Array) -> Array:
    """Return ranks in each resample, ties at their mean rank, less the mean of all; shape of `weights`."""
    distinct, position = np.unique(values, return_inverse=True)
    if not len(distinct):
        return weights
    order = np.argsort(position, kind="stable")
    first_of_tie = np.searchsorted(position[order], np.arange(len(distinct)))
    tied = np.add.reduceat(weights[..., order], first_of_tie, axis=-1)
    mean_rank = np.cumsum(tied, axis=-1) - (tied - 1) / 2
    middle = (weights.sum(axis=-1, keepdims=True) + 1) / 2
    return (mean_rank - middle)[..., position]
