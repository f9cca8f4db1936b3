"""The contribution of generated structures: to the rows that they describe, and to all others."""

from math import nan

import pandas as pd

from sse_assets.evaluation.intervals import Bootstrap
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import metrics
from sse_assets.tables.names import FeatureSet, ModelName, Protocol, Role, StructureOrigin

FEWEST_GROUPS = 5
"""Least number of groups; with fewer, resampling does not tell how far other groups would scatter."""

CELL = "the generated cell, for the row it belongs to"
"""Rows with a generated structure: trees on all features against trees on the composition alone."""
TRAINING = "generated rows in training, for all other rows"
"""The other rows: trees on all features, against the same fitted without the rows of generated structures."""
TRAINING_GENERATED = "generated rows in training, for one another"
"""Rows with a generated structure: the same comparison."""


def contributions(
    predictions: pd.DataFrame,
    without_generated: pd.DataFrame,
    electrolytes: pd.DataFrame,
    groups: pd.Series,
    *,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return the test MAE with and without generated structures, paired row by row.

    Protocol `grouped`, so that no test row shares a paper or a composition with training; convention `bound`.
    A negative difference means that it helps.

    Args:
        predictions: a frame as `tables.metrics.PREDICTIONS`.
        without_generated: columns fold, electrolyte_id, predicted: the predictions of trees on all features
            that did not train on rows with a generated structure. Empty if there are none.
        electrolytes: columns electrolyte_id and structure_origin.
        groups: group of each electrolyte_id; a group is resampled whole.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        A frame as `tables.metrics.GENERATED_CONTRIBUTION`, empty without generated structures. The interval
        is NaN below `FEWEST_GROUPS`.
    """
    is_generated = electrolytes["structure_origin"] == StructureOrigin.GENERATED
    generated = set(electrolytes.loc[is_generated, "electrolyte_id"])
    if not generated:
        return metrics.GENERATED_CONTRIBUTION.frame()
    rows = rows_with(
        predictions,
        protocol=Protocol.GROUPED,
        role=Role.TEST,
        label_convention=LabelConvention.BOUND,
        model=ModelName.BOOSTED_TREES,
    )
    truth = rows.groupby("electrolyte_id")["log10_sigma"].first()

    def errors(predicted: pd.DataFrame) -> pd.Series:
        values = predicted.set_index("electrolyte_id")["predicted"]
        return (values - truth.loc[values.index]).abs()

    full = errors(rows_with(rows, variant=FeatureSet.ALL))
    composition = errors(rows_with(rows, variant=FeatureSet.STOICHIOMETRIC))
    without = errors(without_generated)
    theirs = full.index.isin(list(generated))
    questions = {
        CELL: (full[theirs], composition),
        TRAINING: (full[~theirs], without),
        TRAINING_GENERATED: (full[theirs], without),
    }
    table = []
    for question, (ours, other) in questions.items():
        other = other.loc[ours.index]
        difference = ours - other
        bootstrap = Bootstrap.of(pd.Series(ours.index), groups, n_bootstrap=n_bootstrap, seed=seed)
        low, high = bootstrap.mean_interval(ours.index, difference)
        if groups.loc[ours.index].nunique() < FEWEST_GROUPS:
            low, high = nan, nan
        table.append(
            {
                "question": question,
                "mae": ours.mean(),
                "mae_of_other": other.mean(),
                "difference": difference.mean(),
                "low": low,
                "high": high,
                "n": len(ours),
            }
        )
    return metrics.GENERATED_CONTRIBUTION.frame(table)
