"""Checks that warn when data or scores are no longer what they were; the UI keeps and draws their history."""

import dagster as dg
import pandas as pd

from sse_assets.evaluation.drift import Drift, data_drift, score_drift
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore


@dg.asset_check(
    asset=dg.AssetKey(["curated", "electrolytes"]),
    description="Rows new, withdrawn or relabelled, labels, elements, families: beside the last version.",
)
def data_have_not_drifted(
    settings: dg.ResourceParam[Settings], electrolytes: pd.DataFrame
) -> dg.AssetCheckResult:
    """Compare the electrolytes of today with those before the last change."""
    before = TableStore(settings.blob_root).read_previous(TableKey("curated", "electrolytes"))
    return _warning(data_drift(before, electrolytes))


@dg.asset_check(
    asset=dg.AssetKey(["metrics", "scores"]),
    description="Test MAE of the trees on all features, `grouped` and `official`, beside the last version.",
)
def scores_have_not_drifted(
    settings: dg.ResourceParam[Settings], scores: pd.DataFrame
) -> dg.AssetCheckResult:
    """Compare the scores of today with those before the last change."""
    before = TableStore(settings.blob_root).read_previous(TableKey("metrics", "scores"))
    return _warning(score_drift(before, scores))


def _warning(drift: Drift) -> dg.AssetCheckResult:
    """Return a check that only warns: a person decides what drift means, and no step waits for that."""
    return dg.AssetCheckResult(
        passed=not drift.drifted,
        severity=dg.AssetCheckSeverity.WARN,
        description=drift.sentence,
        metadata=drift.figures,
    )


drift_checks = [data_have_not_drifted, scores_have_not_drifted]
