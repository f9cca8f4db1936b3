"""Predictions of trees fitted without some rows; they show what those rows are worth to the others."""

from collections.abc import Callable, Collection

import pandas as pd

from sse_assets.boosted_trees.folds import folds_of, predict_folds
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.kept import NOTHING_KEPT, Kept


def predictions_without(
    left_out: Collection[str],
    features: pd.DataFrame,
    label: pd.Series,
    assignments: pd.DataFrame,
    settings: BoostedTreesSettings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
) -> pd.DataFrame:
    """Predict the test rows of every fold by trees that were fitted without some of its training rows.

    Args:
        left_out: electrolyte ids that train in no fold; they are still tested.
        features: index electrolyte_id.
        label: log10(σ / (S/cm)), index electrolyte_id.
        assignments: assignments of one protocol; columns fold, electrolyte_id, role.
        settings: settings of the trees.
        workers: number of fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).
        kept: answers of earlier fits; it takes the new ones.

    Returns:
        Columns of `models.BOOSTED_TREES_WITHOUT_GENERATED`; no rows if nothing is left out.
    """
    folds = folds_of(assignments, without=left_out) if left_out else []
    return predict_folds(
        folds, features, label, settings, tested=features, workers=workers, progress=progress, kept=kept
    )
