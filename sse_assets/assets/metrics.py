"""Group `metrics`: what the predictions are worth."""

from collections.abc import Callable, Mapping
from dataclasses import asdict
from datetime import UTC, datetime
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.assets.raw import published_sources
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.curation.electrolytes import with_cells
from sse_assets.evaluation.by_chemistry import by_group_scores, representative_compounds
from sse_assets.evaluation.coverage import coverage
from sse_assets.evaluation.current_rows import keep_current
from sse_assets.evaluation.generated_contribution import contributions
from sse_assets.evaluation.intervals import comparisons
from sse_assets.evaluation.metrics import scores
from sse_assets.generation.records import shipped_comparisons
from sse_assets.kept import versions
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import write_bytes
from sse_assets.orchestration.evidence import EVIDENCE
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import table_asset, table_ins, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.pages import REPORT, page_link
from sse_assets.orchestration.settings import Settings
from sse_assets.report import published
from sse_assets.report.drawn_rows import of_protocol
from sse_assets.report.evidence_figures import intervals_of_parts
from sse_assets.report.inputs import Choice, Evidence, Generated, Judging, ReportInputs
from sse_assets.report.model_figures import scores_overview
from sse_assets.report.page import render_report
from sse_assets.report.parity_figures import language_model_parity, parity_plots
from sse_assets.splits.groups import merged_groups, resampled_whole
from sse_assets.tables import metrics
from sse_assets.tables.names import FeatureSet, Metric, ModelName, Protocol, Role

GROUP = "metrics"
_CODE_VERSION = "3"


@table_asset(
    "metrics.predictions",
    "Every prediction of every model: protocol, fold, role, label convention, 90 % interval.",
    table_ins(
        "curated.electrolytes",
        "models.baseline_predictions",
        "models.boosted_trees_predictions",
        "models.gaussian_process_predictions",
    )
    | table_ins(
        "models.language_models_predictions", "models.small_language_model_predictions", optional=True
    ),
    code_version=_CODE_VERSION,
)
def predictions(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    baseline_predictions: pd.DataFrame,
    boosted_trees_predictions: pd.DataFrame,
    gaussian_process_predictions: pd.DataFrame,
    language_models_predictions: pd.DataFrame,
    small_language_model_predictions: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Put the predictions of baselines and models into one table."""
    made_on_demand, left_out = keep_current(
        pd.concat([language_models_predictions, small_language_model_predictions]), baseline_predictions
    )
    for sentence in left_out:
        context.log.warning(sentence)
    always_made = [baseline_predictions, boosted_trees_predictions, gaussian_process_predictions]
    table = metrics.PREDICTIONS.frame(pd.concat([*always_made, made_on_demand], ignore_index=True))
    kept = kept_in(settings.blob_root)
    metadata = {"left_out": dg.MetadataValue.md("\n".join(left_out) or "none")}
    for protocol in table["protocol"].unique():
        rows, tested = of_protocol(boosted_trees_predictions, protocol, electrolytes)
        metadata[f"plot_parity_{protocol}"] = figure_metadata(
            partial(parity_plots, rows, tested, protocol), f"Parity, {protocol}", kept
        )
    for protocol in made_on_demand["protocol"].unique():
        rows, tested = of_protocol(made_on_demand, protocol, electrolytes)
        metadata[f"plot_language_models_{protocol}"] = figure_metadata(
            partial(language_model_parity, rows, tested, protocol), f"Language models, {protocol}", kept
        )
    return table_result(table, metadata=metadata)


@table_asset(
    "metrics.scores",
    "MAE, RMSE, R² and SRCC of every model under every protocol, with 95 % bootstrap intervals.",
    table_ins("metrics.predictions", "curated.electrolytes"),
    code_version=_CODE_VERSION,
)
def score_table(
    settings: dg.ResourceParam[Settings], predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Score everything that was predicted; a protocol that is as it was is not resampled again."""
    units = resampled_whole(with_cells(electrolytes))
    kept = kept_in(settings.blob_root)
    of_protocols = []
    for protocol, rows in predictions.groupby("protocol", sort=False):
        whole = _of_rows(units, str(protocol), rows)
        of_protocols.append(
            kept.frame(
                ["scores", _CODE_VERSION, versions("numpy", "pandas"), rows.reset_index(drop=True), whole],
                lambda rows=rows: scores(rows, units),  # type: ignore[misc]
            )
        )
    table = metrics.SCORES.frame(pd.concat(of_protocols, ignore_index=True))
    overview = figure_metadata(partial(scores_overview, table), "Test MAE by protocol", kept)
    return table_result(table, metadata={**_test_mae(table), "plot_test_mae": overview})


def _of_rows(units: Mapping[str, pd.Series], protocol: str, rows: pd.DataFrame) -> pd.Series | None:
    """Return what is resampled whole under a protocol, of the rows that are scored."""
    tied = units.get(protocol)
    return None if tied is None else tied[tied.index.isin(rows["electrolyte_id"])]


def _judgement(
    name: str,
    description: str,
    judge: Callable[..., pd.DataFrame],
    *further: str,
    tags: Mapping[str, str] | None = None,
) -> dg.AssetsDefinition:
    """Return an asset that a function makes from the predictions, the electrolytes and further tables."""

    @table_asset(
        f"metrics.{name}",
        description,
        table_ins("metrics.predictions", "curated.electrolytes", *further),
        code_version=_CODE_VERSION,
        tags=tags,
    )
    def judgement(**tables: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(judge(**tables | {"electrolytes": with_cells(tables["electrolytes"])}))

    return judgement


_JUDGEMENTS = [
    _judgement(
        "comparisons",
        "Paired differences in test MAE: trees against baselines, all features against composition.",
        lambda predictions, electrolytes: comparisons(predictions, resampled_whole(electrolytes)),
    ),
    _judgement(
        "by_chemical_group",
        "Test MAE of oxides, sulfides, halide sulfides and others (the paper's Table 8).",
        lambda predictions, electrolytes: by_group_scores(
            predictions, electrolytes, published.chemical_groups()
        ),
    ),
    _judgement(
        "representative_compounds",
        "Predictions for the eight compounds of the paper's Table 9.",
        lambda predictions, electrolytes: representative_compounds(
            predictions, electrolytes, published.compounds()
        ),
    ),
    _judgement(
        "generated_contribution",
        "Test MAE under `grouped` with and without what structure generation gives.",
        lambda predictions, electrolytes, boosted_trees_without_generated: contributions(
            predictions, boosted_trees_without_generated, electrolytes, merged_groups(electrolytes)
        ),
        "models.boosted_trees_without_generated",
        tags=EVIDENCE,
    ),
]


@table_asset(
    "metrics.coverage",
    "How often the 50 % and 90 % intervals hold the measured value, and how wide they are: on all rows, by "
    "family, by distance to the training data, and inside and outside the domain.",
    table_ins("metrics.predictions", "curated.electrolytes", "models.gaussian_process_predictions"),
    code_version=_CODE_VERSION,
)
def coverage_table(
    settings: dg.ResourceParam[Settings],
    predictions: pd.DataFrame,
    electrolytes: pd.DataFrame,
    gaussian_process_predictions: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Count how often the intervals hold the measured value; a protocol as it was is not resampled again."""
    units, kept = resampled_whole(with_cells(electrolytes)), kept_in(settings.blob_root)
    families = electrolytes.set_index("electrolyte_id")["family"]
    of_protocols = [metrics.COVERAGE.frame()]
    for protocol, rows in predictions.dropna(subset=["low", "high"]).groupby("protocol", sort=False):
        process = gaussian_process_predictions[gaussian_process_predictions["protocol"] == protocol]
        tested = families[families.index.isin(rows["electrolyte_id"])]
        question = [rows.reset_index(drop=True), _of_rows(units, str(protocol), rows), tested, process]
        of_protocols.append(
            kept.frame(
                ["coverage", _CODE_VERSION, versions("numpy", "pandas"), *question],
                lambda rows=rows, process=process: coverage(  # type: ignore[misc]
                    rows, units, families=families, process=process
                ),
            )
        )
    table = metrics.COVERAGE.frame(pd.concat(of_protocols, ignore_index=True))
    parts = figure_metadata(partial(intervals_of_parts, table), "Where the intervals hold", kept)
    return table_result(table, metadata={"plot_intervals": parts})


_REPORTED = [f"curated.{name}" for name in ("electrolytes", "rejected")]
_REPORTED += [f"splits.{name}" for name in ("assignments", "leakage")]
_REPORTED += ["models.champions", *(f"metrics.{name}" for name in ("predictions", "scores", "comparisons"))]
"""Tables that the report takes as they are."""
_JUDGING = [f"metrics.{name}" for name in ("leaderboard", "floor", "doubtful_labels")]
_CHOICE = [f"models.{name}" for name in ("candidates", "choice", "answering")]
_EVIDENCE = [f"metrics.{name}" for name in ("coverage", "learning_curve", "process_factors", "shap_ranking")]
_PROTOTYPES = ["generated.prototypes", "generated.prototypes_left_out"]
_GENERATED = [f"generated.{name}" for name in ("structures", "search_history", "dynamics", "validation")]


@dg.asset(
    key=[GROUP, "report"],
    ins=table_ins(
        *_REPORTED,
        *_JUDGING,
        *_CHOICE,
        *_EVIDENCE,
        *_PROTOTYPES,
        "models.boosted_trees_shap",
        "models.boosted_trees_settings",
        "metrics.generated_contribution",
        "metrics.prototype_contribution",
    )
    | table_ins(
        "models.language_models",
        "models.small_language_model",
        "metrics.small_language_model_learning_curve",
        *_GENERATED,
        optional=True,
    ),
    group_name=GROUP,
    description="The paper's tables and figures made from this run's data, in one HTML file.",
    kinds={"html"},
    code_version="5",
)
def report(settings: dg.ResourceParam[Settings], **tables: pd.DataFrame) -> dg.MaterializeResult[None]:
    """Write the report below the blob root."""
    electrolytes = tables["electrolytes"]
    hyperparameters, shap_values = tables["boosted_trees_settings"], tables["boosted_trees_shap"]
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
            **{name: tables[name] for name in table_ins(*_REPORTED)}
            | {"electrolytes": with_cells(electrolytes)},
            n_formula_only=int(electrolytes["formula_only"].sum()),
            choice=Choice(**{name: tables[name] for name in table_ins(*_CHOICE)}),
            judging=Judging(**{name: tables[name] for name in table_ins(*_JUDGING)}),
            evidence=Evidence(**{name: tables[name] for name in table_ins(*_EVIDENCE)}),
            shap_values=shap_values[explained],
            language_model_fits=pd.concat(
                [tables["language_models"], tables["small_language_model"]], ignore_index=True
            ),
            small_language_model_curve=tables["small_language_model_learning_curve"],
            generated=Generated(
                **{name: tables[name] for name in table_ins(*_GENERATED, *_PROTOTYPES)},
                contribution=tables["generated_contribution"],
                prototype_contribution=tables["prototype_contribution"],
                beside_known=shipped_comparisons(),
            ),
            settings={name: of_all_features[name].item() for name in asdict(BoostedTreesSettings())},
            sources=published_sources(settings.dataset),
        ),
        kept_in(settings.blob_root),
    )
    path = settings.report
    write_bytes(path, html.encode())
    size_mb = round(len(html) / 1e6, 2)
    return dg.MaterializeResult(
        metadata={"report": page_link(REPORT), "size_mb": size_mb, **_test_mae(tables["scores"])}
    )


def _test_mae(table: pd.DataFrame) -> dict[str, float]:
    """Return the test MAE of the trees as numeric metadata, so that the UI draws it over time."""
    rows = table[
        (table["metric"] == Metric.MAE) & (table["role"] == Role.TEST) & (table["variant"] == FeatureSet.ALL)
    ]
    rows = rows[rows["model"] == ModelName.BOOSTED_TREES]
    return {
        f"mae_{row['protocol']}_{row['label_convention']}": round(float(row["value"]), 4)
        for row in rows.to_dict("records")
    }


metrics_assets = [predictions, score_table, coverage_table, *_JUDGEMENTS, report]
