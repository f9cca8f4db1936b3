"""How likely each class of conductivity is, given a prediction and its intervals."""

import math
from collections.abc import Mapping

import numpy as np
from scipy.special import ndtri, stdtr, stdtrit

from sse_assets.materials.conductivity import ConductivityClass

CLASS_LIMITS = (-6.0, -4.0, -3.0)
"""log10(σ / (S/cm)) between the classes of Figure 4(b), from low to superionic."""
_FEWEST, _MOST = 1.0, 1e6
"""Degrees of freedom that are tried; from the most on, a t distribution is a normal one."""
_STEPS = 60


def class_probabilities(
    predicted: np.ndarray, half_50: np.ndarray | None, half_90: np.ndarray
) -> list[Mapping[ConductivityClass, float]]:
    """Return the share of each class under a t distribution that has both intervals of a prediction.

    The ratio of the two half-widths gives its degrees of freedom: 2.44 for a normal distribution, more for
    heavier tails. A ratio below that, or no 50 % interval, gives a normal distribution.

    Args:
        predicted: log10(σ / (S/cm)), shape (n,).
        half_50: half-widths of the 50 % intervals, log units, shape (n,); their ratio to those at 90 % is the
            same for all.
        half_90: half-widths of the 90 % intervals, log units, shape (n,); NaN where unknown.

    Returns:
        Shares by class, which sum to one; empty where there is no interval.
    """
    known = np.isfinite(half_90) & (half_90 > 0)
    if half_50 is None or not (known & np.isfinite(half_50) & (half_50 > 0)).any():
        freedom = _MOST
    else:
        freedom = degrees_of_freedom(float(np.nanmedian(half_90[known] / half_50[known])))
    scale = half_90 / stdtrit(freedom, 0.95)
    below = [stdtr(freedom, (limit - predicted) / scale) for limit in CLASS_LIMITS]
    shares = np.diff(np.column_stack([np.zeros(len(predicted)), *below, np.ones(len(predicted))]), axis=1)
    return [
        dict(zip(ConductivityClass, map(float, row), strict=True)) if is_known else {}
        for row, is_known in zip(shares, known, strict=True)
    ]


def degrees_of_freedom(ratio: float) -> float:
    """Return those of the t distribution whose 90 % interval is `ratio` times its 50 % interval."""
    if not ratio > ndtri(0.95) / ndtri(0.75):
        return _MOST
    low, high = math.log(_FEWEST), math.log(_MOST)
    for _ in range(_STEPS):
        middle = (low + high) / 2
        freedom = math.exp(middle)
        if stdtrit(freedom, 0.95) / stdtrit(freedom, 0.75) > ratio:
            low = middle
        else:
            high = middle
    return math.exp(high)
