"""Both baselines by hand on four rows."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.baselines import baseline_predictions
from sse_assets.tables import models

IDS = pd.Index(["a", "b", "c", "d"], name="electrolyte_id")
LABELS = pd.DataFrame({"obelix": [-2.0, -4.0, -15.0, -5.0], "bound": [-2.0, -4.0, -10.0, -5.0]}, index=IDS)
ASSIGNMENTS = pd.DataFrame(
    {"protocol": "official", "fold": 0, "electrolyte_id": IDS, "role": ["train", "train", "train", "test"]}
)


def _predicted(features: pd.DataFrame, model: str, convention: str = "bound") -> dict[str, float]:
    rows = baseline_predictions({"geometric": features}, LABELS, ASSIGNMENTS)
    assert list(rows.columns) == models.BASELINE_PREDICTIONS.names
    rows = rows[(rows["model"] == model) & (rows["label_convention"] == convention)]
    return dict(zip(rows["electrolyte_id"], rows["predicted"], strict=True))


def test_the_median_of_the_train_labels_with_their_quantiles() -> None:
    features = pd.DataFrame({"a": [1.0, 2.0, 3.0, 4.0]}, index=IDS)
    assert set(_predicted(features, "train_median", "obelix").values()) == {-4.0}
    rows = baseline_predictions({}, LABELS, ASSIGNMENTS)
    bound = rows[rows["label_convention"] == "bound"].iloc[0]
    # Between -10, -4 and -2: a tenth of the way from the lowest, and from the highest, to the middle.
    assert (bound["variant"], bound["low"], bound["high"]) == (
        "none",
        pytest.approx(-9.4),
        pytest.approx(-2.2),
    )


def test_the_nearest_neighbour_is_measured_in_z_scores_of_the_train_rows() -> None:
    # In raw units d is nearest to c, for b spreads over thousands; scaled, it is nearest to a.
    features = pd.DataFrame({"a": [1.0, 2.0, 3.0, 1.1], "b": [0.0, 3000.0, 900.0, 500.0]}, index=IDS)
    assert _predicted(features, "nearest_neighbour") == {"a": -10.0, "b": -10.0, "c": -4.0, "d": -2.0}
    assert _predicted(features, "nearest_neighbour", "obelix")["a"] == -15.0


def test_scaling_does_not_look_at_test_rows() -> None:
    # A test row far out in a is nearest to c; a scale widened by that row itself would let b decide.
    features = pd.DataFrame({"a": [0.0, 1.0, 2.0, 1000.0], "b": [0.0, 0.0, 5.0, 0.0]}, index=IDS)
    assert _predicted(features, "nearest_neighbour")["d"] == -10.0


def test_a_missing_feature_counts_as_average_and_a_constant_one_as_nothing() -> None:
    features = pd.DataFrame(
        {"a": [1.0, 2.0, 3.0, np.nan], "b": [0.0, 1.0, 5.0, 3.5], "constant": 7.0, "unknown": np.nan},
        index=IDS,
    )
    # As if a were 2, d is 1.16 from b and 1.41 from c; by b alone it would be nearest to c.
    assert _predicted(features, "nearest_neighbour")["d"] == -4.0
