"""Bayesian search for hyperparameters: scikit-optimize on the cross-validated MSE (paper, section II.C)."""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from skopt import gp_minimize
from skopt.space import Integer, Real

from sse_assets.boosted_trees.cross_validation import cv_folds
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings

if TYPE_CHECKING:
    from scipy.optimize import OptimizeResult

SEARCH_SPACE = (
    Integer(50, 500, name="n_estimators"),
    Real(0.1, 100.0, prior="log-uniform", name="reg_lambda"),
    Real(0.01, 10.0, prior="log-uniform", name="reg_alpha"),
    Integer(2, 12, name="max_depth"),
    Integer(1, 10, name="num_parallel_tree"),
    Integer(1, 10, name="min_child_weight"),
    Real(0.4, 1.0, name="subsample"),
    Real(0.01, 0.3, prior="log-uniform", name="learning_rate"),
    Real(1e-3, 1.0, prior="log-uniform", name="gamma"),
)
"""Ranges of the search; the paper gives only its optimum (Table 1), which lies well inside them."""
RANDOM_STEPS = 10
"""Settings drawn at random before the Gaussian process starts to choose."""


@dataclass(frozen=True)
class TuningResult:
    """The best settings found, and every step of the search."""

    settings: BoostedTreesSettings
    history: pd.DataFrame
    """One row per step: `step` from 1, `cv_mse`, and a column for each parameter tried."""


def tune(
    X: pd.DataFrame,
    y: pd.Series,
    *,
    n_calls: int,
    cv_groups: pd.Series | None = None,
    seed: int = 0,
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> TuningResult:
    """Search for the settings with the least MSE in 6-fold cross-validation on the training rows.

    The first step tries Table 1, so the result is at least as good as Table 1 on these folds. Every step
    sees the same folds.

    >>> X = pd.DataFrame({"Li": np.linspace(0, 1, 30)}, index=[f"x:{number}" for number in range(30)])
    >>> found = tune(X, 10 * X["Li"] - 12, n_calls=2)
    >>> found.history["step"].tolist()
    [1, 2]

    Args:
        X: features of the training rows; index electrolyte_id.
        y: log10(σ / (S/cm)) in the order of X.
        n_calls: steps, at least 2; each costs 6 fits.
        cv_groups: group of each electrolyte_id, held out as a whole; None holds out rows at random.
        seed: seed of the search, the folds and the trees.
        workers: number of fits that run at a time, each on one thread.
        progress: called with (steps done, steps in all).
    """
    if n_calls < 2:
        raise ValueError(f"a search needs at least 2 steps, not {n_calls}")
    folds = cv_folds(X.index, cv_groups, seed)
    names = [dimension.name for dimension in SEARCH_SPACE]
    table_1 = BoostedTreesSettings(seed=seed)

    def with_values(values: list[float]) -> BoostedTreesSettings:
        # scikit-optimize hands out numpy scalars; the settings are plain numbers, ready for JSON.
        return replace(table_1, **{name: np.asarray(v).item() for name, v in zip(names, values, strict=True)})

    def cv_mse(values: list[float]) -> float:
        settings = with_values(values)

        def squared_errors(fold: tuple[pd.Index, pd.Index]) -> np.ndarray:
            fitted, held_out = fold
            model = BoostedTreesModel.fit(X.loc[fitted], y.loc[fitted], settings)
            return (y.loc[held_out].to_numpy() - model.predict(X.loc[held_out])) ** 2

        with ThreadPoolExecutor(workers) as pool:
            return float(np.concatenate(list(pool.map(squared_errors, folds))).mean())

    def report(so_far: "OptimizeResult") -> None:
        progress(len(so_far.func_vals), n_calls)

    found = gp_minimize(
        cv_mse,
        SEARCH_SPACE,
        n_calls=n_calls,
        x0=[getattr(table_1, name) for name in names],
        n_initial_points=min(RANDOM_STEPS, n_calls - 1),
        random_state=seed,
        callback=report,
    )
    history = pd.DataFrame(found.x_iters, columns=names)
    history.insert(0, "cv_mse", found.func_vals)
    history.insert(0, "step", range(1, n_calls + 1))
    return TuningResult(settings=with_values(found.x), history=history)
