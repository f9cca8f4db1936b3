"""Cross-validation inside a training set, and the prediction interval that follows from it."""

import math

import numpy as np
import pandas as pd
from sklearn.metrics import mean_absolute_error, r2_score, root_mean_squared_error
from sklearn.model_selection import GroupKFold, KFold

CV_FOLDS = 6
"""Folds of the cross-validation inside a training set (paper, section II.C)."""
INTERVAL_COVERAGE = 0.9
"""Share of new measurements that a prediction interval should hold."""


def cv_folds(rows: pd.Index, groups: pd.Series | None, seed: int) -> list[tuple[pd.Index, pd.Index]]:
    """Split rows into `CV_FOLDS` pairs of rows to fit on and rows held out.

    Args:
        rows: the ids of the training rows.
        groups: group of each id; a group is held out as a whole. None holds out rows at random.
        seed: seed of the random folds; grouped folds are balanced in size and draw nothing.

    Raises:
        ValueError: if there are fewer rows, or fewer groups, than folds.
    """
    n_units = len(rows) if groups is None else groups.loc[rows].nunique()
    if n_units < CV_FOLDS:
        units = "rows" if groups is None else "groups"
        raise ValueError(f"{CV_FOLDS}-fold cross-validation needs {CV_FOLDS} {units}; there are {n_units}")
    if groups is None:
        folds = KFold(CV_FOLDS, shuffle=True, random_state=seed).split(rows)
    else:
        folds = GroupKFold(CV_FOLDS).split(rows, groups=groups.loc[rows])
    return [(rows[fitted], rows[held_out]) for fitted, held_out in folds]


def cv_metrics(true: pd.Series, predicted: pd.Series) -> dict[str, float]:
    """Return MAE, RMSE and R² of out-of-fold predictions, as `cv_mae`, `cv_rmse` and `cv_r2`."""
    return {
        "cv_mae": float(mean_absolute_error(true, predicted)),
        "cv_rmse": float(root_mean_squared_error(true, predicted)),
        "cv_r2": float(r2_score(true, predicted)),
    }


def interval_half_width(residuals: np.ndarray) -> float | None:
    """Return half the width of the 90 % conformal interval, from out-of-fold residuals.

    The k-th smallest absolute residual with k = ceil(0.9 (n + 1)): were the residuals of held-out rows
    exchangeable with those of new rows, an interval of that half-width would hold a new measurement with
    90 % probability (Lei et al., J. Am. Stat. Assoc. 113, 1094, 2018). Here the residuals come from
    models fitted on five sixths of the rows, each a little worse than the final one, so the interval errs
    on the wide side.

    Args:
        residuals: true minus predicted, shape (n,).

    Returns:
        None if there are too few residuals (n < 9) for any finite interval.
    """
    rank = math.ceil(INTERVAL_COVERAGE * (len(residuals) + 1))
    if rank > len(residuals):
        return None
    return float(np.sort(np.abs(residuals))[rank - 1])
