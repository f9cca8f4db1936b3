"""One table of everything that has a score: models, baselines, submissions, publications and the floor."""

import pandas as pd

from sse_assets.evaluation.intervals import Predictor
from sse_assets.tables import metrics
from sse_assets.tables.names import NO_VARIANT, Entry, Metric, ModelName, Role

THIS_RUN = "this run"
OTHER_PAPERS = "median of other papers on the same composition"
BASELINES = (ModelName.TRAIN_MEDIAN, ModelName.NEAREST_NEIGHBOUR)
"""What every model has to beat."""
_LOWER_IS_BETTER = (Metric.MAE, Metric.RMSE)


def leaderboard(
    scores: pd.DataFrame, submitted: pd.DataFrame, published: pd.DataFrame, floor: pd.DataFrame
) -> pd.DataFrame:
    """Return every test score in one table, ranked within each protocol, label convention and metric.

    Published values and the floor rest on other rows and have no rank.

    Args:
        scores: a frame as `tables.metrics.SCORES`.
        submitted: the same, of submitted models.
        published: columns protocol, label_convention, model, variant, metric, value and source.
        floor: a frame as `tables.metrics.FLOOR`.

    Returns:
        A frame as `tables.metrics.LEADERBOARD`.
    """
    ours = _test(scores).assign(source=THIS_RUN)
    is_baseline = ours["model"].isin(BASELINES)
    theirs = _test(submitted).assign(entry=Entry.SUBMITTED, source="submitted")
    ours = ours.assign(entry=is_baseline.map({True: Entry.BASELINE, False: Entry.MODEL}))
    ranked = pd.concat([frame for frame in (ours, theirs) if len(frame)] or [ours])
    better_first = ranked["value"].where(ranked["metric"].isin(_LOWER_IS_BETTER), -ranked["value"])
    rank = better_first.groupby([ranked[name] for name in ("protocol", "label_convention", "metric")])
    ranked = ranked.assign(rank=rank.rank(method="min"))
    lowest = floor[floor["statistic"] == "mean"].assign(
        entry=Entry.FLOOR, model=OTHER_PAPERS, variant=NO_VARIANT, metric=Metric.MAE, source=THIS_RUN
    )
    tables = [ranked, published.assign(entry=Entry.PUBLISHED), lowest]
    return metrics.LEADERBOARD.frame(pd.concat([table for table in tables if len(table)] or [ranked]))


def best_model(scores: pd.DataFrame, protocol: str, label_convention: str) -> Predictor | None:
    """Return model and variant with the lowest test MAE, baselines aside; None if no model was scored."""
    mae = _test(scores)
    mae = mae[
        (mae["protocol"] == protocol)
        & (mae["label_convention"] == label_convention)
        & (mae["metric"] == Metric.MAE)
        & ~mae["model"].isin(BASELINES)
    ]
    if mae.empty:
        return None
    best = mae.sort_values("value", kind="stable").iloc[0]
    return str(best["model"]), str(best["variant"])


def _test(scores: pd.DataFrame) -> pd.DataFrame:
    return scores[scores["role"] == Role.TEST].reset_index(drop=True)
