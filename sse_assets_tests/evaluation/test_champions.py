"""The rule by which a retrained model takes over, on errors made by hand."""

from datetime import UTC, datetime

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.champions import (
    ASKED_BEFORE,
    FEWEST_TEST_ROWS,
    NO_CHAMPION,
    SAME,
    TOLERANCE,
    Comparison,
    Contender,
    champions_now,
    compare,
    incomparable,
    is_decided,
    judge,
    reigning,
    with_decision,
)
from sse_assets.tables import models
from sse_assets.tables.names import Decision

N_ROWS = 60
IDS = pd.Index([f"x:{number:02}" for number in range(N_ROWS)], name="electrolyte_id")
GROUPS = pd.Series(np.arange(N_ROWS) // 2, index=IDS)
A = Contender("models/a", "va", 60, "recipe a")
B = Contender("models/b", "vb", 61, "recipe b")
NOW = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
LATER = datetime(2026, 4, 1, 12, 0, tzinfo=UTC)


def errors(more: float, scatter: float) -> pd.DataFrame:
    """The challenger errs by `more` than the champion on average, with a scatter of exactly zero mean."""
    swings = scatter * np.where(GROUPS % 2, 1.0, -1.0)
    return pd.DataFrame({"champion": 1.5, "challenger": 1.5 + more + swings}, index=IDS)


@pytest.mark.parametrize(
    ("more", "scatter", "decision"),
    [
        (0.00, 0.0, Decision.PROMOTED),
        (-0.30, 0.1, Decision.PROMOTED),
        (TOLERANCE - 0.01, 0.5, Decision.PROMOTED),  # more, but it may be chance
        (TOLERANCE + 0.01, 0.5, Decision.KEPT),  # it may be chance, but it is too much
        (TOLERANCE - 0.04, 0.0, Decision.KEPT),  # little, but no chance
    ],
)
def test_a_challenger_takes_over_unless_it_is_worse(more: float, scatter: float, decision: Decision) -> None:
    comparison = compare(errors(more, scatter), GROUPS)
    assert comparison is not None
    assert comparison.difference == pytest.approx(more)
    assert (comparison.mae_champion, comparison.n) == (pytest.approx(1.5), N_ROWS)
    verdict = judge(comparison)
    assert verdict.decision is decision
    assert f"{comparison.mae_challenger:.3f}" in verdict.reason


def test_whole_groups_are_resampled() -> None:
    swings = errors(0.0, 0.5)
    one_group_each_way = pd.Series(np.arange(N_ROWS) // 2 % 2, index=IDS)
    wide = compare(swings, one_group_each_way)
    narrow = compare(swings, GROUPS)
    assert wide is not None
    assert narrow is not None
    assert wide.high == pytest.approx(0.5)
    assert narrow.high < 0.25


def test_too_few_common_rows_decide_nothing_and_the_new_model_takes_over() -> None:
    few = errors(1.0, 0.0)
    few.iloc[FEWEST_TEST_ROWS - 1 :, 0] = np.nan
    verdict = judge(compare(few, GROUPS))
    assert verdict.decision is Decision.PROMOTED
    assert (
        verdict.reason == "The champion can no longer be compared: fewer than 20 rows can be tested on both."
    )
    few.iloc[FEWEST_TEST_ROWS - 1, 0] = 1.5
    assert judge(compare(few, GROUPS)).decision is Decision.KEPT


def history_of(*steps: tuple) -> pd.DataFrame:
    history = models.CHAMPIONS.frame()
    for challenger, tested, verdict, at in steps:
        history = with_decision(history, "all", challenger, tested, verdict, at)
    return history


WORSE = judge(Comparison(1.5, 2.0, 0.5, 0.2, 0.8, 60))


def test_the_history_names_the_model_that_reigns_after_each_decision() -> None:
    assert reigning(models.CHAMPIONS.frame()) is None
    history = history_of(
        (A, "t", NO_CHAMPION, NOW),
        (B, "t", WORSE, LATER),
        (B, "u", incomparable("its files are gone"), LATER),
    )
    assert history["decision"].tolist() == ["first", "kept", "promoted"]
    assert history["model_path"].tolist() == ["models/a", "models/a", "models/b"]
    assert history["n_train"].tolist() == [60, 60, 61]
    assert history["mae_challenger"].tolist() == pytest.approx([np.nan, 2.0, np.nan], nan_ok=True)
    assert reigning(history) == B
    assert reigning(history.head(2)) == A


def test_what_was_decided_is_not_asked_again() -> None:
    first = history_of((A, "t", NO_CHAMPION, NOW))
    assert is_decided(first, A, "u")  # the champion itself, whatever the rows
    assert not is_decided(first, B, "t")
    kept = with_decision(first, "all", B, "t", WORSE, LATER)
    assert is_decided(kept, B, "t")
    assert not is_decided(kept, B, "u")  # other test rows, another question
    assert not is_decided(kept, A, "t")
    back = with_decision(kept, "all", A, "t", SAME, LATER)
    assert back["decision"].tolist() == ["first", "kept", "unchanged"]
    assert is_decided(back, A, "t")
    assert ASKED_BEFORE.decision is Decision.UNCHANGED


def test_a_champion_reigns_since_it_was_made_one() -> None:
    history = history_of((A, "t", NO_CHAMPION, NOW), (B, "t", WORSE, LATER))
    (now,) = champions_now(history).to_dict("records")
    assert (now["decision"], now["model_path"]) == ("kept", "models/a")
    assert now["since"] == "2026-03-01T12:00:00+00:00"
    assert champions_now(history.head(0)).empty
