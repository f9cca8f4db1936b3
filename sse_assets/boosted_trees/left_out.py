"""What the trees predict when some rows do not train: to see what those rows are worth to the others."""

from collections.abc import Callable, Collection
from concurrent.futures import ThreadPoolExecutor

import pandas as pd

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings

LEFT_OUT_COLUMNS = ["fold", "electrolyte_id", "predicted"]


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
        Columns `LEFT_OUT_COLUMNS`; empty if nothing is left out.
    """
    if not left_out:
        return pd.DataFrame(columns=LEFT_OUT_COLUMNS)

    def predict(fold: object, rows: pd.DataFrame) -> pd.DataFrame:
        role = rows.set_index("electrolyte_id")["role"].sort_index()
        train = role.index[(role == "train") & ~role.index.isin(list(left_out))]
        test = role.index[role == "test"]
        model = BoostedTreesModel.fit(features.loc[train], label.loc[train], settings)
        predicted = model.predict(features.loc[test])
        return pd.DataFrame({"fold": fold, "electrolyte_id": test, "predicted": predicted})

    folds = list(assignments.groupby("fold"))
    predicted = []
    with ThreadPoolExecutor(workers) as pool:  # threads: XGBoost releases the interpreter lock
        for one in pool.map(lambda fold: predict(*fold), folds):
            predicted.append(one)
            progress(len(predicted), len(folds))
    return pd.concat(predicted, ignore_index=True)[LEFT_OUT_COLUMNS]
