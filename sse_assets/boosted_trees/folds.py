"""Fits on the training rows of several folds, each asked for its test rows alone."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import pandas as pd

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings

FOLD_COLUMNS = ["fold", "electrolyte_id", "predicted"]


@dataclass(frozen=True)
class Fold:
    """One fold: who trains and who is tested."""

    name: object
    train: pd.Index
    test: pd.Index


def predict_folds(
    folds: Sequence[Fold],
    features: pd.DataFrame,
    label: pd.Series,
    settings: BoostedTreesSettings,
    *,
    tested: pd.DataFrame,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Predict the test rows of each fold by trees fitted on its training rows.

    Args:
        folds: the rows of each are fitted sorted by id, whatever their order here.
        features: of the rows that train; index electrolyte_id.
        label: log10(σ / (S/cm)) of the rows that train; index electrolyte_id.
        settings: of the trees.
        tested: features of the rows that are tested; index electrolyte_id.
        workers: fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).

    Returns:
        Columns `FOLD_COLUMNS`.
    """

    def predict(fold: Fold) -> pd.DataFrame:
        train, test = fold.train.sort_values(), fold.test.sort_values()
        model = BoostedTreesModel.fit(features.loc[train], label.loc[train], settings)
        predicted = model.predict(tested.loc[test])
        return pd.DataFrame({"fold": fold.name, "electrolyte_id": test, "predicted": predicted})

    if not folds:
        return pd.DataFrame(columns=FOLD_COLUMNS).astype({"predicted": float})
    predicted = []
    with ThreadPoolExecutor(workers) as pool:  # threads: XGBoost releases the interpreter lock
        for one in pool.map(predict, folds):
            predicted.append(one)
            progress(len(predicted), len(folds))
    return pd.concat(predicted, ignore_index=True)[FOLD_COLUMNS]
