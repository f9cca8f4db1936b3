"""Group `models`: language models on prompts, the paper's three fine-tuned and a small one from scratch.

All of them are made on demand: a 7-8B model needs weights and a GPU, the small one minutes of a CPU.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import pandas as pd

from sse_assets.assets.choice import of_papers
from sse_assets.assets.language_model_settings import FineTuningSettingsOfStep, SmallModelSettingsOfStep
from sse_assets.evaluation.floor import SHARES, learning_curve
from sse_assets.language_models.base_models import BASE_MODELS, BaseModel
from sse_assets.language_models.errors import require_packages
from sse_assets.language_models.prompts import measured_prompts
from sse_assets.language_models.settings import LoadSettings, Quantisation
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import publish_folder
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS, waiting_for_gpu_memory
from sse_assets.orchestration.io import file_metadata, table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.on_demand import ON_DEMAND, refuse_unless_asked_for
from sse_assets.orchestration.progress import at_most_every, report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import content_sha256
from sse_assets.report.evidence_figures import learning_curves
from sse_assets.report.titles import PROTOCOL_MEANINGS
from sse_assets.report.training_figures import loss_curves
from sse_assets.splits.groups import papers, published
from sse_assets.splits.papers import as_folds
from sse_assets.tables import metrics, splits
from sse_assets.tables.names import PromptCase, Protocol, Role

if TYPE_CHECKING:  # it imports torch, which takes seconds and is not installed everywhere
    from sse_assets.language_models.protocols import CaseSettings

GROUP = "models"
FINE_TUNE, TRAIN_SMALL = "fine_tune_language_models", "train_small_language_model"
"""Names of the jobs that train."""
_CODE_VERSION = "2"
"""2: prompts with the symmetry of a prototype train too."""
_SECONDS_BETWEEN_CURVES = 30.0
_TIMINGS = ["seconds", "tokens_per_second", "peak_memory_gb", "resumed_at_step"]
"""Columns of a fit that say nothing about the model."""

prompt_cases = dg.StaticPartitionsDefinition([case.value for case in PromptCase])
fine_tunings = dg.MultiPartitionsDefinition(
    {"base_model": dg.StaticPartitionsDefinition([str(name) for name in BASE_MODELS]), "case": prompt_cases}
)

_DATA = table_ins("descriptors.prompts", "splits.assignments", "splits.leakage", "splits.formula_only")
_PAPERS = table_ins(
    "descriptors.prompts", "splits.assignments", "splits.formula_only", "curated.electrolytes"
)


class FineTuningConfig(FineTuningSettingsOfStep, StepConfig):
    """Fine-tuning of a 7-8B model: the paper's Table 2, and our values where it gives none."""


class SmallModelConfig(SmallModelSettingsOfStep, StepConfig):
    """Training of a small model from random weights, on a CPU; its recipe is `small.SMALL_TRAINING`."""


def _outputs(name: str, what: str) -> dict[str, dg.AssetOut]:
    """Return the three tables of a step that trains language models."""
    described = {
        name: f"{what}: a row for each fit, with its cost, its valid answers and where the model lies.",
        f"{name}_predictions": f"{what}: predictions of every fit for its training and test rows.",
        f"{name}_losses": f"{what}: training loss of every update.",
    }
    return table_outs(GROUP, described, code_version=_CODE_VERSION, kind="huggingface", tags=ON_DEMAND)


@dg.multi_asset(
    name="fine_tune_language_model",
    ins=_DATA,
    outs=_outputs("language_models", "One of the paper's models, fine-tuned with LoRA on one prompt case"),
    partitions_def=fine_tunings,
    pool=GPU_POOL,
    op_tags=GPU_TAGS,
)
def language_models(
    context: dg.AssetExecutionContext,
    config: FineTuningConfig,
    settings: dg.ResourceParam[Settings],
    **tables: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Fine-tune one model on one prompt case, under every protocol."""
    refuse_unless_asked_for(context, FINE_TUNE, "fine-tuning takes hours")
    require_packages()
    partition = context.partition_key
    assert isinstance(partition, dg.MultiPartitionKey)
    base = BASE_MODELS[partition.keys_by_dimension["base_model"]]
    if config.hub_id is not None:
        base = replace(base, hub_id=config.hub_id, revision=config.revision)
    load = LoadSettings(
        local_path=config.local_path,
        revision=config.revision,
        quantisation=Quantisation(config.quantisation),
    )
    with waiting_for_gpu_memory(context):
        yield from _train(
            context,
            settings,
            "language_models",
            PromptCase(partition.keys_by_dimension["case"]),
            lambda folder: base,
            config.case_settings(load, config.training()),
            **_training_tables(tables, formula_only=config.formula_only),
        )


@dg.multi_asset(
    name="fit_small_language_model",
    ins=_DATA,
    outs=_outputs(
        "small_language_model",
        "A small Llama that starts from random weights and has read nothing but the prompts of one case",
    ),
    partitions_def=prompt_cases,
)
def small_language_model(
    context: dg.AssetExecutionContext,
    config: SmallModelConfig,
    settings: dg.ResourceParam[Settings],
    **tables: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Train a small model on one prompt case, under every protocol."""
    refuse_unless_asked_for(context, TRAIN_SMALL, "the training of a small model takes minutes for each fit")
    require_packages()
    from sse_assets.language_models.small import SMALL_TRAINING, small_base_model

    def base(folder: Path) -> BaseModel:
        return small_base_model(folder, measured_prompts(tables["prompts"]).dropna(), seed=config.seed)

    yield from _train(
        context,
        settings,
        "small_language_model",
        PromptCase(context.partition_key),
        base,
        config.case_settings(LoadSettings(), config.training(SMALL_TRAINING)),
        **_training_tables(tables, formula_only=config.formula_only),
    )


@table_asset(
    "metrics.small_language_model_learning_curve",
    "How the error of the small language model on new papers falls with the number of papers that it read.",
    _PAPERS,
    code_version=_CODE_VERSION,
    kind="huggingface",
    partitions_def=prompt_cases,
    tags=ON_DEMAND,
)
def small_language_model_learning_curve(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    prompts: pd.DataFrame,
    assignments: pd.DataFrame,
    formula_only: pd.DataFrame,
    electrolytes: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Train on the papers that the Gaussian process trains on in `metrics.learning_curve`."""
    refuse_unless_asked_for(context, TRAIN_SMALL, "the training of a small model takes minutes for each fit")
    require_packages()
    from sse_assets.language_models.fits import Fitter
    from sse_assets.language_models.held_out import held_out
    from sse_assets.language_models.small import SMALL_TRAINING, small_base_model

    case, folds = PromptCase(context.partition_key), as_folds(of_papers(assignments, formula_only))
    if not folds:
        context.log.info("nothing is tested: there are no folds of `papers`")
        return table_result(metrics.SMALL_LANGUAGE_MODEL_LEARNING_CURVE.frame())
    working = settings.home / "working" / "small_language_model_learning_curve" / case
    base = small_base_model(working / "base_model", measured_prompts(prompts).dropna())
    fitter = Fitter(base, LoadSettings(), SMALL_TRAINING, working / "fits")
    fits, told = count(1), report_progress(context.log, f"learning curve of the small model, {case}, fits")

    def errors(train: pd.Index, test: pd.Index) -> pd.Series:
        tested = held_out(fitter, case, prompts, train, test)
        told(next(fits), len(SHARES) * len(folds))
        return (tested["predicted"] - tested["log10_sigma"]).abs()

    curve = learning_curve(folds, papers(published(electrolytes)), errors)
    table = metrics.SMALL_LANGUAGE_MODEL_LEARNING_CURVE.frame(
        curve.assign(case=case.value, label_convention=LabelConvention.BOUND.value)
    )
    shutil.rmtree(working)
    plot = figure_metadata(partial(learning_curves, table), f"What more papers bring, {case}")
    return table_result(table, metadata={"plot_curve": plot})


language_model_assets = [language_models, small_language_model, small_language_model_learning_curve]


def _training_tables(tables: dict[str, pd.DataFrame], *, formula_only: bool) -> dict[str, pd.DataFrame]:
    """Return the tables, without what only trains where formulas alone do."""
    if formula_only:
        return tables
    prompts = tables["prompts"].assign(prompt=measured_prompts(tables["prompts"]))
    return tables | {"formula_only": splits.FORMULA_ONLY.frame(), "prompts": prompts}


def _train(
    context: dg.AssetExecutionContext,
    settings: Settings,
    table: str,
    case: PromptCase,
    make_base: Callable[[Path], BaseModel],
    case_settings: "CaseSettings",
    *,
    prompts: pd.DataFrame,
    assignments: pd.DataFrame,
    leakage: pd.DataFrame,
    formula_only: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Run a case in a working folder that outlives a kill, report on the way, and store the outcome."""
    from sse_assets.language_models import run_case

    place = f"{table}/{str(context.partition_key).replace('|', '/')}"
    working = settings.home / "working" / place

    def show(losses: pd.DataFrame) -> None:
        context.log_event(
            dg.AssetObservation(
                dg.AssetKey([GROUP, table]),
                partition=context.partition_key,
                metadata={
                    "plot_loss": figure_metadata(partial(loss_curves, losses), "Training loss"),
                    "loss": float(losses["loss"].iloc[-1]),
                },
            )
        )

    data_version = content_sha256(prompts)[:16]
    outcome = run_case(
        make_base(working / "base_model"),
        case,
        prompts,
        _with_all_rows(assignments),
        case_settings,
        working / "fits",
        data_version=data_version,
        split_and_leakage=_split_and_leakage(leakage),
        further=_with_all_rows(formula_only),
        progress=report_progress(context.log, f"{table} ({context.partition_key}), updates"),
        on_losses=at_most_every(_SECONDS_BETWEEN_CURVES, show),
    )
    stored = f"models/{place}/{data_version}"
    single_fold = outcome.runs.groupby("protocol")["fold"].transform("nunique") == 1
    for folder in outcome.runs.loc[single_fold, "model_path"]:
        publish_folder(working / "fits" / folder, settings.blob_root / stored / folder)
    fits = outcome.runs.assign(model_path=(stored + "/" + outcome.runs["model_path"]).where(single_fold))
    yield table_result(
        fits,
        f"{GROUP}.{table}",
        data_version=content_sha256(fits.drop(columns=_TIMINGS)),
        metadata={
            "plot_loss": figure_metadata(partial(loss_curves, outcome.losses), "Training loss"),
            "models": file_metadata(stored),
            "fitting_seconds": float(fits["seconds"].sum()),
            "peak_memory_gb": float(fits["peak_memory_gb"].max()),
            "tokens_per_second": float(fits["tokens_per_second"].mean()),
            "held_how": str(fits["placement"].iloc[0]),
        },
    )
    scored = outcome.predictions[outcome.predictions["protocol"] != Protocol.ALL_ROWS]
    yield table_result(scored, f"{GROUP}.{table}_predictions")
    yield table_result(outcome.losses, f"{GROUP}.{table}_losses")
    shutil.rmtree(working)


def _with_all_rows(assignments: pd.DataFrame) -> pd.DataFrame:
    """Return the assignments, and one more protocol that trains on every row and tests on none."""
    ids = assignments["electrolyte_id"].drop_duplicates()
    every = {"protocol": Protocol.ALL_ROWS, "fold": 0, "electrolyte_id": ids, "role": Role.TRAIN}
    return splits.ASSIGNMENTS.frame(pd.concat([assignments, pd.DataFrame(every)]))


def _split_and_leakage(leakage: pd.DataFrame) -> dict[str, str]:
    """Say what the test rows of each protocol share with train, in a sentence for a model card."""
    sentences = {
        protocol: (
            f"{PROTOCOL_MEANINGS[protocol].capitalize()}. Of {rows['n_test'].sum()} test rows, "
            f"{rows['n_test_sharing_doi'].sum()} share a source paper and "
            f"{rows['n_test_sharing_composition'].sum()} a composition with a training row."
        )
        for protocol, rows in ((str(name), part) for name, part in leakage.groupby("protocol"))
    }
    return sentences | {
        Protocol.ALL_ROWS: "It trains on every row and has no test rows: it answers for new materials."
    }
