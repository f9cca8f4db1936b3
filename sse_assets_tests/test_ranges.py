"""Ranges of settings, declared once."""

from dataclasses import replace

import pytest

from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.ranges import ranges
from sse_assets.splits.settings import SplitSettings


@pytest.mark.parametrize(
    ("settings", "values", "reason"),
    [
        (SplitSettings(), {"test_share": 3.5}, "test_share is 3.5: it must be above 0 and below 1"),
        (SplitSettings(), {"test_share": float("nan")}, "test_share is nan: it must be above 0 and below 1"),
        (SplitSettings(), {"folds": 1}, "folds is 1: it must be at least 2"),
        (BoostedTreesSettings(), {"subsample": 1.1}, "subsample is 1.1: it must be above 0 and at most 1"),
        (BoostedTreesSettings(), {"max_depth": 0}, "max_depth is 0: it must be at least 1"),
    ],
)
def test_a_value_outside_its_range_is_refused_with_the_range(
    settings: object, values: dict[str, float], reason: str
) -> None:
    with pytest.raises(ValueError, match=f"^{reason}$"):
        replace(settings, **values)


def test_a_limit_belongs_to_the_range_or_not_as_declared() -> None:
    assert replace(BoostedTreesSettings(), subsample=1.0).subsample == 1.0
    with pytest.raises(ValueError, match="subsample is 0"):
        replace(BoostedTreesSettings(), subsample=0.0)


def test_only_fields_with_a_range_are_listed() -> None:
    assert ranges(SplitSettings) == {
        "test_share": "above 0 and below 1",
        "folds": "at least 2",
        "seed": "at least 0",
    }
