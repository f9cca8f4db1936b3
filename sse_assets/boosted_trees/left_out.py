"""What the trees predict when some rows do not train: to see what those rows are worth to the others."""

from collections.abc import Callable, Collection

import pandas as pd

from sse_assets.boosted_trees.folds import FOLD_COLUMNS, Fold, predict_folds
from sse_assets.boosted_trees.settings import BoostedTreesSettings


def predictions_without(
    left_out: Collection[str],
    features: pd.DataFrame,
    label: pd.Series,
    assignments: pd.DataFrame,
    settings: BoostedTreesSettings,
    *,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Predict the test rows of every fold by trees that were fitted without some of its training rows.

    Args:
        left_out: electrolyte ids that train in no fold; they are tested as ever.
        features: index electrolyte_id.
        label: log10(σ / (S/cm)), index electrolyte_id.
        assignments: of one protocol; columns fold, electrolyte_id, role.
        settings: of the trees.
        workers: fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).

    Returns:
        Columns `FOLD_COLUMNS`; empty if nothing is left out.
    """
    if not left_out:
        return pd.DataFrame(columns=FOLD_COLUMNS)
    folds = []
    for name, rows in assignments.groupby("fold"):
        role = rows.set_index("electrolyte_id")["role"]
        trains = (role == "train") & ~role.index.isin(list(left_out))
        folds.append(Fold(name, role.index[trains], role.index[role == "test"]))
    return predict_folds(
        folds, features, label, settings, tested=features, workers=workers, progress=progress
    )
