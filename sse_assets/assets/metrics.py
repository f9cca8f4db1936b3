"""Group `metrics`: what the predictions are worth."""

from dataclasses import asdict
from datetime import UTC, datetime

import dagster as dg
import pandas as pd

from sse_assets.assets.raw import published_sources
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.evaluation.by_chemistry import by_group_scores, representative_compounds
from sse_assets.evaluation.current_rows import keep_current
from sse_assets.evaluation.generated_contribution import contributions
from sse_assets.evaluation.intervals import comparisons, coverage
from sse_assets.evaluation.metrics import scores
from sse_assets.generation.records import shipped_comparisons
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import file_metadata, table_result
from sse_assets.orchestration.on_demand import optional_input
from sse_assets.orchestration.settings import Settings
from sse_assets.report import published
from sse_assets.report.inputs import Generated, Judging, ReportInputs
from sse_assets.report.model_figures import scores_overview
from sse_assets.report.page import render_report
from sse_assets.report.parity_figures import language_model_parity, parity_plots
from sse_assets.splits.groups import merged_groups
from sse_assets.tables.names import FeatureSet, Metric, ModelName, Protocol, Role

GROUP = "metrics"
_CODE_VERSION = "1"
_ELECTROLYTES = dg.AssetIn(["curated", "electrolytes"])
_PREDICTIONS = dg.AssetIn([GROUP, "predictions"])


@dg.asset(
    key=[GROUP, "predictions"],
    ins={
        "electrolytes": _ELECTROLYTES,
        "baselines": dg.AssetIn(["models", "baseline_predictions"]),
        "boosted_trees": dg.AssetIn(["models", "boosted_trees_predictions"]),
        "language_models": optional_input(["models", "language_models_predictions"]),
        "small_language_model": optional_input(["models", "small_language_model_predictions"]),
    },
    group_name=GROUP,
    description="Every prediction of every model: protocol, fold, role, label convention, 90 % interval.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def predictions(
    context: dg.AssetExecutionContext,
    electrolytes: pd.DataFrame,
    baselines: pd.DataFrame,
    boosted_trees: pd.DataFrame,
    language_models: pd.DataFrame,
    small_language_model: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Predictions of baselines and models in one table."""
    made_on_demand, left_out = keep_current(pd.concat([language_models, small_language_model]), baselines)
    for sentence in left_out:
        context.log.warning(sentence)
    table = pd.concat([baselines, boosted_trees, made_on_demand], ignore_index=True)
    metadata = {"left_out": dg.MetadataValue.md("\n".join(left_out) or "none")}
    for protocol in table["protocol"].unique():
        metadata[f"plot_parity_{protocol}"] = figure_metadata(
            parity_plots(table, electrolytes, protocol), f"Parity, {protocol}"
        )
    for protocol in made_on_demand["protocol"].unique():
        metadata[f"plot_language_models_{protocol}"] = figure_metadata(
            language_model_parity(table, electrolytes, protocol), f"Language models, {protocol}"
        )
    return table_result(table, metadata=metadata)


@dg.asset(
    key=[GROUP, "scores"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="MAE, RMSE, R² and SRCC of every model under every protocol, with 95 % bootstrap intervals.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def score_table(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Score everything that was predicted."""
    table = scores(predictions, merged_groups(electrolytes))
    overview = figure_metadata(scores_overview(table), "Test MAE by protocol")
    return table_result(table, metadata={**_test_mae(table), "plot_test_mae": overview})


@dg.asset(
    key=[GROUP, "comparisons"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Paired differences in test MAE: trees against baselines, all features against composition.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def comparison_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether a difference is more than chance."""
    return table_result(comparisons(predictions, merged_groups(electrolytes)))


@dg.asset(
    key=[GROUP, "coverage"],
    ins={"predictions": _PREDICTIONS},
    group_name=GROUP,
    description="Share of rows inside the 90 % interval that a model gave for them.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def coverage_table(predictions: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether the intervals keep their word."""
    return table_result(coverage(predictions))


@dg.asset(
    key=[GROUP, "by_chemical_group"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Test MAE of oxides, sulfides, halide sulfides and others (the paper's Table 8).",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def chemical_group_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Where the models can be trusted and where not."""
    return table_result(by_group_scores(predictions, electrolytes, published.chemical_groups()))


@dg.asset(
    key=[GROUP, "representative_compounds"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Predictions for the eight compounds of the paper's Table 9.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def representative_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Well-known compounds, predicted and measured."""
    return table_result(representative_compounds(predictions, electrolytes, published.compounds()))


@dg.asset(
    key=[GROUP, "generated_contribution"],
    ins={
        "predictions": _PREDICTIONS,
        "without_generated": dg.AssetIn(["models", "boosted_trees_without_generated"]),
        "electrolytes": _ELECTROLYTES,
    },
    group_name=GROUP,
    description="Test MAE under `grouped` with and without what structure generation gives.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def generated_contribution_table(
    predictions: pd.DataFrame, without_generated: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether generated structures help."""
    return table_result(
        contributions(predictions, without_generated, electrolytes, merged_groups(electrolytes))
    )


REPORT = "reports/report.html"
"""Where the report lies under the blob root."""


@dg.asset(
    key=[GROUP, "report"],
    ins={
        "electrolytes": _ELECTROLYTES,
        "rejected": dg.AssetIn(["curated", "rejected"]),
        "assignments": dg.AssetIn(["splits", "assignments"]),
        "leakage": dg.AssetIn(["splits", "leakage"]),
        "shap_values": dg.AssetIn(["models", "boosted_trees_shap"]),
        "hyperparameters": dg.AssetIn(["models", "boosted_trees_settings"]),
        "champions": dg.AssetIn(["models", "champions"]),
        "predictions": _PREDICTIONS,
        "scores": dg.AssetIn([GROUP, "scores"]),
        "comparisons": dg.AssetIn([GROUP, "comparisons"]),
        "language_models": optional_input(["models", "language_models"]),
        "small_language_model": optional_input(["models", "small_language_model"]),
        "contribution": dg.AssetIn([GROUP, "generated_contribution"]),
        "leaderboard": dg.AssetIn([GROUP, "leaderboard"]),
        "floor": dg.AssetIn([GROUP, "floor"]),
        "doubtful_labels": dg.AssetIn([GROUP, "doubtful_labels"]),
        "structures": optional_input(["generated", "structures"]),
        "search_history": optional_input(["generated", "search_history"]),
        "dynamics": optional_input(["generated", "dynamics"]),
        "validation": optional_input(["generated", "validation"]),
    },
    group_name=GROUP,
    description="The paper's tables and figures made from this run's data, in one HTML file.",
    kinds={"html"},
    code_version=_CODE_VERSION,
)
def report(
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    rejected: pd.DataFrame,
    assignments: pd.DataFrame,
    leakage: pd.DataFrame,
    shap_values: pd.DataFrame,
    hyperparameters: pd.DataFrame,
    champions: pd.DataFrame,
    predictions: pd.DataFrame,
    scores: pd.DataFrame,
    comparisons: pd.DataFrame,
    language_models: pd.DataFrame,
    small_language_model: pd.DataFrame,
    contribution: pd.DataFrame,
    leaderboard: pd.DataFrame,
    floor: pd.DataFrame,
    doubtful_labels: pd.DataFrame,
    structures: pd.DataFrame,
    search_history: pd.DataFrame,
    dynamics: pd.DataFrame,
    validation: pd.DataFrame,
) -> dg.MaterializeResult[None]:
    """Write the report under the blob root."""
    of_all_features = hyperparameters[hyperparameters["feature_set"] == FeatureSet.ALL]
    explained = (
        (shap_values["feature_set"] == FeatureSet.ALL)
        & (shap_values["protocol"] == Protocol.DIVERSITY)
        & (shap_values["label_convention"] == LabelConvention.BOUND)
    )
    html = render_report(
        ReportInputs(
            data_set=settings.dataset.value,
            created=datetime.now(UTC),
            electrolytes=electrolytes,
            rejected=rejected,
            assignments=assignments,
            leakage=leakage,
            predictions=predictions,
            scores=scores,
            comparisons=comparisons,
            judging=Judging(leaderboard, floor, doubtful_labels),
            champions=champions,
            shap_values=shap_values[explained],
            language_model_fits=pd.concat([language_models, small_language_model], ignore_index=True),
            generated=Generated(
                structures,
                search_history,
                dynamics,
                validation,
                contribution,
                shipped_comparisons(),
            ),
            settings={name: of_all_features[name].item() for name in asdict(BoostedTreesSettings())},
            sources=published_sources(settings.dataset),
        )
    )
    path = settings.blob_root / REPORT
    write_bytes(path, html.encode())
    return dg.MaterializeResult(
        metadata={"report": file_metadata(path), "size_mb": round(len(html) / 1e6, 2), **_test_mae(scores)},
    )


def _test_mae(table: pd.DataFrame) -> dict[str, float]:
    """Numeric metadata, so that the UI draws scores over time."""
    rows = table[
        (table["metric"] == Metric.MAE) & (table["role"] == Role.TEST) & (table["variant"] == FeatureSet.ALL)
    ]
    rows = rows[rows["model"] == ModelName.BOOSTED_TREES]
    return {
        f"mae_{row['protocol']}_{row['label_convention']}": round(float(row["value"]), 4)
        for row in rows.to_dict("records")
    }


metrics_assets = [
    predictions,
    score_table,
    comparison_table,
    coverage_table,
    chemical_group_table,
    representative_table,
    generated_contribution_table,
    report,
]
