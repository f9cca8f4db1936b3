"""SHAP values: the share of each feature in a prediction (paper, section III.C and Figure 7d)."""

from collections.abc import Callable, Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pandas as pd

from sse_assets.boosted_trees.folds import Fold
from sse_assets.boosted_trees.kept_fits import fit_version
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.kept import NOTHING_KEPT, Kept, versions

_CODE_VERSION = "1"
_LIBRARIES = versions("shap", "xgboost", "numpy")
_ROW = "row"
"""Column of kept values that holds the row that they explain, as bytes."""


def shap_values(model: BoostedTreesModel, X: pd.DataFrame, *, workers: int = 1) -> pd.DataFrame:
    """Return the SHAP value of every feature in every row, in log10(σ / (S/cm)).

    The values of one row add up to its prediction minus the model's mean output.

    >>> from sse_assets.boosted_trees.model import BoostedTreesModel
    >>> from sse_assets.boosted_trees.settings import BoostedTreesSettings
    >>> X = pd.DataFrame({"Li": np.linspace(0, 1, 40)}, index=[f"x:{number}" for number in range(40)])
    >>> model = BoostedTreesModel.fit(X, 10 * X["Li"] - 12, BoostedTreesSettings(n_estimators=20))
    >>> values = shap_values(model, X).set_index("electrolyte_id")["shap_value"]
    >>> bool(values["x:0"] < 0 < values["x:39"])
    True

    Args:
        X: features; index electrolyte_id.
        workers: threads.

    Returns:
        Columns `electrolyte_id`, `feature`, `feature_value` (in the feature's own unit, not scaled) and
        `shap_value`, row by row in the order of X.
    """
    scaled = model.scaled(X)
    booster = model.regressor.get_booster().copy()
    booster.set_param({"nthread": workers})
    import shap  # it takes seconds, which only an explanation has to spend

    values = shap.TreeExplainer(booster).shap_values(scaled)
    return _long(X[list(model.feature_names)], np.asarray(values, dtype=float))


def kept_shap_values(
    version: str,
    model: Callable[[], BoostedTreesModel],
    X: pd.DataFrame,
    *,
    kept: Kept,
    workers: int = 1,
) -> pd.DataFrame:
    """Return the SHAP values of a model, of which only those of new rows are computed.

    A row is explained by itself: its values do not depend on the others, and equal rows have the same.

    Args:
        version: version of the fit, as `kept_fits.fit_version` gives it.
        model: returns the model; it is asked only where a row is new.
        X: features; index electrolyte_id.
        kept: values there are already; it takes the new ones.
        workers: threads.

    Returns:
        As `shap_values`.
    """
    question = ["SHAP", _CODE_VERSION, _LIBRARIES, version]
    known = kept.get(question)
    rows = X.to_numpy(dtype=float)
    keys = pd.Index([row.tobytes() for row in rows])
    explained = pd.DataFrame(columns=list(X.columns), dtype=float) if known is None else known.set_index(_ROW)
    is_new = ~(keys.isin(explained.index) | keys.duplicated())
    if is_new.any():
        computed = shap_values(model(), X[is_new], workers=workers)["shap_value"]
        new = pd.DataFrame(computed.to_numpy().reshape(-1, rows.shape[1]), keys[is_new], list(X.columns))
        explained = pd.concat([explained[explained.index.isin(keys)], new])
        kept.keep(question, explained.rename_axis(_ROW).reset_index())
    return _long(X, explained.loc[keys].to_numpy())


def out_of_fold_shap_values(
    folds: Sequence[Fold],
    features: pd.DataFrame,
    label: pd.Series,
    settings: BoostedTreesSettings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
) -> pd.DataFrame:
    """Return the SHAP values of the test rows of each fold, by trees fitted on its training rows.

    Args:
        folds: folds with their rows in any order; rows are sorted by id before a fit.
        features: index electrolyte_id.
        label: log10(σ / (S/cm)), index electrolyte_id.
        settings: settings of the trees.
        workers: number of folds that are explained at a time, each on one thread.
        progress: called with (folds done, folds in all).
        kept: values of earlier fits; it takes the new ones.

    Returns:
        Columns as those of `shap_values`, fold by fold.
    """

    def explain(fold: Fold) -> pd.DataFrame:
        train, test = fold.train.sort_values(), features.loc[fold.test.sort_values()]
        X, y = features.loc[train], label.loc[train]
        return kept_shap_values(
            fit_version(X, y, settings), lambda: BoostedTreesModel.fit(X, y, settings), test, kept=kept
        )

    explained: list[pd.DataFrame] = []
    with ThreadPoolExecutor(workers) as pool:  # threads: XGBoost releases the interpreter lock
        for one in pool.map(explain, folds):
            explained.append(one)
            progress(len(explained), len(folds))
    return pd.concat(explained, ignore_index=True)


def _long(X: pd.DataFrame, values: np.ndarray) -> pd.DataFrame:
    """Return SHAP values, shape of X, as a row for each value."""
    return pd.DataFrame(
        {
            "electrolyte_id": np.repeat(X.index.to_numpy(), X.shape[1]),
            "feature": np.tile(X.columns.to_numpy(), len(X)),
            "feature_value": X.to_numpy(dtype=float).ravel(),
            "shap_value": values.ravel(),
        }
    )


def shap_ranking(values: pd.DataFrame) -> pd.DataFrame:
    """Rank features by the mean absolute SHAP value over all rows, the most influential first.

    Args:
        values: the frame that `shap_values` returns.

    Returns:
        Columns `feature`, `mean_abs_shap` and `rank` from 1.
    """
    strength = values["shap_value"].abs().groupby(values["feature"], sort=False).mean()
    ranking = strength.sort_values(ascending=False, kind="stable").rename("mean_abs_shap").reset_index()
    return ranking.assign(rank=range(1, len(ranking) + 1))


def shap_ranking_of_kinds(values: pd.DataFrame, kinds: Mapping[str, str]) -> pd.DataFrame:
    """Rank kinds of features by the mean over all rows of the absolute sum of their SHAP values.

    SHAP values add up: those of one kind, summed, say how far all its features together move a prediction.

    Args:
        values: the frame that `shap_values` returns.
        kinds: kind of each feature.

    Returns:
        Columns as those of `shap_ranking`; `feature` is the kind.

    Raises:
        KeyError: if a feature has no kind.
    """
    of_kind = values["feature"].map({name: kinds[name] for name in values["feature"].unique()})
    summed = values.groupby(["electrolyte_id", of_kind], sort=False)["shap_value"].sum()
    return shap_ranking(summed.reset_index())
