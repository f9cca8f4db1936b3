"""The two predictors that any model has to beat: the train median and the nearest neighbour."""

import numpy as np
import pandas as pd
from numpy.typing import NDArray
from scipy.spatial.distance import cdist

from sse_assets.tables import models
from sse_assets.tables.names import NO_VARIANT, ModelName, Role

_NINETY_PERCENT = (0.05, 0.95)


def baseline_predictions(
    features_by_set: dict[str, pd.DataFrame], labels: pd.DataFrame, assignments: pd.DataFrame
) -> pd.DataFrame:
    """Return both baselines on every fold, for every label convention.

    The train median (variant `none`) states the 5 % and 95 % quantiles of the train labels as its
    interval. The nearest neighbour (variant: the feature set) repeats the label of the closest train row
    in z-scores fitted on train; a missing feature counts as average; a train row never finds itself.

    Args:
        features_by_set: Feature matrices by feature set, each indexed by electrolyte_id.
        labels: Indexed by electrolyte_id, one column per label convention.
        assignments: protocol, fold, electrolyte_id, role.

    Returns:
        A frame as `tables.models.BASELINE_PREDICTIONS`.
    """
    blocks = []
    for (protocol, fold), rows in assignments.groupby(["protocol", "fold"], sort=False):
        # Sorted, so that of two equally near neighbours the same one is always taken.
        rows = rows.sort_values("electrolyte_id")
        ids = pd.Index(rows["electrolyte_id"])
        in_train = (rows["role"] == Role.TRAIN).to_numpy()
        nearest = {
            name: nearest_train_row(features.loc[ids], in_train) for name, features in features_by_set.items()
        }
        for convention in labels.columns:
            true = labels.loc[ids, convention].to_numpy(float)
            train_labels = true[in_train]
            median = np.median(train_labels)
            low, high = np.quantile(train_labels, _NINETY_PERCENT)
            stated = [(ModelName.TRAIN_MEDIAN, NO_VARIANT, median, low, high)] + [
                (ModelName.NEAREST_NEIGHBOUR, name, train_labels[position], np.nan, np.nan)
                for name, position in nearest.items()
            ]
            for model, variant, predicted, lower, upper in stated:
                blocks.append(
                    pd.DataFrame(
                        {
                            "protocol": protocol,
                            "fold": fold,
                            "model": model,
                            "variant": variant,
                            "label_convention": convention,
                            "electrolyte_id": ids,
                            "role": rows["role"].to_numpy(),
                            "log10_sigma": true,
                            "predicted": predicted,
                            "low": lower,
                            "high": upper,
                        }
                    )
                )
    return models.BASELINE_PREDICTIONS.frame(pd.concat(blocks) if blocks else ())


def nearest_train_row(features: pd.DataFrame, in_train: NDArray[np.bool_]) -> NDArray[np.intp]:
    """Return for each row the position, among the train rows, of the closest train row other than itself.

    Distances are Euclidean in z-scores fitted on the train rows; NaN becomes 0, a constant column too.
    """
    train = features[in_train]
    spread = train.std(ddof=0)
    scaled = ((features - train.mean()) / spread.where(spread > 0)).fillna(0.0).to_numpy()
    distances = cdist(scaled, scaled[in_train])
    distances[np.flatnonzero(in_train), np.arange(len(train))] = np.inf
    return distances.argmin(axis=1)
