"""Settings of the language models as a person types them, and as the science knows them."""

from dataclasses import replace
from enum import StrEnum
from typing import TYPE_CHECKING, Literal, TypeVar

from pydantic import Field

from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.settings import LoadSettings, LoraSettings, Quantisation, TrainingSettings
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.step_settings import StepSettings, setting, with_values_of
from sse_assets.tables.names import NumberMode, Protocol

if TYPE_CHECKING:  # it imports torch, which takes seconds and is not installed everywhere
    from sse_assets.language_models.protocols import CaseSettings

_TABLE_2 = TrainingSettings()
_TABLE_2_LORA = LoraSettings()
_TABLE_2_SAMPLING = SamplingSettings()
Choice = TypeVar("Choice", bound=StrEnum)


class ScoringSettingsOfStep(StepSettings):
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

    def check(self) -> None:
        """Refuse a name that does not exist, and a sampling that draws nothing."""
        _choices(Protocol, "protocols", self.protocols)
        _choices(LabelConvention, "label_conventions", self.label_conventions)
        _choices(NumberMode, "number_modes", self.number_modes)
        with_values_of(self, _TABLE_2_SAMPLING)


class FineTuningSettingsOfStep(ScoringSettingsOfStep):
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


class SmallModelSettingsOfStep(ScoringSettingsOfStep):
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


def _choices(kind: type[Choice], name: str, values: list[str]) -> tuple[Choice, ...]:
    for value in values:
        if value not in list(kind):
            raise ValueError(f"{name} is {value!r}, and not one of: {', '.join(kind)}")
    return tuple(map(kind, values))
