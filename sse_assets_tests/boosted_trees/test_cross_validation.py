import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees.cross_validation import cv_folds, cv_metrics, interval_half_width

ROWS = pd.Index([f"row {number}" for number in range(30)])


def test_six_folds_hold_each_row_out_once() -> None:
    folds = cv_folds(ROWS, None, seed=0)
    assert len(folds) == 6
    assert sorted(row for _, held_out in folds for row in held_out) == sorted(ROWS)
    for fitted, held_out in folds:
        assert sorted(fitted.append(held_out)) == sorted(ROWS)
    again = cv_folds(ROWS, None, seed=0)
    assert all(one[1].equals(two[1]) for one, two in zip(folds, again, strict=True))


def test_groups_are_held_out_whole() -> None:
    groups = pd.Series(np.arange(30) % 7, index=ROWS)
    for fitted, held_out in cv_folds(ROWS, groups, seed=0):
        assert set(groups.loc[fitted]).isdisjoint(groups.loc[held_out])


@pytest.mark.parametrize(
    ("rows", "groups", "message"),
    [(ROWS[:5], None, "needs 6 rows; there are 5"), (ROWS, [1, 2] * 15, "needs 6 groups; there are 2")],
)
def test_too_little_to_cross_validate_is_said(rows: pd.Index, groups: list[int] | None, message: str) -> None:
    with pytest.raises(ValueError, match=message):
        cv_folds(rows, None if groups is None else pd.Series(groups, index=rows), seed=0)


def test_metrics_worked_by_hand() -> None:
    """Errors 0, 1, 1, 2; the labels deviate from their mean 2 by 2, 0, 0, 2."""
    metrics = cv_metrics(pd.Series([0.0, 2.0, 2.0, 4.0]), pd.Series([0.0, 1.0, 3.0, 2.0]))
    assert metrics == pytest.approx({"cv_mae": 1.0, "cv_rmse": np.sqrt(1.5), "cv_r2": 1 - 6 / 8})


def test_half_width_is_the_conformal_order_statistic() -> None:
    """n = 9: the 9th smallest of 9, n = 19: the 18th of 19; n = 8 allows no finite interval."""
    assert interval_half_width(np.array([-9, 1, -2, 3, -4, 5, -6, 7, 8])) == 9
    assert interval_half_width(np.arange(1, 20)) == 18
    assert interval_half_width(np.arange(1, 9)) is None


def test_half_width_covers_new_rows_as_promised() -> None:
    random = np.random.default_rng(0)
    covered = [abs(random.normal()) <= interval_half_width(random.normal(size=30)) for _ in range(4000)]
    # ceil(0.9 * 31) = 28 of 31: exactly 0.903 for exchangeable residuals
    assert np.mean(covered) == pytest.approx(28 / 31, abs=0.015)
