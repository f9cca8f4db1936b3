import numpy as np
import pytest

from sse_assets.splits.diversity import max_min_distances, max_min_selection


def test_farthest_point_selection_on_a_line_worked_by_hand() -> None:
    """10 is farthest from the mean (3.8), 0 from 10; then 6 is 4 away from both, 2 only 2, 1 only 1."""
    line = np.array([[0.0], [1.0], [2.0], [6.0], [10.0]])
    assert max_min_selection(line, 5).tolist() == [4, 0, 3, 2, 1]
    assert max_min_selection(line, 3, first=1).tolist() == [1, 4, 3]


def test_features_count_by_their_spread_and_not_by_their_unit() -> None:
    """Row 3 differs by two standard deviations of a tiny unit, row 2 by a quarter of a large one."""
    features = np.array([[0.0, 0.0], [1000.0, 0.0], [100.0, 0.0], [0.0, 1e-6]])
    assert max_min_selection(features, 3, first=0).tolist() == [0, 1, 3]


def test_an_unknown_value_counts_as_the_mean_and_a_useless_column_as_nothing() -> None:
    line = np.array([[-3.0], [np.nan], [0.5], [2.5]])
    assert max_min_selection(line, 4, first=0).tolist() == [0, 3, 1, 2]
    useless = np.column_stack([line, np.full(4, 7.0), np.full(4, np.nan)])
    assert max_min_selection(useless, 4, first=0).tolist() == [0, 3, 1, 2]


def test_duplicates_are_selected_last_and_once_each() -> None:
    features = np.array([[0.0], [0.0], [0.0], [4.0], [1.0]])
    assert max_min_selection(features, 5).tolist() == [3, 0, 4, 1, 2]


def test_distances_worked_by_hand() -> None:
    """Points 0, 1, 2, 6, 10 in units of their standard deviation, sqrt(13.76): 0, 6 and 10 train."""
    line = np.array([[0.0], [1.0], [2.0], [6.0], [10.0]])
    is_train = np.array([True, False, False, True, True])
    assert max_min_distances(line, is_train) == pytest.approx((4 / np.sqrt(13.76), 2 / np.sqrt(13.76)))


def test_outliers_train_and_test_rows_are_closer_to_train_than_train_rows_are_to_each_other() -> None:
    cloud = np.random.default_rng(0).normal(size=(200, 3))
    cloud[:5] *= 10
    cloud[::9, 1] = np.nan
    is_train = np.isin(np.arange(200), max_min_selection(cloud, 160))
    assert is_train[:5].all()
    separation, radius = max_min_distances(cloud, is_train)
    assert radius <= separation
    drawn = np.random.default_rng(1).permutation(is_train)
    separation, radius = max_min_distances(cloud, drawn)
    assert radius > separation


@pytest.mark.parametrize("n_select", [0, 4])
def test_more_rows_than_there_are_cannot_be_selected(n_select: int) -> None:
    with pytest.raises(ValueError, match=f"cannot select {n_select} of 3 rows"):
        max_min_selection(np.zeros((3, 1)), n_select)
