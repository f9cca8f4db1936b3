"""The contribution of prototypes to a model: its errors with their cells and without, row by row."""

from collections.abc import Iterable
from dataclasses import dataclass
from math import nan

import pandas as pd

from sse_assets.evaluation.generated_contribution import FEWEST_GROUPS
from sse_assets.evaluation.intervals import Bootstrap, Clusters
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import metrics
from sse_assets.tables.names import CellOrigin, ModelName, Protocol

ALL = "all rows that are tested"
KNOWN = "rows with a crystal or a cell of their own"
PLACED = "rows with the cell of a prototype"


@dataclass(frozen=True)
class Compared:
    """The test predictions of one model, log10(σ / (S/cm)); index electrolyte_id."""

    protocol: Protocol
    model: ModelName
    label_convention: LabelConvention
    with_prototypes: pd.Series
    without: pd.Series
    """Predictions of the same rows by the model that trained on the same rows, without those cells."""


def contributions(
    compared: Iterable[Compared],
    labels: pd.DataFrame,
    cell_origin: pd.Series,
    clusters: Clusters,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the MAE with and without the cells of prototypes; a negative difference means that they help.

    Args:
        compared: predictions of each model under each protocol and label convention.
        labels: one column for each label convention; index electrolyte_id.
        cell_origin: `CellOrigin` by electrolyte_id.
        clusters: groups of electrolytes that are resampled whole, by protocol.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        A frame as `tables.metrics.PROTOTYPE_CONTRIBUTION`. A part without rows is left out, and one with all
        of them. The 95 % interval is NaN where the rows are of fewer than `FEWEST_GROUPS` groups.
    """
    rows = []
    for one in compared:
        truth = labels[one.label_convention].loc[one.with_prototypes.index]
        errors = (one.with_prototypes - truth).abs()
        errors_without = (one.without.loc[truth.index] - truth).abs()
        origin = cell_origin.loc[truth.index]
        parts = {
            ALL: origin.notna(),
            KNOWN: ~origin.isin([CellOrigin.PROTOTYPE, CellOrigin.COMPOSITION]),
            PLACED: origin == CellOrigin.PROTOTYPE,
        }
        groups = clusters[one.protocol]
        bootstrap = Bootstrap.of(pd.Series(truth.index), groups, n_bootstrap=n_bootstrap, seed=seed)
        for part, chosen in parts.items():
            ids = truth.index[chosen]
            if ids.empty or (part != ALL and len(ids) == len(truth)):
                continue
            difference = errors.loc[ids] - errors_without.loc[ids]
            enough = groups.loc[ids].nunique() >= FEWEST_GROUPS
            low, high = bootstrap.mean_interval(ids, difference) if enough else (nan, nan)
            rows.append(
                {
                    "protocol": one.protocol,
                    "model": one.model,
                    "label_convention": one.label_convention,
                    "part": part,
                    "mae": errors.loc[ids].mean(),
                    "mae_without": errors_without.loc[ids].mean(),
                    "difference": difference.mean(),
                    "low": low,
                    "high": high,
                    "n": len(ids),
                }
            )
    return metrics.PROTOTYPE_CONTRIBUTION.frame(rows)
