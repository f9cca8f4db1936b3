"""The floor and the learning curve on cases with a known answer."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.floor import (
    floor,
    gain_of_doubling,
    learning_curve,
    scatter_between_laboratories,
)
from sse_assets.tables import metrics

IDS = [f"e{number}" for number in range(5)]
LABELS = pd.DataFrame({"bound": [-3.0, -4.0, -6.0, -7.0, -2.0]}, index=IDS)
KEYS = pd.Series(["x", "x", "y", "y", "z"], index=IDS)
PAPERS = pd.Series(["p", "q", "p", "r", "s"], index=IDS)


def test_the_floor_is_the_difference_between_papers() -> None:
    # Differences 1, 1 and 1, 1; z was measured once.
    found = floor(LABELS.assign(bound=[-3.0, -4.0, -6.0, -9.0, -2.0]), KEYS, PAPERS)
    metrics.FLOOR.check(found)
    by_statistic = found.set_index("statistic")
    assert by_statistic["value"].to_dict() == {"mean": 2.0, "median": 2.0}  # 1, 1, 3, 3
    assert by_statistic["n"].tolist() == [4, 4]
    assert by_statistic["n_papers"].tolist() == [3, 3]
    assert (by_statistic["low"] == 1.0).all()
    assert (by_statistic["high"] == 3.0).all()


def test_equal_differences_leave_nothing_uncertain() -> None:
    found = floor(LABELS, KEYS, PAPERS)
    assert found[["value", "low", "high"]].to_numpy() == pytest.approx(1.0)


def test_whole_papers_are_resampled() -> None:
    """A hundred rows of one paper are one look: the interval is as wide as with one row of it."""
    ids = [f"e{number}" for number in range(102)]
    labels = pd.DataFrame({"bound": [0.0] * 100 + [4.0, 0.0]}, index=ids)
    papers = pd.Series(["p"] * 100 + ["q", "r"], index=ids)
    found = floor(labels, pd.Series("x", index=ids), papers).query("statistic == 'mean'")
    assert found["high"].item() == pytest.approx(4.0)


def test_without_a_composition_in_two_papers_there_is_no_floor() -> None:
    found = floor(LABELS, pd.Series(IDS, index=IDS), PAPERS)
    metrics.FLOOR.check(found)
    assert found.empty


@pytest.mark.parametrize(("n", "is_told"), [(20, True), (19, False)])
def test_the_scatter_is_that_of_the_limits_where_enough_was_repeated(n: int, is_told: bool) -> None:
    table = pd.DataFrame(
        [
            {"label_convention": convention, "statistic": statistic, "value": value, "n": n}
            for convention, value in (("obelix", 9.0), ("bound", 0.8))
            for statistic, value in (("mean", value), ("median", value / 2))
        ]
    )
    scatter = scatter_between_laboratories(table)
    assert (scatter is not None) is is_told
    if scatter:
        assert (scatter.mean, scatter.median, scatter.n) == (0.8, 0.4, n)


def test_without_a_floor_nothing_is_said_of_the_scatter() -> None:
    assert scatter_between_laboratories(metrics.FLOOR.frame()) is None


def test_the_learning_curve_takes_whole_papers_and_pools_the_folds() -> None:
    ids = pd.Index([f"e{number:02d}" for number in range(24)])
    papers = pd.Series([f"p{number // 2}" for number in range(24)], index=ids)
    folds = [(ids[12:], ids[:12]), (ids[:12], ids[12:])]
    asked = []

    def errors(train: pd.Index, test: pd.Index) -> pd.Series:
        asked.append(train)
        assert not train.intersection(test).size
        return pd.Series(1 / len(train), index=test)

    curve = learning_curve(folds, papers, errors, shares=(0.5, 1.0), n_bootstrap=50)
    assert curve["share"].tolist() == [0.5, 1.0]
    assert curve["n_papers"].tolist() == [3.0, 6.0]
    assert curve["n_train"].tolist() == [6.0, 12.0]
    assert curve["mae"].to_numpy() == pytest.approx([1 / 6, 1 / 12])
    assert curve["n"].tolist() == [24, 24]
    for train in asked:
        assert set(np.unique(papers[train], return_counts=True)[1]) == {2}


def test_the_learning_curve_resamples_papers() -> None:
    ids = pd.Index([f"e{number}" for number in range(4)])
    papers = pd.Series(["p", "p", "q", "r"], index=ids)

    def errors(train: pd.Index, test: pd.Index) -> pd.Series:
        return pd.Series([3.0, 3.0, 1.0], index=test)

    curve = learning_curve([(ids[3:], ids[:3])], papers, errors, shares=(1.0,))
    assert curve["mae"].item() == pytest.approx(7 / 3)
    assert (curve["low"].item(), curve["high"].item()) == (1.0, 3.0)


def test_the_gain_of_a_doubling_is_the_slope_of_the_curve() -> None:
    curve = pd.DataFrame({"n_train": [100.0, 200.0, 400.0], "mae": [1.6, 1.4, 1.2]})
    assert gain_of_doubling(curve) == pytest.approx(0.2)
