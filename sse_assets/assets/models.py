"""Group `models`: baselines and boosted trees, trained under every protocol."""

import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.assets.settings_by_step import TreeSettingsOfStep
from sse_assets.boosted_trees import train_feature_set, tune
from sse_assets.boosted_trees.explanation import kept_shap_values, out_of_fold_shap_values, shap_ranking
from sse_assets.boosted_trees.folds import folds_of
from sse_assets.boosted_trees.left_out import predictions_without
from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.recipe import Recipe
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.feature_sets import feature_matrix
from sse_assets.evaluation.baselines import baseline_predictions
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.orchestration.evidence import EVIDENCE
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import file_metadata, table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in, used_now
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.step_settings import with_values_of
from sse_assets.orchestration.tables import content_sha256
from sse_assets.report.model_figures import shap_summary
from sse_assets.splits.groups import merged_groups
from sse_assets.tables import models
from sse_assets.tables.names import FeatureSet, Protocol, Role, StructureOrigin

GROUP = "models"
_CODE_VERSION = "1"
_TRAINING_CODE_VERSION = "3"
"""3: a model lies in a folder of its own version."""
_TABLE_1 = BoostedTreesSettings()
_TUNING_PROTOCOLS = (Protocol.OFFICIAL, Protocol.DIVERSITY)
"""Protocols to tune under. Tuning sees the training rows of the first that the data set has, no test row."""

feature_sets = dg.StaticPartitionsDefinition([feature_set.value for feature_set in FeatureSet])

_DESCRIPTORS = table_ins("descriptors.stoichiometric", "descriptors.geometric")
_DATA = table_ins("curated.electrolytes", "splits.assignments") | _DESCRIPTORS
_SETTINGS = table_ins("models.boosted_trees_settings")


@table_asset(
    "models.baseline_predictions",
    "Predictions that any model has to beat: the train median, and the label of the nearest training row.",
    _DATA,
    kind="scikitlearn",
    code_version=_CODE_VERSION,
)
def baselines(
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Predict by both baselines on every fold."""
    features = {str(name): feature_matrix(name, stoichiometric, geometric) for name in FeatureSet}
    return table_result(baseline_predictions(features, labels(electrolytes), assignments))


class SettingsConfig(TreeSettingsOfStep, StepConfig):
    """Hyperparameters of the boosted trees: the paper's Table 1, unless tuned."""


@table_asset(
    "models.boosted_trees_settings",
    "Hyperparameters of the boosted trees: Table 1 as it stands, or the outcome of a Bayesian search on "
    "the cross-validated MSE inside the training rows (`tuning_steps` in the launchpad).",
    _DATA,
    partitions_def=feature_sets,
    kind="xgboost",
    code_version=_CODE_VERSION,
)
def boosted_trees_settings(
    context: dg.AssetExecutionContext,
    config: SettingsConfig,
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Settle the hyperparameters of one feature set; the table has one row."""
    feature_set = FeatureSet(context.partition_key)
    steps = config.tuning_steps
    electrolytes = with_cells(electrolytes)
    settings, metadata = with_values_of(config, _TABLE_1), {}
    origin = "Table 1" if settings == _TABLE_1 else "launchpad"
    if steps:
        rows = assignments[(assignments["role"] == Role.TRAIN) & (assignments["fold"] == 0)]
        protocol = next(name for name in _TUNING_PROTOCOLS if name in set(rows["protocol"]))
        ids = rows.loc[rows["protocol"] == protocol, "electrolyte_id"]
        result = tune(
            feature_matrix(feature_set, stoichiometric, geometric).loc[ids],
            labels(electrolytes).loc[ids, LabelConvention.BOUND],
            n_calls=steps,
            cv_groups=merged_groups(electrolytes) if protocol == Protocol.OFFICIAL else None,
            seed=settings.seed,
            workers=workers(),
            progress=report_progress(context.log, f"tuning ({feature_set})"),
        )
        settings, origin = result.settings, f"tuned in {steps} steps on the training rows of {protocol}"
        metadata["history"] = dg.MetadataValue.md(markdown_table(result.history))
    row = {"feature_set": feature_set, "origin": origin, **asdict(settings)}
    return table_result(models.BOOSTED_TREES_SETTINGS.frame([row]), metadata=metadata)


@dg.multi_asset(
    name="fit_boosted_trees",
    ins=_SETTINGS | _DATA,
    outs=table_outs(
        GROUP,
        {
            "boosted_trees": "A row for each fit, and the stored models: one for each protocol with a single "
            "fold and one trained on every row, under both label conventions.",
            "boosted_trees_predictions": "Predictions of every fit for its training and test rows, with 90 % "
            "intervals.",
        },
        code_version=_TRAINING_CODE_VERSION,
        kinds={"boosted_trees": "xgboost"},
    ),
    partitions_def=feature_sets,
)
def boosted_trees(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    boosted_trees_settings: pd.DataFrame,
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Train on one feature set."""
    feature_set = FeatureSet(context.partition_key)
    features = feature_matrix(feature_set, stoichiometric, geometric)
    electrolytes = with_cells(electrolytes)
    hyperparameters = _only_row(boosted_trees_settings)
    folder = f"models/boosted_trees/{feature_set}"
    there: dict[str, ModelCard | None] = {}

    def stored(version: str, protocol: str) -> BoostedTreesModel | None:
        found = None
        for convention in LabelConvention:
            path = f"{folder}/{version}/{protocol}-{convention}"
            with suppress(FileNotFoundError):
                found = BoostedTreesModel.load(str(settings.blob_root / path))
                there[path] = found.card
        return found

    trained = train_feature_set(
        features,
        labels(electrolytes),
        assignments,
        hyperparameters,
        feature_set=feature_set,
        cv_groups=merged_groups(electrolytes),
        workers=workers(),
        progress=report_progress(context.log, f"boosted trees ({feature_set}), fits"),
        kept=kept_in(settings.blob_root),
        stored=stored,
    )
    paths: dict[tuple[str, str], str] = {}
    for (protocol, convention), model in trained.models.items():
        assert model.card is not None  # training gives each a card
        path = f"{folder}/{model.card.data_version}/{protocol}-{convention}"
        paths[protocol, convention] = path
        if there.get(path) == model.card:
            used_now(settings.blob_root / path)  # until the table is written, nothing may name it
        else:
            model.save(str(settings.blob_root / path))
    # A later model is compared with this one on these rows.
    final = Recipe.of(features, labels(electrolytes)[LabelConvention.BOUND], electrolytes, hyperparameters)
    final.save_rows(str(settings.blob_root / paths[Protocol.ALL_ROWS, LabelConvention.BOUND]))
    fitted = zip(trained.fits["protocol"], trained.fits["label_convention"], strict=True)
    fits = trained.fits.assign(model_path=pd.Series([paths.get(fit) for fit in fitted], dtype="str"))
    # The time of a fit says nothing of the model, and is left out of the data version.
    yield table_result(
        fits,
        "models.boosted_trees",
        data_version=content_sha256(fits.drop(columns="seconds")),
        metadata={
            "models": file_metadata(folder),
            "fitting_seconds": float(fits["seconds"].sum()),
        },
    )
    yield table_result(trained.predictions, "models.boosted_trees_predictions")


@table_asset(
    "models.boosted_trees_shap",
    "SHAP value of every feature of every electrolyte, for each stored model.",
    table_ins("models.boosted_trees") | _DESCRIPTORS,
    partitions_def=feature_sets,
    kind="shap",
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def boosted_trees_shap(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    boosted_trees: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Explain the stored models of one feature set."""
    features = feature_matrix(FeatureSet(context.partition_key), stoichiometric, geometric)
    stored = boosted_trees.dropna(subset=["model_path"]).to_dict("records")
    progress = report_progress(context.log, f"SHAP ({context.partition_key}), models")
    explained = []
    kept = kept_in(settings.blob_root)
    for done, fit in enumerate(stored, start=1):
        model = BoostedTreesModel.load(str(settings.blob_root / fit["model_path"]))
        assert model.card is not None  # no model is stored without one
        names = {name: fit[name] for name in ("feature_set", "protocol", "label_convention")}
        values = kept_shap_values(
            model.card.data_version,
            lambda model=model: model,  # type: ignore[misc]
            features[list(model.feature_names)],
            kept=kept,
            workers=workers(),
        )
        explained.append(values.assign(**names))
        progress(done, len(stored))
    first = explained[0]
    ranking = shap_ranking(first).head(10)
    title = f"SHAP, {context.partition_key}, protocol {first['protocol'].iloc[0]}"
    return table_result(
        models.BOOSTED_TREES_SHAP.frame(pd.concat(explained)),
        metadata={
            "ten_strongest": dg.MetadataValue.md(markdown_table(ranking)),
            "plot_shap": figure_metadata(partial(shap_summary, first), title, kept),
        },
    )


@table_asset(
    "models.boosted_trees_grouped_shap",
    "SHAP values of the test rows under `grouped`, by trees on all features that did not see them.",
    _SETTINGS | _DATA,
    kind="shap",
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def boosted_trees_grouped_shap(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    boosted_trees_settings: pd.DataFrame,
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Explain the trees where they are tested honestly; their folds are fitted anew, as none is stored."""
    values = out_of_fold_shap_values(
        folds_of(assignments[assignments["protocol"] == Protocol.GROUPED]),
        feature_matrix(FeatureSet.ALL, stoichiometric, geometric),
        labels(electrolytes)[LabelConvention.BOUND],
        _of_all_features(boosted_trees_settings),
        workers=workers(),
        progress=report_progress(context.log, "SHAP under grouped, folds"),
        kept=kept_in(settings.blob_root),
    )
    names = {
        "feature_set": FeatureSet.ALL,
        "protocol": Protocol.GROUPED,
        "label_convention": LabelConvention.BOUND,
    }
    return table_result(models.BOOSTED_TREES_GROUPED_SHAP.frame(values.assign(**names)))


@table_asset(
    "models.boosted_trees_without_generated",
    "Test predictions under `grouped` by trees on all features that did not train on rows with a "
    "generated structure; none if there are no such rows.",
    _SETTINGS | _DATA,
    kind="xgboost",
    code_version=_CODE_VERSION,
    tags=EVIDENCE,
)
def boosted_trees_without_generated(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    boosted_trees_settings: pd.DataFrame,
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Train without what structure generation gave."""
    is_generated = electrolytes["structure_origin"] == StructureOrigin.GENERATED
    return table_result(
        predictions_without(
            electrolytes.loc[is_generated, "electrolyte_id"].tolist(),
            feature_matrix(FeatureSet.ALL, stoichiometric, geometric),
            labels(electrolytes)[LabelConvention.BOUND],
            assignments[assignments["protocol"] == Protocol.GROUPED],
            _of_all_features(boosted_trees_settings),
            workers=workers(),
            progress=report_progress(context.log, "boosted trees without generated rows, fits"),
            kept=kept_in(settings.blob_root),
        )
    )


boosted_trees_assets = [
    boosted_trees_settings,
    boosted_trees,
    boosted_trees_shap,
    boosted_trees_grouped_shap,
]
model_assets = [baselines, *boosted_trees_assets, boosted_trees_without_generated]


def settings_of(table: pd.DataFrame, feature_set: FeatureSet) -> BoostedTreesSettings:
    """Return the hyperparameters of one feature set from `models.boosted_trees_settings`."""
    return _only_row(table[table["feature_set"] == feature_set])


def _only_row(table: pd.DataFrame) -> BoostedTreesSettings:
    """Return the hyperparameters in a table that has one row."""
    return BoostedTreesSettings(**{name: table[name].item() for name in asdict(_TABLE_1)})


def _of_all_features(boosted_trees_settings: pd.DataFrame) -> BoostedTreesSettings:
    """Return the hyperparameters of the trees on all features, of those of every feature set."""
    return _only_row(boosted_trees_settings[boosted_trees_settings["feature_set"] == FeatureSet.ALL])


def workers() -> int:
    """Return the number of fits of one step that run at a time."""
    return os.cpu_count() or 1
