"""A fine-tuned model on disk, and what is known of the run it comes from.

Of a large model the adapter is kept, of a small one that was trained as a whole all its weights."""

import json
import statistics
from collections.abc import Mapping
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path
from typing import Any, Self

from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.checkpoints import content_hash
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prompts import PromptCase
from sse_assets.language_models.regression_head import LabelScale
from sse_assets.language_models.runtime import Loaded, Placement, load, without_bars
from sse_assets.language_models.settings import (
    LoadSettings,
    LoraSettings,
    Quantisation,
    Task,
    TrainingSettings,
)
from sse_assets.materials.conductivity import LabelConvention

RUN_FILE = "run.json"
"""Written last: a folder without it holds no finished adapter."""
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


@dataclass(frozen=True)
class Example:
    """What the model reads and what it should write."""

    electrolyte_id: str
    prompt: str
    """As `prompts.user_prompt` writes it."""
    answer: str
    """As `prompts.label_text` writes it."""


@dataclass(frozen=True)
class DataSummary:
    """What an adapter was trained on, in the few words that it carries along."""

    case: PromptCase
    protocol: str
    fold: int
    label_convention: LabelConvention
    data_version: str
    """Of the table of prompts."""
    n_examples: int
    examples_sha256: str
    """Of the examples themselves, in their order."""
    label_median: float
    """Median of the answers, in log10(σ / (S/cm)): what an unreadable answer is replaced by."""


@dataclass(frozen=True)
class TrainingData:
    """The training rows of one fold of a protocol, for one prompt case."""

    examples: tuple[Example, ...]
    case: PromptCase
    protocol: str
    fold: int
    label_convention: LabelConvention
    data_version: str

    def summary(self) -> DataSummary:
        """What stays of the data in `run.json`."""
        return DataSummary(
            case=self.case,
            protocol=self.protocol,
            fold=self.fold,
            label_convention=self.label_convention,
            data_version=self.data_version,
            n_examples=len(self.examples),
            examples_sha256=content_hash([asdict(example) for example in self.examples]),
            label_median=statistics.median(float(example.answer) for example in self.examples),
        )


@dataclass(frozen=True)
class FineTuningRun:
    """All about the run that made an adapter, as `run.json` holds it."""

    base: BaseModel
    task: Task
    placement: Placement
    settings: TrainingSettings
    data: DataSummary
    label_scale: LabelScale | None
    """What the output of a regression is to be multiplied by; None for text."""
    losses: list[float]
    """Update by update: mean cross-entropy of an answer token, the number-token loss included if there is
    one, or mean squared error of a z-score."""
    resumed_at_step: int
    """Update from which the last session went on; zero for a run that was never killed."""
    seconds: float
    """Of the last session, from its rehearsal to its last update."""
    tokens_per_second: float
    """Prompt and answer tokens, padding left out, in that time."""
    peak_memory_gb: float
    """GPU memory in 1e9 bytes; on a CPU, the memory of the whole process."""

    @classmethod
    def from_json(cls, fields: Mapping[str, Any]) -> Self:
        """The inverse of `dataclasses.asdict`, after a way through JSON."""
        settings, data, scale = fields["settings"], fields["data"], fields["label_scale"]
        lora = settings["lora"]
        if lora is not None:
            lora = LoraSettings(**lora | {"target_modules": tuple(lora["target_modules"])})
        kinds = {
            "case": PromptCase(data["case"]),
            "label_convention": LabelConvention(data["label_convention"]),
        }
        return cls(
            **{
                **fields,
                "base": BaseModel(**fields["base"]),
                "task": Task(fields["task"]),
                "placement": Placement(**fields["placement"]),
                "settings": TrainingSettings(**settings | {"lora": lora}),
                "data": DataSummary(**data | kinds),
                "label_scale": None if scale is None else LabelScale(**scale),
            }
        )


def save_adapter(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    run: FineTuningRun,
    folder: Path,
) -> None:
    """Write a model into a folder, as safetensors, and last its `run.json`.

    An adapter goes alone (`adapter_model.safetensors`, a head included); a model trained as a whole goes with
    its tokenizer, as a folder that `from_pretrained` reads.
    """
    (folder / RUN_FILE).unlink(missing_ok=True)
    with without_bars():
        model.save_pretrained(str(folder))
    if isinstance(model, PeftModel):
        # peft's empty form; the model card follows once the test rows are scored.
        (folder / "README.md").unlink()
    else:
        tokenizer.save_pretrained(str(folder))
    versions = {library: version(library) for library in _LIBRARIES}
    (folder / RUN_FILE).write_text(json.dumps(asdict(run) | {"versions": versions}, indent=2))


def read_run(folder: Path) -> FineTuningRun:
    """What `save_adapter` wrote about the run.

    Raises:
        LanguageModelError: if the folder holds no finished adapter.
    """
    if not (folder / RUN_FILE).is_file():
        raise LanguageModelError(
            f"{folder} holds no finished adapter: {RUN_FILE} is missing; fine-tune it first"
        )
    fields = json.loads((folder / RUN_FILE).read_text())
    del fields["versions"]
    return FineTuningRun.from_json(fields)


def load_adapter(folder: Path, settings: LoadSettings) -> Loaded:
    """Base model and adapter, ready to predict; quantised as in training unless the settings say otherwise.

    Raises:
        LanguageModelError: if the folder holds no finished adapter; as `runtime.load`.
    """
    run = read_run(folder)
    regression = run.task is Task.REGRESSION
    if run.settings.lora is None:
        whole = replace(run.base, hub_id=str(folder), revision=None)
        loaded = load(whole, LoadSettings(), regression=regression)
        loaded.model.eval()
        return loaded
    if settings.quantisation is Quantisation.AUTO:
        as_trained = Quantisation.FOUR_BIT if run.placement.four_bit else Quantisation.NONE
        settings = replace(settings, quantisation=as_trained)
    return put_on(load(run.base, settings, regression=regression), folder)


def put_on(base: Loaded, folder: Path) -> Loaded:
    """A base model in memory with the adapter of a folder in it, ready to predict."""
    model = PeftModel.from_pretrained(base.model, str(folder), local_files_only=True)
    model.eval()
    return base._replace(model=model)
