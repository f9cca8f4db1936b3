"""Predictions kept from an earlier run, as far as they still answer today's questions."""

import numpy as np
import pandas as pd

from sse_assets.evaluation.selection import rows_with
from sse_assets.tables.names import ModelName

_QUESTION = ["protocol", "fold", "label_convention", "electrolyte_id", "role"]
_ROUNDING = 0.005 + 1e-9
"""Largest error of a label that is rounded to two decimals, as a language model reads it."""


def keep_current(earlier: pd.DataFrame, current: pd.DataFrame) -> tuple[pd.DataFrame, list[str]]:
    """Return the predictions of models trained on today's folds and labels, and name the others.

    A model is kept or left out protocol by protocol: if one row of it was asked under another split, or with
    another label, then what it trained on has changed as well. It must answer for every test row of today;
    training rows for which it had no prompt may be absent.

    Args:
        earlier: a frame as `tables.metrics.PREDICTIONS`; labels may be rounded to two decimals.
        current: predictions of today, the train median's among them, which are there for every row.

    Returns:
        The rows kept, their labels unrounded, and a sentence for each model, variant and protocol left out.
    """
    if earlier.empty:
        return current.iloc[:0], []
    asked = rows_with(current, model=ModelName.TRAIN_MEDIAN)
    kept, left_out = [], []
    by = ["model", "variant", "protocol", "label_convention"]
    for key, rows in earlier.groupby(by, sort=False):
        model, variant, protocol, convention = (str(part) for part in key)
        of_key = rows_with(asked, protocol=protocol, label_convention=convention)
        today = of_key.set_index(_QUESTION)["log10_sigma"]
        questions = pd.MultiIndex.from_frame(rows[_QUESTION])
        labels = today.reindex(questions)
        unasked = today.index.difference(questions)
        complete = (unasked.get_level_values("role") == "train").all()
        off = np.abs(labels.to_numpy() - rows["log10_sigma"].to_numpy(dtype=float))
        if complete and (off <= _ROUNDING).all():
            kept.append(rows.assign(log10_sigma=labels.to_numpy()))
        else:
            left_out.append(
                f"{model}, {variant}, {protocol} ({convention}) was trained on other data: train it again"
            )
    return pd.concat([current.iloc[:0], *kept], ignore_index=True)[current.columns], left_out
