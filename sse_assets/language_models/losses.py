"""What a training is led by, and the record of it."""

import math
from collections.abc import Callable
from typing import Any, Protocol

import pandas as pd
import torch
from torch.nn.functional import mse_loss
from transformers import TrainerCallback, TrainerControl, TrainerState, TrainingArguments
from transformers.loss.loss_utils import ForCausalLMLoss

from sse_assets.language_models.errors import LanguageModelError

LOSS_COLUMNS = ["step", "epoch", "loss", "learning_rate"]
"""Update, epochs done, mean loss of the update (see `FineTuningRun.losses`), learning rate."""


class Loss(Protocol):
    """A loss in the form that the Trainer calls; it is divided by what the whole update counts."""

    def __call__(
        self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Return the share of one pass in the loss of its update."""


def answer_loss(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the cross-entropy of the answers' tokens.

    Args:
        outputs: outputs of the model, with `logits` of shape (n_sequences, n_tokens, n_vocabulary).
        labels: shape (n_sequences, n_tokens), `encoding.IGNORED` outside the answers.
        num_items_in_batch: answer tokens of the whole update; None if this pass is all of it.
    """
    logits = outputs.logits
    return ForCausalLMLoss(logits, labels, logits.shape[-1], num_items_in_batch=num_items_in_batch)


def squared_error(
    outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
) -> torch.Tensor:
    """Return the squared error of the z-scores.

    Args:
        outputs: outputs of the model, with `logits` of shape (n_examples, 1).
        labels: z-scores, shape (n_examples,).
        num_items_in_batch: examples of the whole update; None if this pass is all of it.
    """
    n_examples = len(labels) if num_items_in_batch is None else num_items_in_batch
    return mse_loss(outputs.logits[:, 0].float(), labels.float(), reduction="sum") / n_examples


class Recorder(TrainerCallback):  # type: ignore[misc]  # mypy reads nothing of transformers
    """Record the loss of each update, report the progress, and stop a training whose loss is no number.

    Losses stay on the device until their epoch ends, as each reading makes a GPU wait. They are written to
    the state that a checkpoint keeps.
    """

    def __init__(
        self,
        loss: Loss,
        progress: Callable[[int, int], None],
        on_losses: Callable[[pd.DataFrame], None],
    ) -> None:
        """Take the loss to record.

        Args:
            progress: called after each update with (updates done, updates in all).
            on_losses: called after each epoch with all losses so far (`LOSS_COLUMNS`).
        """
        self._loss, self._progress, self._on_losses = loss, progress, on_losses
        self._passes: list[torch.Tensor] = []
        self._updates: list[tuple[dict[str, float], torch.Tensor]] = []
        self._learning_rate = math.nan

    def loss(
        self, outputs: Any, labels: torch.Tensor, num_items_in_batch: torch.Tensor | int | None = None
    ) -> torch.Tensor:
        """Return the loss of a pass, and keep it; the Trainer calls this as its `compute_loss_func`."""
        value = self._loss(outputs, labels, num_items_in_batch)
        self._passes.append(value.detach())
        return value

    def on_optimizer_step(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Take the learning rate of the update."""
        (self._learning_rate, *_) = kwargs["lr_scheduler"].get_last_lr()

    def on_step_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Close an update, and report how many are done."""
        update = {"step": state.global_step, "epoch": state.epoch, "learning_rate": self._learning_rate}
        self._updates.append((update, torch.stack(self._passes).sum()))
        self._passes.clear()
        self._progress(state.global_step, state.max_steps)

    def on_epoch_end(
        self, args: TrainingArguments, state: TrainerState, control: TrainerControl, **kwargs: Any
    ) -> None:
        """Read the losses of the epoch, and pass on all so far."""
        losses = torch.stack([loss for _, loss in self._updates]).tolist()
        for (update, _), loss in zip(self._updates, losses, strict=True):
            if not math.isfinite(loss):
                raise LanguageModelError(
                    f"the loss is {loss} at update {update['step']}: training diverged; lower learning_rate"
                )
            state.log_history.append(update | {"loss": loss})
        self._updates.clear()
        self._on_losses(recorded_losses(state))


def recorded_losses(state: TrainerState) -> pd.DataFrame:
    """Return the losses that a training has recorded, in the columns `LOSS_COLUMNS`."""
    return pd.DataFrame([entry for entry in state.log_history if "loss" in entry], columns=LOSS_COLUMNS)
