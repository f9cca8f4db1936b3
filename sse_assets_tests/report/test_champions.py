"""Decisions between champions and challengers, printed and drawn."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from sse_assets.evaluation.champions import (
    NO_CHAMPION,
    Comparison,
    Contender,
    judge,
    with_decision,
)
from sse_assets.report.champion_figures import decisions
from sse_assets.report.figure_style import png_bytes
from sse_assets.report.score_tables import champions_table
from sse_assets.tables import models


@pytest.fixture
def history() -> pd.DataFrame:
    """A first champion, and a challenger that was worse."""
    first, second = Contender("models/a", "va", 60, "recipe a"), Contender("models/b", "vb", 61, "recipe b")
    nothing = models.CHAMPIONS.frame()
    made = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
    table = with_decision(nothing, "all", first, "t", NO_CHAMPION, made)
    worse = judge(Comparison(1.5, 2.0, 0.5, 0.4, 0.6, 60))
    return with_decision(table, "all", second, "t", worse, datetime(2026, 4, 1, 12, 0, tzinfo=UTC))


def test_a_champion_is_printed_with_the_day_it_was_made_one(history: pd.DataFrame) -> None:
    (row,) = champions_table(history).rows
    assert [cell.text for cell in row][:4] == ["All features", "kept", "0.500", "60"]
    assert row[1].note == "champion since 2026-03-01"
    assert champions_table(history.head(0)).rows == ()


def test_decisions_are_drawn_with_their_intervals(history: pd.DataFrame) -> None:
    (axes,) = decisions(history).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["2026-04-01, kept"]
    assert png_bytes(decisions(history.head(1)), dpi=30)
