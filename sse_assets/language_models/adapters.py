"""A fine-tuned model on disk, and the record of the run it comes from.

A large model is kept as its adapter. A small one that was trained as a whole is kept with all its weights.
"""

import json
import statistics
from dataclasses import asdict, dataclass, replace
from importlib.metadata import version
from pathlib import Path

from peft import PeftModel
from pydantic import TypeAdapter
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.checkpoints import content_hash
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.regression_head import LabelScale
from sse_assets.language_models.runtime import Loaded, Placement, load, without_bars
from sse_assets.language_models.settings import LoadSettings, Quantisation, TrainingSettings
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import PromptCase, Task

RUN_FILE = "run.json"
"""File that is written last: a folder without it holds no finished adapter."""
_LIBRARIES = ("torch", "transformers", "peft", "bitsandbytes")


@dataclass(frozen=True)
class Example:
    """One prompt and the answer that the model should write."""

    electrolyte_id: str
    prompt: str
    """Prompt that `prompts.user_prompt` has written."""
    answer: str
    """Number that `prompts.label_text` has written."""
    from_prototype: bool = False
    """Whether the prompt tells something that was not measured and is that of a trusted prototype."""


@dataclass(frozen=True)
class DataSummary:
    """Summary of the training data, which an adapter carries along."""

    case: PromptCase
    protocol: str
    fold: int
    label_convention: LabelConvention
    data_version: str
    """Version of the table of prompts."""
    n_examples: int
    examples_sha256: str
    """Hash of the examples in their order."""
    label_median: float
    """Median of the answers, in log10(σ / (S/cm)); it replaces an answer that is no number."""
    n_from_prototype: int = 0
    """Number of examples whose symmetry or disorder class is that of a prototype."""


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
        """Return the summary of the data that stays in `run.json`."""
        return DataSummary(
            case=self.case,
            protocol=self.protocol,
            fold=self.fold,
            label_convention=self.label_convention,
            data_version=self.data_version,
            n_examples=len(self.examples),
            examples_sha256=content_hash([asdict(example) for example in self.examples]),
            label_median=statistics.median(float(example.answer) for example in self.examples),
            n_from_prototype=sum(example.from_prototype for example in self.examples),
        )


@dataclass(frozen=True)
class FineTuningRun:
    """Record of the run that made an adapter, as `run.json` holds it."""

    base: BaseModel
    task: Task
    placement: Placement
    settings: TrainingSettings
    data: DataSummary
    label_scale: LabelScale | None
    """Scale of the output of a regression; None for text."""
    losses: list[float]
    """Loss of each update: mean cross-entropy of an answer token, the number-token loss included if there is
    one, or mean squared error of a z-score."""
    examples_per_pass: int
    """Number of examples that the model read at a time: those of a whole update where memory allowed it."""
    resumed_at_step: int
    """Update from which the last session went on; zero for a run that was never killed."""
    seconds: float
    """Duration of the last session, from its rehearsal to its last update."""
    tokens_per_second: float
    """Tokens of prompts and answers, padding left out, in that time."""
    expected_memory_gb: float
    """Memory that the rehearsal before the first update led to expect, in 1e9 bytes."""
    peak_memory_gb: float
    """GPU memory in 1e9 bytes; on a CPU, the memory of the whole process."""


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
    """Return the record of the run that `save_adapter` wrote.

    Raises:
        LanguageModelError: if the folder holds no finished adapter.
    """
    if not (folder / RUN_FILE).is_file():
        raise LanguageModelError(
            f"{folder} holds no finished adapter: {RUN_FILE} is missing; fine-tune it first"
        )
    return TypeAdapter(FineTuningRun).validate_json((folder / RUN_FILE).read_text())


def load_adapter(folder: Path, settings: LoadSettings) -> Loaded:
    """Load base model and adapter, quantised as in training unless the settings say otherwise.

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
    """Put the adapter of a folder into a base model in memory, ready to predict."""
    model = PeftModel.from_pretrained(base.model, str(folder), local_files_only=True)
    model.eval()
    return base._replace(model=model)
