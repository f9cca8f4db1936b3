"""A language model with one number for an output: the same prompts, no text and no digits."""

import dataclasses
import statistics
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from transformers import (
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    set_seed,
)

from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.runtime import Loaded
from sse_assets.language_models.settings import TrainingSettings
from sse_assets.language_models.training import Reporter, training_arguments


@dataclass(frozen=True)
class LabelScale:
    """What turns log10(σ / (S/cm)) into the z-score that the head is trained on."""

    mean: float
    std: float

    @classmethod
    def of(cls, labels: Sequence[float]) -> Self:
        """Mean and population standard deviation of the training labels; 1 where all are alike."""
        return cls(statistics.fmean(labels), statistics.pstdev(labels) or 1.0)


@dataclass(frozen=True)
class RegressionHead:
    """The outcome of `fit_regression_head`."""

    model: PeftModel
    scale: LabelScale
    losses: list[float]
    """Mean squared error of the z-scores, update by update."""


def fit_regression_head(
    loaded: Loaded,
    base: BaseModel,
    data: TrainingData,
    settings: TrainingSettings,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> RegressionHead:
    """Train an adapter and a linear output on the state of the prompt's last token.

    Examples and settings are those of `training.fine_tune`; the loss is the squared error of the label. No
    checkpoint is written: a run that was killed begins anew.

    Args:
        loaded: from `runtime.load` with `regression=True`; the adapter is put into it.
        progress: called with (updates done, updates in all).

    Raises:
        LanguageModelError: if the model has no regression head; if the loss is no longer a number.
    """
    _check_head(loaded.model)
    labels = [float(example.answer) for example in data.examples]
    scale = LabelScale.of(labels)
    rows = [
        {
            "input_ids": prompt_ids(loaded.tokenizer, example.prompt, base.chat_template_kwargs),
            "labels": (label - scale.mean) / scale.std,
        }
        for example, label in zip(data.examples, labels, strict=True)
    ]
    set_seed(settings.seed)
    model = get_peft_model(
        loaded.model,
        LoraConfig(
            task_type=TaskType.SEQ_CLS,  # trains the head in full beside the adapter
            r=settings.lora.rank,
            lora_alpha=settings.lora.alpha,
            lora_dropout=settings.lora.dropout,
            target_modules=list(settings.lora.target_modules),
        ),
    )
    with tempfile.TemporaryDirectory() as folder:
        arguments = training_arguments(settings, Path(folder), loaded.placement)
        trainer = Trainer(
            model=model,
            args=dataclasses.replace(arguments, save_strategy="no"),
            train_dataset=rows,
            data_collator=DataCollatorWithPadding(loaded.tokenizer),
            processing_class=loaded.tokenizer,
            callbacks=[Reporter(progress, lambda losses: None)],
        )
        trainer.remove_callback(PrinterCallback)
        trainer.train()
    losses = [entry["loss"] for entry in trainer.state.log_history if "loss" in entry]
    return RegressionHead(model, scale, losses)


def regress(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    scale: LabelScale,
    *,
    batch_size: int = 32,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> np.ndarray:
    """Predicted log10(σ / (S/cm)) of each prompt, shape (n_prompts,).

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
