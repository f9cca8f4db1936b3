import math

import numpy as np
import pytest

from sse_assets.gaussian_process.conformal import ConformalIntervals


def test_multipliers_worked_by_hand() -> None:
    # Scores 1 to 19: ranks ceil(0.5 · 20) = 10 and ceil(0.9 · 20) = 18.
    true = np.arange(1, 20) * 2.0
    intervals = ConformalIntervals.fit(true, np.zeros(19), np.full(19, 2.0))
    assert intervals.multipliers == {0.5: 10.0, 0.9: 18.0}
    low, high = intervals.interval(np.array([-5.0]), np.array([0.1]), 0.9)
    assert (low.item(), high.item()) == pytest.approx((-6.8, -3.2))


@pytest.mark.parametrize("coverage", [0.5, 0.9])
def test_new_rows_are_held_as_often_as_stated(coverage: float) -> None:
    rng = np.random.default_rng(0)

    def draw(n: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        std = rng.uniform(0.2, 3, n)
        mean = rng.normal(-6, 2, n)
        return (
            mean + 1.7 * std * rng.standard_t(4, n),
            mean,
            std,
        )  # the stated std is wrong, and tails are long

    intervals = ConformalIntervals.fit(*draw(4000))
    true, mean, std = draw(20000)
    low, high = intervals.interval(mean, std, coverage)
    assert ((low <= true) & (true <= high)).mean() == pytest.approx(coverage, abs=0.02)


def test_too_few_residuals_give_no_finite_interval() -> None:
    intervals = ConformalIntervals.fit(np.ones(4), np.zeros(4), np.ones(4))
    assert intervals.multipliers == {0.5: 1.0, 0.9: math.inf}


def test_a_standard_deviation_of_zero_is_refused() -> None:
    with pytest.raises(ValueError, match="not positive"):
        ConformalIntervals.fit(np.ones(2), np.zeros(2), np.array([1.0, 0.0]))
