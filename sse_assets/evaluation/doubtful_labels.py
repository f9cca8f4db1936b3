"""Labels that other papers contradict, or a model that learned from other papers: for a person to see."""

import re

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from sse_assets.evaluation.other_papers import main_papers, medians_of_other_papers
from sse_assets.tables import metrics

_NINETY_PERCENT_HALF_WIDTH = 1.645
"""Half of the 90 % interval of a normal distribution, in standard deviations."""
_OF_MEDIAN = 1.4826
"""Standard deviation of a normal distribution about 0, by its median absolute value."""
_PART = re.compile(r"([A-Z][a-z]?)([\d.]+)")


def doubtful_labels(
    electrolytes: pd.DataFrame, papers: pd.Series, predictions: pd.DataFrame | None = None
) -> pd.DataFrame:
    """Return what is known against each label, the most contradicted first. Nothing is dropped because of it.

    A large `difference` says that other papers disagree. A large `paper_difference` says that they disagree
    with the whole paper. A large `residual` alone is weak evidence: the material may be an exception.

    The rows are sorted by `doubt`, the larger of the two in standard deviations. That of a residual comes
    from the interval of the prediction. That of a difference, and of a residual without an interval, comes
    from the median absolute value of all rows, which outliers do not move.

    Args:
        electrolytes: columns electrolyte_id, formula, composition_key, family, doi, log10_sigma and censored.
        papers: paper by electrolyte_id, as in `medians_of_other_papers`.
        predictions: columns predicted, low and high of a model that saw neither the paper nor the composition
            of the row; index electrolyte_id, each once.

    Returns:
        A frame as `tables.metrics.DOUBTFUL_LABELS`, of the rows that have a `difference` or a `residual`.
    """
    rows = electrolytes.set_index("electrolyte_id", drop=False).rename_axis(index=None)
    label, paper = rows["log10_sigma"], main_papers(rows.index, papers)
    others = medians_of_other_papers(label, rows["composition_key"], papers)
    difference = label - others["median"]
    if predictions is None:
        predictions = pd.DataFrame(columns=["predicted", "low", "high"], dtype=float)
    predictions = predictions.reindex(rows.index)
    residual = label - predictions["predicted"]
    std = (predictions["high"] - predictions["low"]) / (2 * _NINETY_PERCENT_HALF_WIDTH)
    standardised = residual / std.where(std > 0).fillna(_spread(residual))
    table = rows.assign(
        n_others=others["n"],
        others_median=others["median"],
        difference=difference,
        paper_difference=difference.groupby(paper).transform("median"),
        n_paper=difference.groupby(paper).transform("count"),
        **_nearest_compositions(rows, paper),
        predicted=predictions["predicted"],
        residual=residual,
        standardised_residual=standardised,
        doubt=pd.concat([(difference / _spread(difference)).abs(), standardised.abs()], axis=1).max(axis=1),
    )
    found = table.dropna(subset="doubt").sort_values(["doubt", "electrolyte_id"], ascending=[False, True])
    return metrics.DOUBTFUL_LABELS.frame(found)


def _spread(values: pd.Series) -> float:
    """Return the standard deviation of a normal distribution of this median absolute value; NaN if 0."""
    spread = _OF_MEDIAN * float(values.abs().median())
    return spread if spread > 0 else np.nan


def _nearest_compositions(rows: pd.DataFrame, paper: pd.Series) -> dict[str, pd.Series]:
    """Return formula, L1 distance and median label of the nearest other composition of another paper."""
    keys = rows["composition_key"]
    fractions = pd.DataFrame(
        [{symbol: float(amount) for symbol, amount in _PART.findall(key)} for key in keys], index=rows.index
    ).fillna(0.0)
    distances = cdist(fractions, fractions, "cityblock")
    excluded = (paper.to_numpy()[:, None] == paper.to_numpy()) | (keys.to_numpy()[:, None] == keys.to_numpy())
    distances[excluded] = np.inf
    nearest = distances.min(axis=1, initial=np.inf)
    found = {}
    for row, least, distance in zip(rows.index, nearest, distances, strict=True):
        if np.isfinite(least):
            # Of compositions that are equally near, the first in the table.
            key = keys.iloc[int(distance.argmin())]
            there = rows[(keys == key) & (paper != paper[row])]
            found[row] = {
                "nearest_formula": there["formula"].iloc[0],
                "nearest_distance": least,
                "nearest_median": there["log10_sigma"].median(),
            }
    columns = ["nearest_formula", "nearest_distance", "nearest_median"]
    table = pd.DataFrame.from_dict(found, orient="index", columns=columns).reindex(rows.index)
    return {str(name): table[name] for name in columns}
