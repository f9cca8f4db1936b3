"""The choice between two models: the one that answers today, and the one that was trained last.

Every new model challenges the reigning one on the same test rows, under protocol `grouped` and convention
`bound`. It takes over unless it is worse, for it knows the data of today. A table keeps every decision.
"""

from dataclasses import asdict, dataclass
from datetime import datetime

import pandas as pd

from sse_assets.evaluation.intervals import Bootstrap
from sse_assets.tables import models
from sse_assets.tables.names import Decision, FeatureSet, in_reading_order

TOLERANCE = 0.05
"""Log units by which a challenger may err more than the champion, if that can be chance."""
FEWEST_TEST_ROWS = 20
"""Least number of rows that both can be tested on; with fewer, nothing is concluded."""


@dataclass(frozen=True)
class Contender:
    """A stored model, and what it was made from."""

    model_path: str
    """Path under the blob root."""
    data_version: str
    """Version of the data, as on the model's card."""
    n_train: int
    recipe: str
    """Version of its training rows and settings: equal for models that are the same."""


@dataclass(frozen=True)
class Comparison:
    """Mean absolute errors on the same rows, in log units, and their difference with its 95 % interval."""

    mae_champion: float
    mae_challenger: float
    difference: float
    """Challenger minus champion: positive if the challenger errs more."""
    low: float
    high: float
    n: int

    @property
    def is_worse(self) -> bool:
        """Whether the challenger errs more beyond chance, or by more than `TOLERANCE`."""
        return self.low > 0 or self.difference > TOLERANCE


@dataclass(frozen=True)
class Verdict:
    """A decision and its reason."""

    decision: Decision
    reason: str
    """Reason, in one sentence."""
    comparison: Comparison | None = None


NO_CHAMPION = Verdict(Decision.FIRST, "There was no champion on these features before.")
SAME = Verdict(Decision.UNCHANGED, "The model trained last is the champion: the same rows and settings.")
ASKED_BEFORE = Verdict(Decision.UNCHANGED, "These two have been compared on these rows before.")


def compare(
    errors: pd.DataFrame, groups: pd.Series, *, n_bootstrap: int = 1000, seed: int = 0
) -> Comparison | None:
    """Set two models against each other on the rows that both predict.

    Args:
        errors: absolute errors in log units, columns `champion` and `challenger`, NaN where a model says
            nothing; index electrolyte_id, each once.
        groups: group of each electrolyte_id; a group is resampled whole.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        None if fewer than `FEWEST_TEST_ROWS` are common to both.
    """
    common = errors.dropna()
    if len(common) < FEWEST_TEST_ROWS:
        return None
    ids = common.index.to_series()
    difference = common["challenger"] - common["champion"]
    bootstrap = Bootstrap.of(ids, groups, n_bootstrap=n_bootstrap, seed=seed)
    low, high = bootstrap.mean_interval(ids, difference)
    return Comparison(
        mae_champion=float(common["champion"].mean()),
        mae_challenger=float(common["challenger"].mean()),
        difference=float(difference.mean()),
        low=low,
        high=high,
        n=len(common),
    )


def judge(comparison: Comparison | None) -> Verdict:
    """Decide who reigns after a comparison; the challenger if there could be none."""
    if comparison is None:
        return incomparable(f"fewer than {FEWEST_TEST_ROWS} rows can be tested on both")
    it = comparison
    figures = (
        f"it errs by {it.mae_challenger:.3f} where the champion errs by {it.mae_champion:.3f} "
        f"({it.n} rows; difference {it.difference:+.3f}, 95 % interval {it.low:+.3f} to {it.high:+.3f})"
    )
    if not it.is_worse:
        return Verdict(Decision.PROMOTED, f"The new model is not worse: {figures}.", it)
    why = "the whole interval lies above zero" if it.low > 0 else f"more than {TOLERANCE} is too much"
    return Verdict(Decision.KEPT, f"The new model is worse: {figures}; {why}.", it)


def incomparable(why: str) -> Verdict:
    """Return the verdict for a champion that cannot be compared: the challenger takes over."""
    return Verdict(Decision.PROMOTED, f"The champion can no longer be compared: {why}.")


def reigning(history: pd.DataFrame) -> Contender | None:
    """Return the champion of one feature set; None before there is one."""
    if history.empty:
        return None
    last = history.iloc[-1]
    return Contender(last["model_path"], last["data_version"], int(last["n_train"]), last["champion"])


def is_decided(history: pd.DataFrame, challenger: Contender, tested: str) -> bool:
    """Tell whether the last decision was on this challenger, and on these test rows if rows were tested."""
    if history.empty or history.iloc[-1]["challenger"] != challenger.recipe:
        return False
    last = history.iloc[-1]
    return last["champion"] == challenger.recipe or last["tested"] == tested


def with_decision(
    history: pd.DataFrame,
    feature_set: str,
    challenger: Contender,
    tested: str,
    verdict: Verdict,
    decided_at: datetime,
) -> pd.DataFrame:
    """Return the history of one feature set and one decision more, as `tables.models.CHAMPIONS`."""
    takes_over = verdict.decision in (Decision.FIRST, Decision.PROMOTED)
    champion = challenger if takes_over else reigning(history)
    assert champion is not None  # nothing can be kept before there is a champion
    row = {
        **(asdict(verdict.comparison) if verdict.comparison else {"n": 0}),
        "feature_set": feature_set,
        "decision": verdict.decision.value,
        "reason": verdict.reason,
        "model_path": champion.model_path,
        "data_version": champion.data_version,
        "n_train": champion.n_train,
        "champion": champion.recipe,
        "challenger": challenger.recipe,
        "tested": tested,
        "decided_at": decided_at.isoformat(timespec="seconds"),
    }
    return models.CHAMPIONS.frame([*history.to_dict("records"), row])


def champions_now(history: pd.DataFrame) -> pd.DataFrame:
    """Return the last decision of each feature set, and the date from which its champion reigns.

    Args:
        history: a frame as `tables.models.CHAMPIONS`, of one or more feature sets.

    Returns:
        The same columns, and `since`: `decided_at` of the decision that made the champion one.
    """
    now = []
    for name in in_reading_order(history["feature_set"], FeatureSet):
        decisions = history[history["feature_set"] == name]
        made = decisions[decisions["decision"].isin([Decision.FIRST, Decision.PROMOTED])]
        now.append(decisions.iloc[[-1]].assign(since=made["decided_at"].iloc[-1]))
    return pd.concat(now, ignore_index=True) if now else history.assign(since="")
