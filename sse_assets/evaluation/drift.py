"""Drift: differences of data and scores from those before a table's last change."""

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy.stats import ks_2samp

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.formula import parse_composition
from sse_assets.tables.names import FeatureSet, Metric, ModelName, Protocol, Role

SCORE_TOLERANCE = 0.1
"""Log units by which a test MAE may move; half the width of its interval, if that is less."""
CHANGED_ROWS = 0.1
"""Share of the earlier rows that may be new, withdrawn or relabelled."""
LABEL_DISTANCE = 0.1
"""Kolmogorov-Smirnov distance that the distribution of labels may move."""
FAMILY_SHIFT = 0.1
"""Share of all rows by which a family may grow or shrink."""

_SAME_LABEL = 1e-9


@dataclass(frozen=True)
class Drift:
    """The result of a check."""

    drifted: bool
    sentence: str
    figures: dict[str, float]
    """Numbers by name; a name has letters and underscores."""


NOTHING_BEFORE = Drift(False, "Nothing to compare with: the table has never had another content.", {})


def score_drift(before: pd.DataFrame | None, now: pd.DataFrame) -> Drift:
    """Measure how far the test MAE of the trees on all features has moved under the honest protocols.

    A much lower error is drift as well, since it may come from a leak.

    Args:
        before: a frame as `tables.metrics.SCORES`; None if there was none.
        now: a frame as `tables.metrics.SCORES`.
    """
    if before is None:
        return NOTHING_BEFORE
    by = ["protocol", "label_convention"]
    scores = _honest_mae(now).merge(_honest_mae(before)[[*by, "value"]], on=by, suffixes=("", "_before"))
    if scores.empty:
        return Drift(False, "Nothing to compare with: no protocol was scored before and is scored now.", {})
    moved: list[str] = []
    figures: dict[str, float] = {}
    for score in scores.to_dict("records"):
        name = f"{score['protocol']}_{score['label_convention']}"
        change = score["value"] - score["value_before"]
        figures |= {f"mae_{name}": score["value"], f"change_{name}": change}
        tolerance = float(np.nanmin([SCORE_TOLERANCE, (score["high"] - score["low"]) / 2]))
        if abs(change) > tolerance:
            moved.append(
                f"{change:+.2f} to {score['value']:.2f} under {score['protocol']} "
                f"({score['label_convention']}), beyond {tolerance:.2f}"
            )
    largest = float((scores["value"] - scores["value_before"]).abs().max())
    figures["largest_change"] = largest
    if not moved:
        return Drift(False, f"No test MAE of the trees moved by more than {largest:.2f}.", figures)
    return Drift(True, f"The test MAE of the trees moved by {'; '.join(moved)}.", figures)


def data_drift(before: pd.DataFrame | None, now: pd.DataFrame) -> Drift:
    """Count rows that came, went or were relabelled, and compare labels, elements and families.

    Args:
        before: electrolytes, columns electrolyte_id, formula, log10_sigma, censored and family; None if
            there was no such table.
        now: electrolytes with the same columns.
    """
    if before is None or before.empty or now.empty:
        return NOTHING_BEFORE
    old, new = before.set_index("electrolyte_id"), now.set_index("electrolyte_id")
    common = old.index.intersection(new.index)
    step = (old.loc[common, "log10_sigma"] - new.loc[common, "log10_sigma"]).abs()
    relabelled = (step > _SAME_LABEL) | (old.loc[common, "censored"] != new.loc[common, "censored"])
    added, withdrawn = len(new) - len(common), len(old) - len(common)
    changed = (added + withdrawn + int(relabelled.sum())) / len(old)
    distance = float(ks_2samp(old["log10_sigma"], new["log10_sigma"]).statistic)
    family, shift = _largest_shift(old["family"], new["family"])
    elements = sorted(_elements(new["formula"]) - _elements(old["formula"]))
    figures = {
        "rows_added": added,
        "rows_withdrawn": withdrawn,
        "rows_relabelled": int(relabelled.sum()),
        "share_of_rows_changed": changed,
        "label_distance": distance,
        "median_shift": float(new["log10_sigma"].median() - old["log10_sigma"].median()),
        "new_elements": len(elements),
        "largest_family_shift": shift,
    }
    beyond = []
    if changed > CHANGED_ROWS:
        beyond.append(f"{changed:.0%} of the rows changed (more than {CHANGED_ROWS:.0%})")
    if distance > LABEL_DISTANCE:
        beyond.append(
            f"the labels moved by {distance:.2f} (Kolmogorov-Smirnov, more than {LABEL_DISTANCE}), "
            f"their median by {figures['median_shift']:+.2f}"
        )
    if elements:
        beyond.append(f"no row held {', '.join(elements)} before")
    if abs(shift) > FAMILY_SHIFT:
        beyond.append(f"the share of {family} moved by {100 * shift:+.0f} percentage points")
    rows = f"{added} rows new, {withdrawn} withdrawn, {figures['rows_relabelled']} relabelled, of {len(old)}"
    return Drift(bool(beyond), f"{rows}: {'; '.join(beyond) or 'no drift'}.", figures)


def _honest_mae(scores: pd.DataFrame) -> pd.DataFrame:
    """Return columns protocol, label_convention, value, low and high."""
    rows = rows_with(
        scores,
        model=ModelName.BOOSTED_TREES,
        variant=FeatureSet.ALL,
        role=Role.TEST,
        metric=Metric.MAE,
    )
    rows = rows[rows["protocol"].isin([Protocol.GROUPED, Protocol.OFFICIAL])]
    return rows[["protocol", "label_convention", "value", "low", "high"]]


def _elements(formulas: Iterable[str]) -> set[str]:
    return {element.symbol for formula in formulas for element in parse_composition(formula).elements}


def _largest_shift(before: pd.Series, now: pd.Series) -> tuple[str, float]:
    """Return the family whose share of the rows moved most, and the change of that share."""
    shares = [Counter(families.fillna("no family")) for families in (before, now)]
    shifts = {
        name: shares[1][name] / len(now) - shares[0][name] / len(before)
        for name in sorted({*shares[0], *shares[1]})
    }
    largest = max(shifts, key=lambda name: abs(shifts[name]))
    return largest, shifts[largest]
