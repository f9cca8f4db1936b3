"""A base model in memory: its device, its precision, and the reason for both."""

import gc
from collections.abc import Iterator
from contextlib import contextmanager, nullcontext
from dataclasses import asdict, dataclass
from typing import Any, NamedTuple

import torch
from transformers import (
    AutoConfig,
    AutoModelForCausalLM,
    AutoModelForSequenceClassification,
    AutoTokenizer,
    BitsAndBytesConfig,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerBase,
)
from transformers.utils import logging

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import check_tokenizer
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.hub import model_folder
from sse_assets.language_models.settings import LoadSettings, Quantisation

GB = 1e9
BF16_FREE_BYTES = 40 * GB
"""Free GPU memory, in bytes, that a 7-8B model needs to be trained in bf16 and not on 4-bit weights."""
SMALL_PARAMETERS = 1e9
"""Number of weights below which a model is held without quantisation everywhere, and may run on a CPU."""
WORKING_BYTES = 4 * GB
"""Memory, in bytes, that is kept free for the adapter, its optimizer and the activations of a large model."""
_BYTES_PER_PARAMETER = {True: 0.7, False: 2.0}
"""Bytes of a weight, for 4-bit (embeddings and quantisation constants included) and for 16-bit."""


@dataclass(frozen=True)
class Placement:
    """Device and precision of a model."""

    device: str
    """`cuda` or `cpu`."""
    dtype: str
    """Precision of the arithmetic: `bfloat16` or `float32`."""
    four_bit: bool
    why: str
    """Reason in one sentence, for people."""

    @property
    def identity(self) -> dict[str, Any]:
        """Return the part that decides the numbers, which the reason does not."""
        return {key: value for key, value in asdict(self).items() if key != "why"}


class Loaded(NamedTuple):
    """A model with its tokenizer and its placement."""

    model: PreTrainedModel
    tokenizer: PreTrainedTokenizerBase
    placement: Placement


class Plan(NamedTuple):
    """Tokenizer, placement and size of a model, known before its weights are read."""

    tokenizer: PreTrainedTokenizerBase
    placement: Placement
    small: bool
    """Whether it has fewer weights than `SMALL_PARAMETERS`."""


def plan(base: BaseModel, settings: LoadSettings) -> Plan:
    """Check a model before its weights are read, and decide on its device and precision.

    Raises:
        LanguageModelError: if the model is gated or out of reach; if its tokenizer has no chat template or
            padding token; if it is too large for the device. All this before the weights are downloaded.
    """
    texts = model_folder(base, settings, with_weights=False)
    tokenizer = AutoTokenizer.from_pretrained(texts, local_files_only=True)
    if tokenizer.pad_token_id is None and base.pad_token is not None:
        _set_pad_token(tokenizer, base)
    check_tokenizer(tokenizer)
    config = AutoConfig.from_pretrained(texts, local_files_only=True)
    parameters, gpus = _parameters(config), torch.cuda.device_count()
    placement = place(base.name, parameters, _free_gpu_bytes(), settings.quantisation, gpus=gpus)
    return Plan(tokenizer, placement, small=parameters < SMALL_PARAMETERS)


def load(
    base: BaseModel, settings: LoadSettings, *, regression: bool = False, planned: Plan | None = None
) -> Loaded:
    """Load a base model for fine-tuning, once `plan` has nothing against it.

    Args:
        regression: with a head of one output in place of the one that predicts tokens.
        planned: an earlier plan to follow; None makes one.

    Raises:
        LanguageModelError: as `plan`; if weights are missing, or memory runs out while they are read.
    """
    tokenizer, placement, small = planned or plan(base, settings)
    folder = model_folder(base, settings, with_weights=True)
    arguments: dict[str, Any] = {
        "dtype": getattr(torch, placement.dtype),
        "device_map": {"": "cpu" if placement.device == "cpu" else 0},  # accelerate compares GPUs by index
        "attn_implementation": "sdpa",
        "local_files_only": True,
    }
    if placement.four_bit:
        arguments["quantization_config"] = BitsAndBytesConfig(
            load_in_4bit=True,
            bnb_4bit_quant_type="nf4",
            bnb_4bit_use_double_quant=True,
            bnb_4bit_compute_dtype=arguments["dtype"],
        )
    try:
        with without_bars() if small else nullcontext():
            if regression:
                model = AutoModelForSequenceClassification.from_pretrained(folder, num_labels=1, **arguments)
            else:
                model = AutoModelForCausalLM.from_pretrained(folder, **arguments)
    except torch.OutOfMemoryError as error:
        raise out_of_memory(f"loading {base.name}", "set quantisation to 4-bit, or free the GPU") from error
    model.config.pad_token_id = tokenizer.pad_token_id
    return Loaded(model, tokenizer, placement)


def place(
    name: str,
    parameters: int,
    free_gpu_bytes: float | None,
    quantisation: Quantisation,
    *,
    gpus: int = 1,
) -> Placement:
    """Decide on device and precision of a model.

    Args:
        parameters: number of weights of the model.
        free_gpu_bytes: free memory of the GPU, None without one.
        gpus: number of GPUs that torch sees; only the first is used.

    Raises:
        LanguageModelError: if a large model finds no GPU, or one that is too full for it.
    """
    small = parameters < SMALL_PARAMETERS
    millions = parameters / 1e6
    weights = f"{millions / 1e3:.2g} billion" if millions >= 1e3 else f"{millions:.2g} million"
    size = f"{name} ({weights} weights)"
    if free_gpu_bytes is None:
        if not small:
            raise LanguageModelError(
                f"{size} needs a CUDA GPU and torch sees none: run this step on a machine with one, "
                "with the driver and a CUDA build of torch installed"
            )
        four_bit = quantisation is Quantisation.FOUR_BIT
        held = "4-bit weights" if four_bit else "fp32"
        return Placement("cpu", "float32", four_bit, f"{size} in {held} on the CPU: torch sees no GPU")
    free = f"{free_gpu_bytes / GB:.0f} GB of GPU memory are free"
    four_bit = quantisation is Quantisation.FOUR_BIT or (
        quantisation is Quantisation.AUTO and not small and free_gpu_bytes < BF16_FREE_BYTES
    )
    needed = _BYTES_PER_PARAMETER[four_bit] * parameters + (0 if small else WORKING_BYTES)
    if free_gpu_bytes < needed:
        remedy = (
            "free the GPU or use a larger one" if four_bit else "set quantisation to 4-bit, or free the GPU"
        )
        raise LanguageModelError(f"{size} needs about {needed / GB:.0f} GB and {free}: {remedy}")
    if quantisation is not Quantisation.AUTO:
        reason = f"as quantisation = {quantisation} asks; {free}"
    elif small:
        reason = "it is small"
    else:
        reason = f"{free}, and bf16 is used from {BF16_FREE_BYTES / GB:.0f} GB on"
    held = "4-bit weights" if four_bit else "bf16"
    where = "the GPU" if gpus == 1 else f"the first of {gpus} GPUs"
    return Placement("cuda", "bfloat16", four_bit, f"{size} in {held} on {where}: {reason}")


def out_of_memory(where: str, remedy: str) -> LanguageModelError:
    """Return the error for a GPU that ran out of memory, with the peak so far."""
    peak = torch.cuda.max_memory_allocated() / GB if torch.cuda.is_available() else 0.0
    return LanguageModelError(f"out of GPU memory while {where}, at a peak of {peak:.1f} GB: {remedy}")


@contextmanager
def without_bars() -> Iterator[None]:
    """Keep transformers from drawing a bar for each file, which would bury the run's own progress."""
    drawn = logging.is_progress_bar_enabled()
    logging.disable_progress_bar()
    try:
        yield
    finally:
        if drawn:
            logging.enable_progress_bar()


def free_memory() -> None:
    """Give back the memory of models that are no longer in use."""
    gc.collect()  # a trainer and its model refer to each other
    if torch.cuda.is_available():
        torch.cuda.empty_cache()


def _set_pad_token(tokenizer: PreTrainedTokenizerBase, base: BaseModel) -> None:
    if base.pad_token not in tokenizer.get_vocab():
        raise LanguageModelError(
            f"the tokenizer of {base.name} does not know the padding token {base.pad_token!r}: "
            "name one of its vocabulary as `pad_token` of its BaseModel"
        )
    tokenizer.pad_token = base.pad_token


def _parameters(config: PretrainedConfig) -> int:
    with torch.device("meta"):
        model = AutoModelForCausalLM.from_config(config)
    return sum(weight.numel() for weight in model.parameters())


def _free_gpu_bytes() -> float | None:
    if not torch.cuda.is_available():
        return None
    free, _ = torch.cuda.mem_get_info()
    return float(free)
