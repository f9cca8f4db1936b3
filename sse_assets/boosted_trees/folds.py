"""Models fitted on the training rows of several folds; each predicts the test rows of its own fold."""

from collections.abc import Callable, Collection, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd

from sse_assets.boosted_trees.kept_fits import fit_and_predict
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.kept import NOTHING_KEPT, Kept
from sse_assets.tables import models
from sse_assets.tables.names import Role


@dataclass(frozen=True)
class Fold:
    """Rows that train and rows that are tested in one fold."""

    name: object
    train: pd.Index
    test: pd.Index


def folds_of(assignments: pd.DataFrame, without: Collection[str] = ()) -> list[Fold]:
    """Return the folds of one protocol.

    Args:
        assignments: columns fold, electrolyte_id, role.
        without: electrolyte ids that train in no fold; they are still tested.
    """
    folds = []
    for name, rows in assignments.groupby("fold"):
        role = rows.set_index("electrolyte_id")["role"]
        trains = (role == Role.TRAIN) & ~role.index.isin(list(without))
        folds.append(Fold(name, role.index[trains], role.index[role == Role.TEST]))
    return folds


def predict_folds(
    folds: Sequence[Fold],
    features: pd.DataFrame,
    label: pd.Series,
    settings: BoostedTreesSettings,
    *,
    tested: pd.DataFrame,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
) -> pd.DataFrame:
    """Predict the test rows of each fold by trees fitted on its training rows.

    Args:
        folds: folds with their rows in any order; rows are sorted by id before a fit.
        features: features of the rows that train; index electrolyte_id.
        label: log10(σ / (S/cm)) of the rows that train; index electrolyte_id.
        settings: settings of the trees.
        tested: features of the rows that are tested; index electrolyte_id.
        workers: number of fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).
        kept: answers of earlier fits; it takes the new ones.

    Returns:
        Columns of `models.BOOSTED_TREES_WITHOUT_GENERATED`; no rows if there are no folds.
    """

    def predict(fold: Fold) -> pd.DataFrame:
        train, test = fold.train.sort_values(), fold.test.sort_values()
        (predicted,) = fit_and_predict(
            features.loc[train], label.loc[train], [tested.loc[test]], settings, kept=kept
        )
        return pd.DataFrame({"fold": fold.name, "electrolyte_id": test, "predicted": predicted})

    predicted: list[pd.DataFrame] = []
    with ThreadPoolExecutor(workers) as pool:  # threads: XGBoost releases the interpreter lock
        for one in pool.map(predict, folds):
            predicted.append(one)
            progress(len(predicted), len(folds))
    return models.BOOSTED_TREES_WITHOUT_GENERATED.frame(pd.concat(predicted) if predicted else ())
