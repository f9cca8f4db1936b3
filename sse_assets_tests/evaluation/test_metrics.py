"""The paper's metrics against hand-worked values, and the score table's intervals."""

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.stats import spearmanr

from sse_assets.evaluation.metrics import (
    METRICS,
    mean_absolute_error,
    r_squared,
    root_mean_squared_error,
    scores,
    spearman,
)

TRUE = np.array([-2.0, -4.0, -6.0, -8.0])
PREDICTED = np.array([-3.0, -4.0, -8.0, -7.0])


def test_hand_worked_values() -> None:
    # Errors 1, 0, 2, 1; squared 1, 0, 4, 1; the truth spreads 9 + 1 + 1 + 9 about its mean of -5.
    assert mean_absolute_error(TRUE, PREDICTED) == pytest.approx(1.0)
    assert root_mean_squared_error(TRUE, PREDICTED) == pytest.approx(np.sqrt(1.5))
    assert r_squared(TRUE, PREDICTED) == pytest.approx(1 - 6 / 20)
    # Equation 2: the two lowest have swapped ranks, so the squared rank differences sum to 2.
    assert spearman(TRUE, PREDICTED) == pytest.approx(1 - 6 * 2 / (4 * 15))


def test_tied_values_share_their_mean_rank() -> None:
    # Ranks 1, 2.5, 2.5, 4 against 1, 2, 3, 4: covariance 4.5 over the root of 4.5 times 5.
    true, predicted = np.array([1.0, 2.0, 2.0, 3.0]), np.array([1.0, 2.0, 3.0, 4.0])
    assert spearman(true, predicted) == pytest.approx(4.5 / np.sqrt(4.5 * 5))


@pytest.mark.parametrize(
    ("true", "predicted", "undefined"),
    [
        ([-4.638] * 3, [-1.0, -2.0, -3.0], {"r2", "srcc"}),
        ([-1.0, -2.0, -3.0], [-4.638] * 3, {"srcc"}),
        ([-1.0], [-2.0], {"r2", "srcc"}),
        ([], [], {"mae", "rmse", "r2", "srcc"}),
    ],
)
def test_undefined_metrics_are_nan(true: list[float], predicted: list[float], undefined: set[str]) -> None:
    values = {name: metric(np.array(true), np.array(predicted)) for name, metric in METRICS.items()}
    assert {name.value for name, value in values.items() if np.isnan(value)} == undefined


row = st.tuples(st.integers(-9, -1), st.integers(-9, -1), st.integers(0, 3))


@given(st.lists(row, min_size=2, max_size=12))
def test_a_weight_of_k_is_the_same_as_k_copies_of_the_row(rows: list[tuple[int, int, int]]) -> None:
    true, predicted, counts = (np.array(column, float) for column in zip(*rows, strict=True))
    copies = counts.astype(int)
    for metric in METRICS.values():
        repeated = metric(np.repeat(true, copies), np.repeat(predicted, copies))
        assert metric(true, predicted, counts[np.newaxis])[0] == pytest.approx(repeated, nan_ok=True)


@given(st.lists(row, min_size=2, max_size=12))
def test_spearman_agrees_with_scipy(rows: list[tuple[int, int, int]]) -> None:
    true, predicted, _ = (np.array(column, float) for column in zip(*rows, strict=True))
    if np.ptp(true) and np.ptp(predicted):
        assert spearman(true, predicted) == pytest.approx(spearmanr(true, predicted).statistic)


def _predictions(true: np.ndarray, predicted: np.ndarray, model: str = "m", fold: int = 0) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "protocol": "official",
            "fold": fold,
            "model": model,
            "variant": "all",
            "label_convention": "bound",
            "electrolyte_id": [f"e{position}" for position in range(len(true))],
            "role": "test",
            "log10_sigma": true,
            "predicted": predicted,
        }
    )


def test_scores_hold_every_metric_with_an_interval_around_it() -> None:
    rng = np.random.default_rng(0)
    true = rng.normal(size=200)
    table = scores(_predictions(true, true + rng.laplace(size=200))).set_index("metric")
    assert list(table.index) == ["mae", "rmse", "r2", "srcc"]
    assert (table["low"] < table["value"]).all()
    assert (table["value"] < table["high"]).all()
    # The standard error of the mean of |laplace| is 1/sqrt(200).
    half_width = (table.loc["mae", "high"] - table.loc["mae", "low"]) / 2
    assert half_width == pytest.approx(1.96 / np.sqrt(200), rel=0.2)
    assert (table["n"] == 200).all()


def test_folds_are_pooled_and_electrolytes_counted_once() -> None:
    folds = pd.concat([_predictions(TRUE, PREDICTED, fold=0), _predictions(TRUE, TRUE, fold=1)])
    mae = scores(folds, n_bootstrap=10).set_index("metric").loc["mae"]
    assert mae["value"] == pytest.approx(0.5)
    assert mae["n"] == 4


def test_groups_widen_the_interval_of_grouped_and_of_nothing_else() -> None:
    true = np.repeat([0.0, 2.0], 50)
    rows = _predictions(true, np.zeros(100))
    groups = pd.Series(np.repeat(["first", "second"], 50), index=rows["electrolyte_id"])
    by_row = scores(rows, {"grouped": groups}).set_index("metric").loc["mae"]
    by_group = scores(rows.assign(protocol="grouped"), {"grouped": groups}).set_index("metric").loc["mae"]
    assert by_row["high"] - by_row["low"] < 0.5
    # Two groups: a resample holds one of them twice often enough to span everything.
    assert (by_group["low"], by_group["high"]) == (0.0, 2.0)


def test_no_predictions_give_an_empty_table_with_its_columns(run) -> None:
    assert list(scores(run.predictions.head(0)).columns) == list(run.scores.columns)
