"""How well a measurement is known: by the median of other papers, and by a model that read fewer papers."""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from sse_assets.evaluation.intervals import Bootstrap, percentile_interval
from sse_assets.evaluation.other_papers import main_papers, medians_of_other_papers
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import metrics

Fold = tuple[pd.Index, pd.Index]
"""electrolyte_ids that train, and electrolyte_ids that test."""
Errors = Callable[[pd.Index, pd.Index], pd.Series]
"""From rows that train and rows that test to the absolute errors of the latter, by electrolyte_id."""


SHARES = (0.125, 0.25, 0.5, 1.0)
"""Shares of the papers on a learning curve: each doubles the one before."""
_FEWEST = 20
"""Measurements that were repeated elsewhere, below which their scatter says little."""


@dataclass(frozen=True)
class Scatter:
    """Scatter between laboratories: a measurement against the median of other papers, in log units."""

    mean: float
    median: float
    n: int
    """Measurements."""


def floor(
    labels: pd.DataFrame,
    composition_keys: pd.Series,
    papers: pd.Series,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how far measurements lie from the median of other papers on the same composition.

    No model can be expected to do better on a composition that it has not seen: a measurement repeated
    elsewhere does no better. The 95 % interval resamples whole papers.

    Args:
        labels: one column for each label convention; index electrolyte_id.
        composition_keys: composition by electrolyte_id.
        papers: paper by electrolyte_id, as in `medians_of_other_papers`.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        A frame as `tables.metrics.FLOOR`, empty if no composition was measured in two papers.
    """
    clusters = main_papers(labels.index, papers)
    rows = []
    for convention in labels:
        others = medians_of_other_papers(labels[convention], composition_keys, papers)
        errors = (labels[convention] - others["median"]).abs().dropna()
        if errors.empty:
            continue
        ids = errors.index.to_series()
        counts = Bootstrap.of(ids, clusters, n_bootstrap=n_bootstrap, seed=seed).counts(ids)
        values = errors.to_numpy()
        for statistic, value, resampled in (
            ("mean", errors.mean(), counts @ values / counts.sum(axis=1)),
            ("median", errors.median(), _resampled_medians(values, counts)),
        ):
            low, high = percentile_interval(resampled)
            rows.append(
                {
                    "label_convention": convention,
                    "statistic": statistic,
                    "value": float(value),
                    "low": low,
                    "high": high,
                    "n": len(errors),
                    "n_papers": clusters[errors.index].nunique(),
                }
            )
    return metrics.FLOOR.frame(rows)


def scatter_between_laboratories(table: pd.DataFrame) -> Scatter | None:
    """Return the scatter under `bound`, from a frame as `tables.metrics.FLOOR`; None if few rows tell."""
    rows = rows_with(table, label_convention=LabelConvention.BOUND).set_index("statistic")
    if rows.empty or rows["n"].iloc[0] < _FEWEST:
        return None
    values = rows["value"]
    return Scatter(float(values["mean"]), float(values["median"]), int(rows["n"].iloc[0]))


def learning_curve(
    folds: Iterable[Fold],
    papers: pd.Series,
    errors: Errors,
    *,
    shares: Sequence[float] = SHARES,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the test error of a model that trains on a share of the papers, drawn at random.

    Args:
        folds: rows that train and rows that test; each row is tested at most once.
        papers: paper by electrolyte_id, as in `medians_of_other_papers`.
        errors: fits on the first rows and returns the absolute errors on the second.
        shares: shares of the training papers, each above 0 and at most 1.
        n_bootstrap: number of resamples, of whole papers that test.
        seed: seed of the draws and of the resamples.

    Returns:
        One row for each share: `share`; `n_papers` and `n_train`, papers and rows that train, each the mean
        over the folds; `mae`, `low` and `high` (95 %), in log units; and `n`, the rows tested.
    """
    folds = list(folds)
    every = pd.Index(np.unique(np.concatenate([ids for fold in folds for ids in fold])))
    paper_of = main_papers(every, papers)
    rows = []
    for share in shares:
        draw = np.random.default_rng(seed)
        of_share, n_papers, n_train = [], [], []
        for train, test in folds:
            known = paper_of[train].unique()
            n_drawn = max(1, round(share * len(known)))
            chosen = draw.permutation(known)[:n_drawn]
            trains = train[paper_of[train].isin(chosen)]
            of_share.append(errors(trains, test))
            n_papers.append(n_drawn)
            n_train.append(len(trains))
        tested = pd.concat(of_share)
        ids = tested.index.to_series()
        counts = Bootstrap.of(ids, paper_of, n_bootstrap=n_bootstrap, seed=seed).counts(ids)
        low, high = percentile_interval(counts @ tested.to_numpy() / counts.sum(axis=1))
        rows.append(
            {
                "share": share,
                "n_papers": float(np.mean(n_papers)),
                "n_train": float(np.mean(n_train)),
                "mae": float(tested.mean()),
                "low": low,
                "high": high,
                "n": len(tested),
            }
        )
    return pd.DataFrame(rows)


def gain_of_doubling(curve: pd.DataFrame) -> float:
    """Return how far the error falls where twice as many rows train, in log units.

    It is the slope of the least-squares line of `mae` against log₂ of `n_train`, with its sign changed.

    Args:
        curve: rows of `learning_curve` for one model.
    """
    return -float(np.polyfit(np.log2(curve["n_train"]), curve["mae"], 1)[0])


def _resampled_medians(values: NDArray[np.float64], counts: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return the lower median of each resample; counts have shape (resamples, values)."""
    order = np.argsort(values)
    below = np.cumsum(counts[:, order], axis=1)
    return values[order][(below >= below[:, -1:] / 2).argmax(axis=1)]
