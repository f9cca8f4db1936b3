"""Diversity selection: the rows that lie farthest apart train, the others test (paper, section II.C).

The paper names the method and gives no formula. Max-min (farthest-point, as in Kennard and Stone,
Technometrics 11, 137, 1969) selection in z-scored feature space fits its split: outliers train, and every
test row has a near neighbour in the training set. A score on such a test set flatters the model.
"""

import numpy as np
from scipy.spatial.distance import cdist
from sklearn.preprocessing import StandardScaler


def max_min_selection(features: np.ndarray, n_select: int, first: int | None = None) -> np.ndarray:
    """Select rows one by one, each the farthest from all that were selected before it.

    Distances are Euclidean between z-scored rows. An unknown value counts as its column's mean, and a
    column that is constant, or has no value, counts as nothing. The first of equally distant rows wins, so
    the result is deterministic.

    Args:
        features: shape (n, d), NaN where unknown.
        n_select: number of rows to select, from 1 to n.
        first: row to start from; by default the row farthest from the centroid.

    Returns:
        Row numbers in the order of selection, shape (n_select,).

    Raises:
        ValueError: if `n_select` is not between 1 and n.
    """
    n_rows = len(features)
    if not 1 <= n_select <= n_rows:
        raise ValueError(f"cannot select {n_select} of {n_rows} rows")
    scaled = _scaled(features)
    if first is None:
        first = int(np.argmax(np.sum(scaled**2, axis=1)))  # the centroid of z-scores is the origin
    selected = [first]
    to_selected = np.sum((scaled - scaled[first]) ** 2, axis=1)
    while len(selected) < n_select:
        to_selected[selected[-1]] = -1.0  # below the distance of any row that is left, duplicates included
        farthest = int(np.argmax(to_selected))
        selected.append(farthest)
        to_selected = np.minimum(to_selected, np.sum((scaled - scaled[farthest]) ** 2, axis=1))
    return np.array(selected)


def max_min_distances(features: np.ndarray, is_train: np.ndarray) -> tuple[float, float]:
    """Return the two distances that tell a max-min selection from another one.

    Greedy selection always takes the row farthest from those it has, so no row that is left can lie farther
    from the selected ones than the two closest of these lie from each other.

    Args:
        features: shape (n, d), NaN where unknown.
        is_train: boolean of shape (n,), true for a selected row.

    Returns:
        The least distance between two selected rows, and the largest from a row left over to its nearest
        selected one, both in z-scores.
    """
    scaled = _scaled(features)
    train, rest = scaled[is_train], scaled[~is_train]
    among = cdist(train, train)
    np.fill_diagonal(among, np.inf)
    return float(among.min()), float(cdist(rest, train).min(axis=1).max())


def _scaled(features: np.ndarray) -> np.ndarray:
    """Return z-scores: an unknown value is at its column's mean, a column without any value is left out."""
    known = features[:, ~np.isnan(features).all(axis=0)]
    return np.nan_to_num(StandardScaler().fit_transform(known), nan=0.0)
