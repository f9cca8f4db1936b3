"""What each part of a model is worth, by the errors that it makes with each subset of its parts."""

from collections.abc import Mapping
from itertools import combinations
from math import comb

import pandas as pd

from sse_assets.evaluation.intervals import Bootstrap

Coalition = frozenset[str]


def shapley_values(errors: Mapping[Coalition, pd.Series]) -> pd.DataFrame:
    """Return how far each part lowers the error of each row, averaged over the orders of adding parts.

    This is the Shapley value (Shapley, Contributions to the Theory of Games II, 307, 1953) of the game whose
    payoff is the error without any part minus the error with some parts. The values of a row add up to what
    all parts together gain there.

    Args:
        errors: absolute errors by the parts that the model has, one entry for every subset of the parts.

    Returns:
        One column for each part; index as that of the errors.

    Raises:
        KeyError: if a subset is missing.
    """
    parts = sorted(frozenset[str]().union(*errors))
    values = {}
    for part in parts:
        others = [name for name in parts if name != part]
        values[part] = sum(
            (errors[frozenset(subset)] - errors[frozenset({*subset, part})])
            / (len(parts) * comb(len(others), size))
            for size in range(len(parts))
            for subset in combinations(others, size)
        )
    return pd.DataFrame(values)


def factor_gains(
    errors: Mapping[Coalition, pd.Series], clusters: pd.Series, *, n_bootstrap: int = 1000, seed: int = 0
) -> pd.DataFrame:
    """Return the gain of each factor in MAE, and the MAE with it alone and without it.

    Args:
        errors: absolute errors by the factors that the process has, one entry for every subset of them.
        clusters: paper by electrolyte_id; the 95 % interval resamples whole papers.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        The columns of `tables.metrics.PROCESS_FACTORS` but `label_convention`, the largest gain first.
    """
    gains = shapley_values(errors)
    every = frozenset(gains.columns)
    mae = {factors: float(of_rows.mean()) for factors, of_rows in errors.items()}
    bootstrap = Bootstrap.of(gains.index.to_series(), clusters, n_bootstrap=n_bootstrap, seed=seed)
    total = mae[frozenset()] - mae[every]
    rows = []
    for factor in map(str, gains):
        low, high = bootstrap.mean_interval(gains.index, gains[factor])
        gain = float(gains[factor].mean())
        rows.append(
            {
                "factor": factor,
                "gain": gain,
                "low": low,
                "high": high,
                "share": gain / total if total > 0 else None,
                "mae": mae[every],
                "mae_without": mae[every - {factor}],
                "mae_alone": mae[frozenset({factor})],
                "mae_of_none": mae[frozenset()],
                "n": len(gains),
            }
        )
    return pd.DataFrame(rows).sort_values("gain", ascending=False, ignore_index=True)
