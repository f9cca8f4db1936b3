"""A language model with one number as its output: it reads the same prompts and writes no text."""

import statistics
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import torch
from peft import PeftModel
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.errors import LanguageModelError


@dataclass(frozen=True)
class LabelScale:
    """Scale that turns log10(σ / (S/cm)) into the z-score that the head is trained on."""

    mean: float
    std: float

    @classmethod
    def of(cls, labels: Sequence[float]) -> Self:
        """Return mean and population standard deviation of the labels; 1 for labels that are all equal."""
        return cls(statistics.fmean(labels), statistics.pstdev(labels) or 1.0)

    def z_score(self, label: float) -> float:
        """Return the output that the head should give for a label."""
        return (label - self.mean) / self.std


def reset_head(model: PreTrainedModel) -> None:
    """Give the linear output new random weights from torch's generator, as no checkpoint holds any.

    Raises:
        LanguageModelError: if the model has no regression head.
    """
    _check_head(model)
    torch.nn.init.normal_(model.score.weight, std=model.config.initializer_range)


def regress(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    scale: LabelScale,
    *,
    batch_size: int = 32,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Return the predicted log10(σ / (S/cm)) of each prompt, shape (n_prompts,).

    Args:
        model: a model with a regression head.
        prompts: token ids of each prompt, from `encoding.prompt_ids`.
        progress: called with (prompts done, prompts in all).

    Raises:
        LanguageModelError: if the model has no regression head.
    """
    _check_head(model)
    scores = np.empty(len(prompts))
    model.eval()
    with torch.inference_mode():
        for start in range(0, len(prompts), batch_size):
            batch = tokenizer.pad({"input_ids": prompts[start : start + batch_size]}, return_tensors="pt")
            scores[start : start + batch_size] = model(**batch.to(model.device)).logits[:, 0].float().cpu()
            progress(min(start + batch_size, len(prompts)), len(prompts))
    return scale.mean + scale.std * scores


def _check_head(model: PreTrainedModel | PeftModel) -> None:
    if model.config.num_labels != 1 or not hasattr(model, "score"):
        raise LanguageModelError(
            "a regression needs a model with one output, and this one predicts tokens: "
            "load it with regression=True"
        )
