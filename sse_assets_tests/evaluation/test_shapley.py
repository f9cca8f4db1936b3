"""Shapley values worked by hand."""

import pandas as pd
import pytest

from sse_assets.evaluation.shapley import factor_gains, shapley_values

NONE, A, B, BOTH = frozenset(), frozenset("a"), frozenset("b"), frozenset("ab")
IDS = pd.Index(["e0", "e1"])


def errors(none: list[float], a: list[float], b: list[float], both: list[float]) -> dict:
    return {
        factors: pd.Series(values, index=IDS)
        for factors, values in ((NONE, none), (A, a), (B, b), (BOTH, both))
    }


def test_values_by_hand_add_up_to_the_whole_gain() -> None:
    # Row e0: a gains 2 first and 1.5 second, b gains 1 first and 0.5 second.
    # Row e1: either alone does all that both do.
    values = shapley_values(errors([4, 2], [2, 1], [3, 1], [1.5, 1]))
    assert values["a"].tolist() == pytest.approx([1.75, 0.5])
    assert values["b"].tolist() == pytest.approx([0.75, 0.5])
    assert values.sum(axis=1).tolist() == pytest.approx([4 - 1.5, 2 - 1])


def test_three_parts_weigh_every_order_alike() -> None:
    """Only a and b together gain; each stands behind the other in half of the orders, c never matters."""
    subsets = [frozenset(name) for name in ("", "a", "b", "c", "ab", "ac", "bc", "abc")]
    game = {subset: pd.Series([1.0 if {"a", "b"} <= subset else 7.0], index=["e0"]) for subset in subsets}
    assert shapley_values(game).loc["e0"].to_dict() == pytest.approx({"a": 3.0, "b": 3.0, "c": 0.0})


def test_a_missing_subset_is_refused() -> None:
    game = errors([4, 2], [2, 1], [3, 1], [1.5, 1])
    del game[A]
    with pytest.raises(KeyError):
        shapley_values(game)


def test_gains_alone_and_without() -> None:
    gains = factor_gains(errors([4, 2], [2, 1], [3, 1], [1.5, 1]), pd.Series(["p", "q"], index=IDS))
    assert gains["factor"].tolist() == ["a", "b"]
    assert gains["gain"].tolist() == pytest.approx([1.125, 0.625])
    assert gains["share"].tolist() == pytest.approx([1.125 / 1.75, 0.625 / 1.75])
    assert gains["mae_alone"].tolist() == pytest.approx([1.5, 2.0])
    assert gains["mae_without"].tolist() == pytest.approx([2.0, 1.5])
    assert gains["mae_of_none"].tolist() == [3.0, 3.0]
    assert gains["mae"].tolist() == [1.25, 1.25]
    # Two papers: a resample is one of the two rows, or both.
    assert gains["low"].tolist() == pytest.approx([0.5, 0.5])
    assert gains["high"].tolist() == pytest.approx([1.75, 0.75])


def test_without_a_gain_there_are_no_shares() -> None:
    gains = factor_gains(errors([1, 1], [2, 2], [1, 1], [2, 2]), pd.Series(["p", "q"], index=IDS))
    assert gains["share"].isna().all()
