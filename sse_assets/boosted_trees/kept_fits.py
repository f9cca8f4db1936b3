"""Fits of boosted trees that are made once, whichever step asks for what they predict."""

from collections.abc import Sequence

import numpy as np
import pandas as pd

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.kept import NOTHING_KEPT, Kept, content_key, versions

_CODE_VERSION = "1"
"""Version of `BoostedTreesModel.fit` and `predict`."""
_LIBRARIES = versions("xgboost", "scikit-learn", "numpy")
_PREDICTED = "predicted"


def fit_version(X: pd.DataFrame, y: pd.Series, settings: BoostedTreesSettings) -> str:
    """Return the hash of all that makes a fit what it is; arguments as those of `BoostedTreesModel.fit`.

    The order of the rows counts, since each tree sees a sample of them; their ids do not.
    """
    return content_key(
        [
            "boosted trees",
            _CODE_VERSION,
            _LIBRARIES,
            settings,
            list(X.columns),
            _numbers(X),
            y.to_numpy(float),
        ]
    )


def fit_and_predict(
    X: pd.DataFrame,
    y: pd.Series,
    asked: Sequence[pd.DataFrame],
    settings: BoostedTreesSettings,
    *,
    kept: Kept = NOTHING_KEPT,
) -> list[np.ndarray]:
    """Return what a fit predicts of some rows; it is not made if all of these answers are kept.

    A column that is constant in the rows that train, such as an element that none of them holds, divides
    nothing. It is left out, so that an element that a new row brings does not make this another fit.

    Args:
        X: features of the rows that train, all numeric.
        y: log10(σ / (S/cm)), in the order of X.
        asked: frames of rows to predict, with the columns of X.
        settings: settings of the trees.
        kept: answers there are already; it takes the new ones.

    Returns:
        log10(σ / (S/cm)) of each row, one array a frame.
    """
    first = X.iloc[0]
    varying = X.columns[((first != X) & ~(X.isna() & first.isna())).any()]
    columns = varying if len(varying) else X.columns
    X = X[columns]
    version = fit_version(X, y, settings)
    questions = [[version, _numbers(rows[columns])] for rows in asked]
    answers = [kept.get(question) for question in questions]
    if any(answer is None for answer in answers):
        model = BoostedTreesModel.fit(X, y, settings)
        for place, rows in enumerate(asked):
            if answers[place] is None:
                answer = pd.DataFrame({_PREDICTED: model.predict(rows)})
                kept.keep(questions[place], answer)
                answers[place] = answer
    return [answer[_PREDICTED].to_numpy() for answer in answers if answer is not None]


def _numbers(X: pd.DataFrame) -> np.ndarray:
    return X.to_numpy(dtype=float)
