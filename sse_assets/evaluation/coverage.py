"""How often a stated interval holds the measured value: on all rows, and on each part of them."""

import numpy as np
import pandas as pd

from sse_assets.evaluation.intervals import Bootstrap, Clusters, clusters_for
from sse_assets.evaluation.selection import rows_with
from sse_assets.tables import metrics
from sse_assets.tables.columns import PREDICTION_KEY
from sse_assets.tables.names import CoverageOf, Role

ALL = "all"
NEAR, MIDDLE, FAR = THIRDS = ("near", "middle", "far")
INSIDE, OUTSIDE = SIDES = ("inside", "outside")
_BY = ["protocol", "model", "variant", "label_convention", "role"]
_TEST_ROW = ["protocol", "fold", "electrolyte_id"]
_INTERVAL_50 = ["low_50", "high_50"]


def coverage(
    predictions: pd.DataFrame,
    clusters: Clusters | None = None,
    *,
    families: pd.Series | None = None,
    process: pd.DataFrame | None = None,
    n_bootstrap: int = 1000,
    seed: int = 0,
) -> pd.DataFrame:
    """Return how many labels lie within the intervals of a model, how wide these are, and how far it errs.

    A share of 0.9 is right for the 90 % interval, and 0.5 for the 50 % interval. The process says of each
    test row how far the nearest training row is. The test rows of a protocol are parted into thirds by that
    distance, and the same parts serve every model. The 95 % intervals of share and MAE come from resampling
    as in `metrics.scores`.

    Args:
        predictions: a frame as `tables.metrics.PREDICTIONS`.
        clusters: what is resampled whole under which protocol.
        families: structural family by electrolyte_id; None parts no families.
        process: a frame as `tables.models.GAUSSIAN_PROCESS_PREDICTIONS`, which has 50 % intervals, distances
            and domain; None leaves these out.
        n_bootstrap: number of resamples.
        seed: seed of the resamples.

    Returns:
        A frame as `tables.metrics.COVERAGE`, for the models that state an interval.
    """
    rows = metrics.PREDICTIONS.frame(predictions).dropna(subset=["low", "high"])
    rows = _with_process(rows, process) if process is not None else rows.assign(low_50=np.nan, high_50=np.nan)
    label = rows["log10_sigma"]
    rows = rows.assign(
        held=label.between(rows["low"], rows["high"]),
        width=rows["high"] - rows["low"],
        held_50=label.between(rows["low_50"], rows["high_50"]).where(rows["low_50"].notna()).astype(float),
        width_50=rows["high_50"] - rows["low_50"],
        error=(rows["predicted"] - label).abs(),
    )
    parts = {CoverageOf.WHOLE: pd.Series(ALL, index=rows.index)}
    if families is not None:
        family = rows["electrolyte_id"].map(families)
        parts[CoverageOf.FAMILY] = family.where(rows["role"] == Role.TEST)
    if process is not None:
        parts |= {CoverageOf.DISTANCE: rows["third"], CoverageOf.DOMAIN: rows["side"]}
    found = []
    for protocol, block in rows.groupby("protocol", sort=False):
        bootstrap = Bootstrap.of(
            block["electrolyte_id"], clusters_for(protocol, clusters), n_bootstrap=n_bootstrap, seed=seed
        )
        for coverage_of, part in parts.items():
            for key, of_part in block.assign(part=part).groupby([*_BY, "part"], sort=False):
                ids = of_part["electrolyte_id"]
                held = bootstrap.mean_interval(ids, of_part["held"])
                error = bootstrap.mean_interval(ids, of_part["error"])
                found.append(
                    dict(zip([*_BY, "part"], key, strict=True))
                    | {
                        "coverage_of": coverage_of,
                        "coverage": of_part["held"].mean(),
                        "coverage_low": held[0],
                        "coverage_high": held[1],
                        "mean_width": of_part["width"].mean(),
                        "coverage_50": of_part["held_50"].mean(),
                        "mean_width_50": of_part["width_50"].mean(),
                        "mae": of_part["error"].mean(),
                        "mae_low": error[0],
                        "mae_high": error[1],
                        "mean_distance": of_part["nearest_distance"].mean()
                        if process is not None
                        else np.nan,
                        "n": ids.nunique(),
                    }
                )
    return metrics.COVERAGE.frame(found)


def _with_process(rows: pd.DataFrame, process: pd.DataFrame) -> pd.DataFrame:
    """Add the 50 % intervals, and for the test rows of every model `nearest_distance`, `third` and `side`."""
    places = rows_with(process, role=Role.TEST).drop_duplicates(_TEST_ROW)
    by_protocol = places.groupby("protocol")["nearest_distance"]
    near, far = (by_protocol.transform("quantile", share) for share in (1 / 3, 2 / 3))
    distance = places["nearest_distance"]
    places = places[[*_TEST_ROW, "role", "nearest_distance"]].assign(
        third=np.select([distance <= near, distance <= far], [NEAR, MIDDLE], FAR),
        side=np.where(places["outside_domain"], OUTSIDE, INSIDE),
    )
    stated = process[[*PREDICTION_KEY, *_INTERVAL_50]]
    return rows.merge(stated, on=list(PREDICTION_KEY), how="left").merge(
        places, on=[*_TEST_ROW, "role"], how="left"
    )
