"""Fine-tuning on prompts and answers, from the first step or from the last checkpoint of a killed run."""

import math
import resource
import shutil
import time
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, NamedTuple

import pandas as pd
import torch
from peft import LoraConfig, PeftModel, TaskType, get_peft_model
from transformers import (
    DataCollatorForSeq2Seq,
    DataCollatorWithPadding,
    PreTrainedModel,
    PreTrainedTokenizerBase,
    PrinterCallback,
    Trainer,
    TrainingArguments,
    set_seed,
)

from sse_assets.language_models.adapters import FineTuningRun, TrainingData, save_adapter
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.checkpoints import content_hash, resume_point
from sse_assets.language_models.encoding import IGNORED, example_ids, prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.losses import Loss, Recorder, answer_loss, recorded_losses, squared_error
from sse_assets.language_models.number_loss import NumberTokenLoss
from sse_assets.language_models.number_trie import build_trie
from sse_assets.language_models.regression_head import LabelScale, reset_head
from sse_assets.language_models.runtime import (
    GB,
    SMALL_PARAMETERS,
    Loaded,
    Placement,
    free_memory,
    out_of_memory,
    without_bars,
)
from sse_assets.language_models.settings import TrainingSettings
from sse_assets.language_models.shared_beginning import SideBySide, is_worth_sharing, shared_beginning
from sse_assets.tables.names import Task

CHECKPOINTS = "checkpoints"
"""Folder beside the adapter; it is gone once the run has ended well."""
LOSSES_FILE = "losses.csv"
Collator = Callable[[list[dict[str, Any]]], Any]
"""Function that makes the input of one pass out of its examples."""


_STATE_BYTES = {True: 2, False: 8}
"""Bytes of the optimizer's two moments for each trained weight, in 8 bits and in single precision."""


class Passes(NamedTuple):
    """Passes of the model that make one update."""

    examples: int
    """Number of examples that a pass reads."""
    per_update: int
    memory_gb: float
    """Memory that training is expected to take at most, from a rehearsal, in 1e9 bytes."""


@dataclass(frozen=True)
class FineTuned:
    """The outcome of a run."""

    model: PreTrainedModel | PeftModel
    """Base model and adapter, or the base model that was trained as a whole, ready to predict."""
    losses: pd.DataFrame
    """Columns `losses.LOSS_COLUMNS`, a row for each update since the first, resumed or not."""
    run: FineTuningRun


def fine_tune(
    loaded: Loaded,
    base: BaseModel,
    data: TrainingData,
    settings: TrainingSettings,
    folder: Path,
    *,
    task: Task = Task.TEXT,
    progress: Callable[[int, int], None] = lambda done, total: None,
    on_losses: Callable[[pd.DataFrame], None] = lambda losses: None,
) -> FineTuned:
    """Train an adapter and write it into a folder: safetensors, `run.json` and `losses.csv`.

    A checkpoint is written after each epoch into `checkpoints/` there. A run that was killed goes on from
    the last of them, and on a CPU ends bitwise where it would have ended without the kill.

    Args:
        loaded: the base model, for a regression loaded with `regression=True`; it is changed in place, and an
            adapter can be taken out again by `unload`.
        task: text: the loss is the cross-entropy of the answer's tokens. Regression: the squared error of the
            answer as a z-score, read off the state of the prompt's last token.
        progress: called with (updates done, updates in all).
        on_losses: called after each epoch with the losses so far, in the columns of `FineTuned.losses`.

    Raises:
        LanguageModelError: before training, if an example is too long, if the model has no head for a
            regression or is too large to be trained as a whole, if the checkpoints in the folder come from
            other data or settings, or if a batch does not fit into memory; while training, if memory runs out
            or the loss is no longer a number.
    """
    if not data.examples:
        raise LanguageModelError(f"there is nothing to train {base.name} on: the training set has no prompts")
    regression = task is Task.REGRESSION
    scale = LabelScale.of([float(example.answer) for example in data.examples]) if regression else None
    rows = _rows(loaded.tokenizer, base, data, scale, settings.max_length)
    identity = {
        "task": task,
        "base model": {"hub_id": base.hub_id, "revision": base.revision},
        "placement": loaded.placement.identity,
        "examples": content_hash(rows),
        **asdict(settings),
    }
    checkpoint = resume_point(folder / CHECKPOINTS, identity)

    set_seed(settings.seed)
    if regression:
        reset_head(loaded.model)
    model = _trainable(loaded, base, settings, task)
    loss = squared_error if regression else _text_loss(loaded.tokenizer, base, rows, data, settings)
    recorder = Recorder(loss, progress, on_losses)
    collator = _collator(loaded.tokenizer, rows, settings, task)
    if torch.cuda.is_available():
        torch.cuda.reset_peak_memory_stats()
    started = time.monotonic()
    try:
        passes = _passes(model, loss, collator, rows, settings, loaded.placement)
    except torch.OutOfMemoryError as error:
        raise out_of_memory(f"training {base.name}", _more_room(settings, loaded.placement)) from error
    trainer = Trainer(
        model=model,
        args=training_arguments(settings, folder / CHECKPOINTS, loaded.placement, passes),
        train_dataset=rows,
        data_collator=collator,
        processing_class=loaded.tokenizer,
        compute_loss_func=recorder.loss,
        callbacks=[recorder],
    )
    trainer.remove_callback(PrinterCallback)
    try:
        with without_bars():
            trainer.train(resume_from_checkpoint=None if checkpoint is None else str(checkpoint))
    except torch.OutOfMemoryError as error:
        raise out_of_memory(f"training {base.name}", _more_room(settings, loaded.placement)) from error
    seconds = time.monotonic() - started

    if settings.lora is None:
        model.to(getattr(torch, loaded.placement.dtype))
    model.eval()
    first_step = 0 if checkpoint is None else int(checkpoint.name.removeprefix("checkpoint-"))
    share_done = 1 - first_step / trainer.state.max_steps
    tokens = sum(len(row["input_ids"]) for row in rows) * settings.epochs * share_done
    losses = recorded_losses(trainer.state)
    run = FineTuningRun(
        base=base,
        task=task,
        placement=loaded.placement,
        settings=settings,
        data=data.summary(),
        label_scale=scale,
        losses=losses["loss"].tolist(),
        examples_per_pass=passes.examples,
        resumed_at_step=first_step,
        seconds=seconds,
        tokens_per_second=tokens / seconds,
        expected_memory_gb=passes.memory_gb,
        peak_memory_gb=_peak_memory_gb(loaded.placement),
    )
    losses.to_csv(folder / LOSSES_FILE, index=False)
    save_adapter(model, loaded.tokenizer, run, folder)
    shutil.rmtree(folder / CHECKPOINTS)
    return FineTuned(model, losses, run)


def updates(n_examples: int, settings: TrainingSettings) -> int:
    """Count the updates that a run makes in all; the last of an epoch may see fewer examples."""
    return math.ceil(math.ceil(n_examples / settings.batch_size) / settings.accumulation) * settings.epochs


def _rows(
    tokenizer: PreTrainedTokenizerBase,
    base: BaseModel,
    data: TrainingData,
    scale: LabelScale | None,
    max_length: int,
) -> list[dict[str, Any]]:
    """Return what the Trainer reads of each example; without a scale, its answer as text."""
    rows: list[dict[str, Any]] = []
    for example in data.examples:
        if scale is None:
            encoded = example_ids(tokenizer, example.prompt, example.answer, base.chat_template_kwargs)
            row = asdict(encoded)
        else:
            row = {
                "input_ids": prompt_ids(tokenizer, example.prompt, base.chat_template_kwargs),
                "labels": scale.z_score(float(example.answer)),
            }
        if len(row["input_ids"]) > max_length:
            raise LanguageModelError(
                f"the prompt of {example.electrolyte_id} has {len(row['input_ids'])} tokens with its "
                f"answer: raise max_length, which is {max_length}"
            )
        rows.append(row)
    return rows


def _text_loss(
    tokenizer: PreTrainedTokenizerBase,
    base: BaseModel,
    rows: list[dict[str, Any]],
    data: TrainingData,
    settings: TrainingSettings,
) -> Loss:
    """Return the loss of answers, with the distances of numbers if the settings give them a weight."""
    if not settings.number_loss_weight:
        return answer_loss
    answers = {
        tuple(label for label in row["labels"] if label != IGNORED): float(example.answer)
        for row, example in zip(rows, data.examples, strict=True)
    }
    trie = build_trie(tokenizer, base.chat_template_kwargs)
    return NumberTokenLoss(trie, answers, settings.number_loss_weight)


def _collator(
    tokenizer: PreTrainedTokenizerBase, rows: list[dict[str, Any]], settings: TrainingSettings, task: Task
) -> Collator:
    """Return what makes the input of a pass: examples side by side where that is less work, or padded."""
    if task is Task.REGRESSION:
        return DataCollatorWithPadding(tokenizer)
    beginning = shared_beginning([row["input_ids"][: row["labels"].count(IGNORED)] for row in rows])
    lengths = [len(row["input_ids"]) for row in _longest(rows, settings)]
    if is_worth_sharing(beginning, lengths):
        return SideBySide(beginning)
    return DataCollatorForSeq2Seq(tokenizer, label_pad_token_id=IGNORED)


def _trainable(
    loaded: Loaded, base: BaseModel, settings: TrainingSettings, task: Task
) -> PreTrainedModel | PeftModel:
    """Return the model with a new adapter in it, or in single precision to be trained as a whole."""
    if settings.lora is not None:
        adapter = LoraConfig(
            # A regression trains the head in full beside the adapter.
            task_type=TaskType.SEQ_CLS if task is Task.REGRESSION else TaskType.CAUSAL_LM,
            r=settings.lora.rank,
            lora_alpha=settings.lora.alpha,
            lora_dropout=settings.lora.dropout,
            target_modules=list(settings.lora.target_modules),
            base_model_name_or_path=base.hub_id,
            revision=base.revision,
        )
        return get_peft_model(loaded.model, adapter)
    if loaded.placement.four_bit or loaded.model.num_parameters() >= SMALL_PARAMETERS:
        raise LanguageModelError(
            f"{base.name} cannot be trained as a whole, as it is large or held in 4 bit: "
            "give it an adapter by setting lora"
        )
    return loaded.model.float()


def training_arguments(
    settings: TrainingSettings, checkpoints: Path, placement: Placement, passes: Passes
) -> TrainingArguments:
    """Return the Trainer's own arguments: the settings and a checkpoint each epoch; `Recorder` logs."""
    on_cpu = placement.device == "cpu"
    arguments = TrainingArguments(
        output_dir=str(checkpoints),
        num_train_epochs=settings.epochs,
        per_device_train_batch_size=passes.examples,
        gradient_accumulation_steps=passes.per_update,
        learning_rate=settings.learning_rate,
        weight_decay=settings.weight_decay,
        lr_scheduler_type="cosine",
        warmup_steps=settings.warmup_steps,
        optim=settings.optimizer,
        activation_checkpointing=settings.gradient_checkpointing,
        seed=settings.seed,
        use_cpu=on_cpu,
        bf16=placement.dtype == "bfloat16",
        dataloader_pin_memory=not on_cpu,
        save_strategy="epoch",
        save_total_limit=1,
        logging_strategy="no",
        report_to="none",
        disable_tqdm=True,
    )
    # The Trainer would copy the model to every GPU it sees and split each batch among them.
    arguments._n_gpu = min(arguments.n_gpu, 1)
    return arguments


def _passes(
    model: PreTrainedModel | PeftModel,
    loss: Loss,
    collator: Collator,
    rows: list[dict[str, Any]],
    settings: TrainingSettings,
    placement: Placement,
) -> Passes:
    """Rehearse a whole update in one pass, or in the passes of the settings where memory is short.

    Raises:
        torch.OutOfMemoryError: if the passes of the settings do not fit either.
    """
    longest = _longest(rows, settings)
    if settings.accumulation > 1:
        whole = settings.batch_size * settings.accumulation
        try:
            return Passes(whole, 1, _rehearse(model, loss, collator(longest), settings, placement))
        except torch.OutOfMemoryError:
            model.zero_grad(set_to_none=True)
        free_memory()
    batch = collator(longest[-settings.batch_size :])
    memory_gb = _rehearse(model, loss, batch, settings, placement)
    return Passes(settings.batch_size, settings.accumulation, memory_gb)


def _longest(rows: list[dict[str, Any]], settings: TrainingSettings) -> list[dict[str, Any]]:
    """Return as many of the longest examples as an update has."""
    return sorted(rows, key=lambda row: len(row["input_ids"]))[-settings.batch_size * settings.accumulation :]


def _rehearse(
    model: PreTrainedModel | PeftModel,
    loss: Loss,
    batch: Mapping[str, torch.Tensor],
    settings: TrainingSettings,
    placement: Placement,
) -> float:
    """Run one forward and backward pass, so that memory runs out now or not at all.

    The room of the optimizer's state is taken meanwhile.

    Returns:
        Most memory in use, in 1e9 bytes.
    """
    model.train()
    if settings.gradient_checkpointing:
        model.activation_checkpointing_enable()
    trained = sum(weight.numel() for weight in model.parameters() if weight.requires_grad)
    state = torch.empty(trained * _STATE_BYTES["8bit" in settings.optimizer], dtype=torch.uint8)
    state = state.to(placement.device)
    inputs = {name: values.to(model.device) for name, values in batch.items()}
    labels = inputs.pop("labels")
    with torch.autocast(placement.device, torch.bfloat16, enabled=placement.dtype == "bfloat16"):
        loss(model(**inputs), labels).backward()
    model.zero_grad(set_to_none=True)
    del state
    return _peak_memory_gb(placement)


def _more_room(settings: TrainingSettings, placement: Placement) -> str:
    ways = []
    if settings.batch_size > 1:
        updates = settings.batch_size * settings.accumulation
        ways.append(f"set batch_size to 1 and accumulation to {updates}, which trains the same")
    if not settings.gradient_checkpointing:
        ways.append("set gradient_checkpointing")
    if not placement.four_bit:
        ways.append("set quantisation to 4-bit")
    return ", or ".join(ways) or "use a larger GPU"


def _peak_memory_gb(placement: Placement) -> float:
    """Return the most memory of the GPU since training began, or of this whole process on a CPU."""
    if placement.device == "cuda":
        return torch.cuda.max_memory_allocated() / GB
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024 / GB
