"""Settings of a fine-tuning run; the defaults are the paper's Table 2, and ours where it is silent."""

from dataclasses import dataclass, field
from enum import StrEnum
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from sse_assets.ranges import check_ranges

PROJECTIONS = ("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj")
"""The linear layers that LoRA adapts (Table 2)."""


class Quantisation(StrEnum):
    """Precision of the frozen weights of the base model."""

    AUTO = "auto"
    """bf16 on a GPU with 40 GB free, 4-bit on a smaller one, fp32 on a CPU; the run says which."""
    NONE = "none"
    """bf16 on a GPU, fp32 on a CPU."""
    FOUR_BIT = "4-bit"
    """NF4 with double quantisation and bf16 arithmetic (QLoRA); needs a GPU."""


@dataclass(frozen=True)
class LoadSettings:
    """Origin and precision of a base model; ours, as the paper names models only."""

    local_path: str | None = None
    """Folder with the weights and the tokenizer; None takes them from the hub or its cache."""
    revision: str | None = None
    """Commit on the hub in place of the pinned one."""
    quantisation: Quantisation = Quantisation.AUTO


@dataclass(frozen=True)
class LoraSettings:
    """The low-rank adapter that is trained while the base model stays frozen."""

    rank: Annotated[int, Ge(1)] = 16
    """Rank of the two factors; ours, as the paper gives none."""
    alpha: Annotated[float, Gt(0)] = 64
    """Scale of the adapter's output, which is multiplied by alpha / rank."""
    dropout: Annotated[float, Ge(0), Lt(1)] = 0.05
    target_modules: tuple[str, ...] = PROJECTIONS

    def __post_init__(self) -> None:
        check_ranges(self)


@dataclass(frozen=True)
class TrainingSettings:
    """Recipe of the training. The loss counts the answer alone, which is ours; the paper does not say."""

    lora: LoraSettings | None = field(default_factory=LoraSettings)
    """Adapter to train. None trains all weights instead, which only small models allow."""
    learning_rate: Annotated[float, Gt(0)] = 2e-4
    """Highest learning rate; it falls to zero along a cosine."""
    weight_decay: Annotated[float, Ge(0)] = 0.01
    epochs: Annotated[int, Ge(1)] = 15
    batch_size: Annotated[int, Ge(1)] = 4
    """Examples per forward pass."""
    accumulation: Annotated[int, Ge(1)] = 2
    """Forward passes per update; an update sees batch_size × accumulation examples."""
    optimizer: str = "adamw_8bit"
    """bitsandbytes' Adam with decoupled weight decay and 8-bit state."""
    warmup_steps: int = 0
    """Updates over which the learning rate rises; ours, as the paper gives none."""
    number_loss_weight: Annotated[float, Ge(0)] = 0.0
    """Weight of the distance between numbers beside the cross-entropy (`number_loss`); 0 leaves it out."""
    max_length: int = 512
    """Longest example in tokens; ours. A longer one is refused, never cut."""
    gradient_checkpointing: bool = False
    """Recompute activations in the backward pass: less memory, about a third more time; ours."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of the first weights of the adapter and the head, the order of the examples and the dropout; the
    paper gives none."""

    def __post_init__(self) -> None:
        check_ranges(self)
