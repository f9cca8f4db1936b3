"""The run in miniature, what language models say of it, and the inputs of its report."""

from datetime import UTC, datetime

import pandas as pd
import pytest

from sse_assets.report.inputs import Choice, Evidence, Judging, ReportInputs
from sse_assets.sources.registry import Source
from sse_assets.tables import metrics, models
from sse_assets_tests.evaluation.conftest import answers, run
from sse_assets_tests.miniature_run import Run
from sse_assets_tests.report.generated_examples import NOTHING_GENERATED

__all__ = ["answers", "run"]

REJECTED = pd.DataFrame(
    [
        ("liion", "12", "Li3PS4", "measured at 60 °C, outside 20–34 °C"),
        ("liion", "13", "Li2S", "measured at 75.5 °C, outside 20–34 °C"),
        (
            "obelix",
            "abc",
            "Li2O3",
            "Li2O3 cannot be charge balanced: at least 50% of the positive charge is left",
        ),
    ],
    columns=["source", "source_id", "formula", "reason"],
)


@pytest.fixture(scope="session")
def inputs(run: Run) -> ReportInputs:
    """Return the inputs of a report without language models and without generated structures."""
    return ReportInputs(
        data_set="sample <b>",
        created=datetime(2026, 3, 1, 12, 0, tzinfo=UTC),
        electrolytes=run.electrolytes,
        n_formula_only=7,
        rejected=REJECTED,
        assignments=run.assignments,
        leakage=run.leakage,
        predictions=run.predictions,
        scores=run.scores,
        comparisons=run.comparisons,
        judging=Judging(metrics.LEADERBOARD.frame(), metrics.FLOOR.frame(), metrics.DOUBTFUL_LABELS.frame()),
        choice=Choice(models.CANDIDATES.frame(), models.CHOICE.frame(), models.ANSWERING.frame()),
        evidence=Evidence(
            run.coverage,
            metrics.LEARNING_CURVE.frame(),
            metrics.PROCESS_FACTORS.frame(),
            metrics.SHAP_RANKING.frame(),
        ),
        champions=models.CHAMPIONS.frame(),
        shap_values=run.shap_values,
        language_model_fits=models.LANGUAGE_MODELS.frame(),
        small_language_model_curve=metrics.SMALL_LANGUAGE_MODEL_LEARNING_CURVE.frame(),
        generated=NOTHING_GENERATED,
        settings={"n_estimators": 60, "learning_rate": 0.1},
        sources=(Source("OBELiX table", "CC BY 4.0", "Therrien et al. 2025", "54f6265e"),),
    )
