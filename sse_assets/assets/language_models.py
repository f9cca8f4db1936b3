"""Group `models`: language models on prompts, the paper's three fine-tuned and a small one from scratch.

All of them are made on demand: a 7-8B model needs weights and a GPU, the small one minutes of a CPU.
"""

import shutil
from collections.abc import Callable, Iterator
from dataclasses import replace
from enum import StrEnum
from functools import partial
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Literal, TypeVar

import dagster as dg
import pandas as pd
from pydantic import Field

from sse_assets.assets.choice import of_papers
from sse_assets.evaluation.floor import SHARES, learning_curve
from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.base_models import BASE_MODELS, BaseModel
from sse_assets.language_models.errors import require_packages
from sse_assets.language_models.prompts import measured_prompts
from sse_assets.language_models.settings import LoadSettings, LoraSettings, Quantisation, TrainingSettings
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.blobs import publish_folder
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS, waiting_for_gpu_memory
from sse_assets.orchestration.io import file_metadata, table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.on_demand import ON_DEMAND, refuse_unless_asked_for
from sse_assets.orchestration.progress import at_most_every, report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.step_settings import setting, with_values_of
from sse_assets.orchestration.tables import content_sha256
from sse_assets.report.evidence_figures import learning_curves
from sse_assets.report.titles import PROTOCOL_MEANINGS
from sse_assets.report.training_figures import loss_curves
from sse_assets.splits.groups import papers, published
from sse_assets.splits.papers import as_folds
from sse_assets.tables import metrics, splits
from sse_assets.tables.names import NumberMode, PromptCase, Protocol, Role

if TYPE_CHECKING:  # it imports torch, which takes seconds and is not installed everywhere
    from sse_assets.language_models.protocols import CaseSettings

GROUP = "models"
FINE_TUNE, TRAIN_SMALL = "fine_tune_language_models", "train_small_language_model"
"""Names of the jobs that train."""
_CODE_VERSION = "2"
"""2: prompts with the symmetry of a prototype train too."""
_TABLE_2 = TrainingSettings()
_TABLE_2_LORA = LoraSettings()
_TABLE_2_SAMPLING = SamplingSettings()
_SECONDS_BETWEEN_CURVES = 30.0
Choice = TypeVar("Choice", bound=StrEnum)
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


class ScoringConfig(StepConfig):
    """Protocols, label conventions and number modes of a run, and settings of sampling."""

    protocols: list[str] = Field(
        [str(name) for name in (Protocol.ALL_ROWS, Protocol.DIVERSITY, Protocol.OFFICIAL, Protocol.GROUPED)],
        description="Protocols to train under, one fit a fold; all_rows is the model for new compounds.",
    )
    label_conventions: list[str] = Field(
        [convention.value for convention in LabelConvention],
        description="Label of a censored row: its limit (bound) or 1e-15 S/cm (obelix); one fit for each.",
    )
    formula_only: bool = Field(
        True,
        description="Whether measurements with a formula alone train too, and prompts that tell what a "
        "trusted prototype has; the paper has neither.",
    )
    number_modes: list[str] = Field(
        [NumberMode.DISTRIBUTION.value, NumberMode.SAMPLE.value],
        description="distribution, sample (the paper's), regression (a second fit with a linear head).",
    )
    temperature: float = setting(_TABLE_2_SAMPLING, "temperature", "Temperature of sampling (Table 2).")
    top_k: int = setting(_TABLE_2_SAMPLING, "top_k", "Tokens to sample from (Table 2).")
    max_new_tokens: int = setting(_TABLE_2_SAMPLING, "max_new_tokens", "Length of an answer (Table 2).")
    number_loss_weight: float = setting(
        _TABLE_2,
        "number_loss_weight",
        "Weight of a loss by the distance between numbers, beside cross-entropy; ours.",
    )
    draws: int = setting(_TABLE_2_SAMPLING, "draws", "Answers to each test prompt; they show the spread.")

    def case_settings(self, load: LoadSettings, training: TrainingSettings) -> "CaseSettings":
        """Return these settings as `run_case` takes them."""
        from sse_assets.language_models.protocols import CaseSettings

        return CaseSettings(
            load=load,
            training=training,
            sampling=replace(with_values_of(self, _TABLE_2_SAMPLING), seed=training.seed),
            protocols=_choices(Protocol, "protocols", self.protocols),
            label_conventions=_choices(LabelConvention, "label_conventions", self.label_conventions),
            modes=_choices(NumberMode, "number_modes", self.number_modes),
        )

    def training_tables(self, tables: dict[str, pd.DataFrame]) -> dict[str, pd.DataFrame]:
        """Return the tables, without what only trains where that is not asked for."""
        if self.formula_only:
            return tables
        prompts = tables["prompts"].assign(prompt=measured_prompts(tables["prompts"]))
        return tables | {"formula_only": splits.FORMULA_ONLY.frame(), "prompts": prompts}

    def check(self) -> None:
        """Refuse a name that does not exist, and a sampling that draws nothing."""
        _choices(Protocol, "protocols", self.protocols)
        _choices(LabelConvention, "label_conventions", self.label_conventions)
        _choices(NumberMode, "number_modes", self.number_modes)
        with_values_of(self, _TABLE_2_SAMPLING)


class FineTuningConfig(ScoringConfig):
    """Fine-tuning of a 7-8B model: the paper's Table 2, and our values where it gives none."""

    hub_id: str | None = Field(None, description="Repository on the hub in place of the paper's model.")
    revision: str | None = Field(None, description="Commit on the hub in place of the pinned one.")
    local_path: str | None = Field(None, description="Folder with weights and tokenizer; no hub is asked.")
    quantisation: Literal["auto", "none", "4-bit"] = Field(
        Quantisation.AUTO.value,
        description="auto (bf16 with 40 GB of free GPU memory, else 4-bit), none or 4-bit.",
    )
    rank: int = setting(_TABLE_2_LORA, "rank", "Rank of the adapter; ours.")
    alpha: float = setting(_TABLE_2_LORA, "alpha", "Scale of the adapter (Table 2).")
    dropout: float = setting(_TABLE_2_LORA, "dropout", "Dropout before the adapter (Table 2).")
    learning_rate: float = setting(_TABLE_2, "learning_rate", "Highest learning rate (Table 2).")
    weight_decay: float = setting(_TABLE_2, "weight_decay", "Weight decay of the optimizer (Table 2).")
    epochs: int = setting(_TABLE_2, "epochs", "Passes over the training rows (Table 2).")
    batch_size: int = setting(_TABLE_2, "batch_size", "Examples a forward pass (Table 2).")
    accumulation: int = setting(_TABLE_2, "accumulation", "Forward passes an update (Table 2).")
    gradient_checkpointing: bool = setting(_TABLE_2, "gradient_checkpointing", "Less memory, more time.")
    seed: int = setting(_TABLE_2, "seed", "Seed of first weights, order, dropout and sampling.")

    def training(self) -> TrainingSettings:
        """Return the settings of the training as `run_case` takes them."""
        return replace(with_values_of(self, _TABLE_2), lora=with_values_of(self, _TABLE_2_LORA))

    def check(self) -> None:
        """Refuse what the training would refuse."""
        super().check()
        self.training()


class SmallModelConfig(ScoringConfig):
    """Training of a small model from random weights, on a CPU; its recipe is `small.SMALL_TRAINING`."""

    number_modes: list[str] = Field(
        [mode.value for mode in NumberMode],
        description="distribution, sample, regression; all side by side.",
    )
    seed: int = setting(_TABLE_2, "seed", "Seed of the weights, the order of the rows and of sampling.")

    def training(self, recipe: TrainingSettings) -> TrainingSettings:
        """Return the recipe with what is set here."""
        return with_values_of(self, recipe)

    def check(self) -> None:
        """Refuse what the training would refuse."""
        super().check()
        self.training(_TABLE_2)


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
            **config.training_tables(tables),
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
        **config.training_tables(tables),
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


def _choices(kind: type[Choice], name: str, values: list[str]) -> tuple[Choice, ...]:
    for value in values:
        if value not in list(kind):
            raise ValueError(f"{name} is {value!r}, and not one of: {', '.join(kind)}")
    return tuple(map(kind, values))


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
