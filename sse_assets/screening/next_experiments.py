"""What to make next: where a good conductor is likely, and where a measurement would teach the model most."""

from collections.abc import Callable, Sequence
from typing import Any

import numpy as np
import pandas as pd

from sse_assets.screening.ranking import unlike
from sse_assets.tables import screening
from sse_assets.tables.names import Purpose

MOST_COMPARED = 1000
"""Candidates whose uncertainties are set against each other; of more, the best ranked."""
_TOLD = 3

Covariance = Callable[[pd.DataFrame], tuple[np.ndarray, float] | None]
"""Function that returns the covariances of the answers for candidates, in log units squared, shape (n, n),
and the variance that a measurement adds; None for a model that has none."""


def next_experiments(
    ranking: pd.DataFrame, predictions: pd.DataFrame, covariance: Covariance, n: int
) -> pd.DataFrame:
    """Propose measurements for both purposes, among the candidates that are not set aside.

    A good conductor is likely where the probability of more than 1 mS/cm is large. A measurement teaches by
    the share that it takes away of the summed variance of the answers for all candidates that are compared.
    The second proposal counts on the first one being made, and so on (greedy minimisation of the average
    variance; Krause, Singh and Guestrin, J. Mach. Learn. Res. 9, 235, 2008, discuss such designs).

    Args:
        ranking: a frame as `tables.screening.RANKING`.
        predictions: a frame as `tables.screening.PREDICTIONS` of the same candidates.
        covariance: of the answers of the model that answers.
        n: proposals for each purpose at most.

    Returns:
        A frame as `tables.screening.NEXT_EXPERIMENTS`.
    """
    key = ["candidate_set", "candidate_id"]
    rows = ranking[ranking["rank"].notna()].merge(predictions[[*key, "p_superionic"]], on=key)
    rows = rows.drop_duplicates("composition_key").sort_values("rank").reset_index(drop=True)
    return screening.NEXT_EXPERIMENTS.frame([*_likely(rows, n), *_teaching(rows, covariance, n)])


def _likely(rows: pd.DataFrame, n: int) -> list[dict[str, Any]]:
    best = rows.dropna(subset="p_superionic").sort_values("p_superionic", ascending=False, kind="stable")
    found = []
    for place, row in zip(range(1, n + 1), unlike(best), strict=False):
        reason = f"σ is above 1 mS/cm with a probability of {row['p_superionic']:.0%}; {_nearest(row)}"
        found.append(
            {**row, "purpose": Purpose.HIGH_CONDUCTIVITY, "place": place, "value": row["p_superionic"]}
            | {"reason": reason}
        )
    return found


def _teaching(rows: pd.DataFrame, covariance: Covariance, n: int) -> list[dict[str, Any]]:
    compared = rows.head(MOST_COMPARED)
    known = covariance(compared) if len(compared) else None
    if known is None:
        return []
    left, noise = known[0].copy(), known[1]
    at_first = np.trace(left)
    found: list[dict[str, Any]] = []
    for place in range(1, min(n, len(compared)) + 1):
        taken_away = (left**2).sum(axis=0) / (np.diag(left) + noise)
        chosen = int(np.argmax(taken_away))
        share = float(taken_away[chosen] / at_first)
        narrowed = left[chosen] ** 2 / (left[chosen, chosen] + noise) / np.maximum(np.diag(left), 1e-12)
        left -= np.outer(left[chosen], left[chosen]) / (left[chosen, chosen] + noise)
        row = {str(name): value for name, value in compared.iloc[chosen].items()}
        reason = (
            f"it takes away {share:.1%} of the uncertainty of {len(compared)} candidates, most that of "
            f"{_others(compared['formula'], narrowed, chosen)}; {_nearest(row)}"
        )
        found.append(row | {"purpose": Purpose.TEACHES, "place": place, "value": share, "reason": reason})
    return found


def _others(formulas: Sequence[str] | pd.Series, narrowed: np.ndarray, chosen: int) -> str:
    order = [place for place in np.argsort(-narrowed, kind="stable") if place != chosen]
    return ", ".join(formulas[place] for place in order[:_TOLD]) or "no other"


def _nearest(row: dict[Any, Any] | Any) -> str:
    if not isinstance(row["nearest_formula"], str):
        return "nothing has been measured"
    return (
        f"the nearest measured material is {row['nearest_formula']} ({row['nearest_sigma_s_cm']:.1e} S/cm, "
        f"distance {row['nearest_distance']:.2f})"
    )
