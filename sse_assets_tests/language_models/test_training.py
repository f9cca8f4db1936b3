import json
from dataclasses import replace
from functools import wraps
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file
from transformers import TrainingArguments

from sse_assets.language_models.adapters import TrainingData, load_adapter, read_run
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import example_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.runtime import Placement, load
from sse_assets.language_models.settings import LoadSettings, Quantisation, TrainingSettings
from sse_assets.language_models.training import CHECKPOINTS, Passes, fine_tune, training_arguments
from sse_assets.tables.names import Task
from sse_assets_tests.language_models.conftest import Killed, Learnt, kill_at

# Rank 64 makes the adapter's tensors large enough for a true 8-bit optimizer state.
SHORT = TrainingSettings(learning_rate=3e-3, epochs=3)
SHORT = replace(SHORT, lora=replace(SHORT.lora, rank=64))


def test_defaults_are_table_2(base: BaseModel, tmp_path: Path) -> None:
    settings = TrainingSettings()
    passes = Passes(settings.batch_size, settings.accumulation, 0.0)
    arguments = training_arguments(settings, tmp_path, load(base, LoadSettings()).placement, passes)

    assert (settings.lora.alpha, settings.lora.dropout) == (64, 0.05)
    assert settings.lora.target_modules == (
        *("q_proj", "k_proj", "v_proj", "o_proj", "gate_proj", "up_proj", "down_proj"),
    )
    assert (arguments.optim, arguments.learning_rate, arguments.weight_decay) == ("adamw_8bit", 2e-4, 0.01)
    assert (arguments.lr_scheduler_type, arguments.num_train_epochs) == ("cosine", 15)
    assert (arguments.per_device_train_batch_size, arguments.gradient_accumulation_steps) == (4, 2)


def test_one_gpu_is_used_of_many(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "device_count", lambda: 2)
    assert TrainingArguments(output_dir=str(tmp_path)).n_gpu == 2  # and would split each batch
    placement = Placement("cuda", "float32", four_bit=False, why="")
    assert training_arguments(TrainingSettings(), tmp_path, placement, Passes(8, 1, 0.0)).n_gpu == 1


def test_it_learns(learnt: Learnt) -> None:
    losses = learnt.tuned.losses["loss"]
    last_epoch = losses.iloc[-7:].mean()

    assert len(losses) == 60 * 7  # 50 examples in updates of 8
    assert last_epoch < 0.25 * losses.iloc[0]


def test_a_killed_run_ends_where_it_would_have_ended(base, twelve, tmp_path: Path) -> None:
    whole = fine_tune(load(base, LoadSettings()), base, twelve, SHORT, tmp_path / "whole")
    with pytest.raises(Killed):
        fine_tune(
            load(base, LoadSettings()), base, twelve, SHORT, tmp_path / "killed", progress=kill_at(step=5)
        )
    half_written = tmp_path / "killed" / CHECKPOINTS / "checkpoint-5"
    half_written.mkdir()
    (half_written / "adapter_model.safetensors").write_bytes(b"")
    done: list[tuple[int, int]] = []
    resumed = fine_tune(
        load(base, LoadSettings()),
        base,
        twelve,
        SHORT,
        tmp_path / "killed",
        progress=lambda step, steps: done.append((step, steps)),
    )

    assert resumed.run.resumed_at_step == 4
    assert done == [(5, 6), (6, 6)]
    expected, found = (load_file(tmp_path / run / "adapter_model.safetensors") for run in ("whole", "killed"))
    assert expected.keys() == found.keys()
    assert all(torch.equal(expected[name], found[name]) for name in expected)
    assert resumed.losses.equals(whole.losses)
    assert not (tmp_path / "killed" / CHECKPOINTS).exists()


@pytest.mark.parametrize("changed", ["learning_rate", "examples"])
def test_checkpoints_of_another_run_are_refused(changed: str, base, twelve, tmp_path: Path) -> None:
    with pytest.raises(Killed):
        fine_tune(load(base, LoadSettings()), base, twelve, SHORT, tmp_path, progress=kill_at(step=3))
    settings = replace(SHORT, learning_rate=1e-3) if changed == "learning_rate" else SHORT
    data = replace(twelve, examples=twelve.examples[::-1]) if changed == "examples" else twelve

    with pytest.raises(LanguageModelError, match=f"come from a run with other {changed}: delete that folder"):
        fine_tune(load(base, LoadSettings()), base, data, settings, tmp_path)


def test_losses_are_told_after_each_epoch(base: BaseModel, twelve: TrainingData, tmp_path: Path) -> None:
    told: list[int] = []
    fine_tune(
        load(base, LoadSettings()),
        base,
        twelve,
        SHORT,
        tmp_path,
        on_losses=lambda losses: told.append(len(losses)),
    )
    assert told == [2, 4, 6]


def test_recomputed_activations_change_nothing(base: BaseModel, twelve: TrainingData, tmp_path: Path) -> None:
    settings = replace(SHORT, epochs=1, lora=replace(SHORT.lora, dropout=0.0))
    kept = fine_tune(load(base, LoadSettings()), base, twelve, settings, tmp_path / "kept")
    settings = replace(settings, gradient_checkpointing=True)
    recomputed = fine_tune(load(base, LoadSettings()), base, twelve, settings, tmp_path / "recomputed")
    assert recomputed.run.losses == pytest.approx(kept.run.losses, rel=1e-5)


def test_run_json_tells_all_and_reads_back(learnt: Learnt) -> None:
    assert read_run(learnt.folder) == learnt.tuned.run
    written = json.loads((learnt.folder / "run.json").read_text())
    assert written["data"]["data_version"] == "invented"
    assert written["data"]["n_examples"] == 50
    assert written["losses"] == learnt.tuned.losses["loss"].tolist()
    assert written["tokens_per_second"] > 0
    assert written["peak_memory_gb"] > 0
    assert written["versions"].keys() == {"torch", "transformers", "peft", "bitsandbytes"}


def test_a_saved_adapter_is_the_trained_one(learnt: Learnt, fifty: TrainingData) -> None:
    loaded = load_adapter(learnt.folder, LoadSettings())
    example = fifty.examples[0]
    ids = torch.tensor([example_ids(loaded.tokenizer, example.prompt, example.answer, {}).input_ids])
    with torch.inference_mode():
        expected, found = learnt.tuned.model(input_ids=ids).logits, loaded.model(input_ids=ids).logits
    assert torch.equal(expected, found)


def test_a_folder_without_a_finished_adapter_is_refused(tmp_path: Path) -> None:
    with pytest.raises(LanguageModelError, match=r"run\.json is missing; fine-tune it first"):
        load_adapter(tmp_path, LoadSettings())


def test_4_bit_weights_are_trained_and_used_as_such(base, twelve, tmp_path: Path) -> None:
    four_bit = load(base, LoadSettings(quantisation=Quantisation.FOUR_BIT))
    assert type(four_bit.model.model.layers[0].self_attn.q_proj).__name__ == "Linear4bit"

    run = fine_tune(four_bit, base, twelve, replace(SHORT, epochs=1), tmp_path).run

    assert run.placement.four_bit
    assert "4-bit weights" in run.placement.why
    assert load_adapter(tmp_path, LoadSettings()).placement.four_bit


def test_a_long_example_is_refused_before_training(base, twelve, tmp_path: Path) -> None:
    with pytest.raises(
        LanguageModelError, match=r"the prompt of invented:0 has .* raise max_length, which is 64"
    ):
        fine_tune(load(base, LoadSettings()), base, twelve, replace(SHORT, max_length=64), tmp_path)


def test_no_examples_are_refused(base: BaseModel, twelve: TrainingData, tmp_path: Path) -> None:
    with pytest.raises(LanguageModelError, match="there is nothing to train tiny-mistral on"):
        fine_tune(load(base, LoadSettings()), base, replace(twelve, examples=()), SHORT, tmp_path)


def test_running_out_of_memory_comes_before_the_first_update_with_a_remedy(
    base, twelve, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    loaded = load(base, LoadSettings())

    def forward(*args: object, **kwargs: object) -> None:
        raise torch.OutOfMemoryError

    monkeypatch.setattr(loaded.model, "forward", forward)
    steps: list[int] = []
    with pytest.raises(
        LanguageModelError, match=r"at a peak of .* GB: set batch_size to 1 and accumulation to 8"
    ):
        fine_tune(loaded, base, twelve, SHORT, tmp_path, progress=lambda done, total: steps.append(done))
    assert steps == []


def test_a_lost_loss_stops_the_run(base: BaseModel, twelve: TrainingData, tmp_path: Path) -> None:
    loaded = load(base, LoadSettings())
    with torch.no_grad():
        loaded.model.lm_head.weight.fill_(float("nan"))
    with pytest.raises(LanguageModelError, match="the loss is nan at update 1: training diverged"):
        fine_tune(loaded, base, twelve, SHORT, tmp_path)


@pytest.mark.parametrize("task", list(Task))
def test_an_update_in_several_passes_is_the_same_update(
    task: Task, base: BaseModel, twelve: TrainingData, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Ten examples: the second update of an epoch has two, which are not cut into equal passes of three."""
    data = replace(twelve, examples=twelve.examples[:10])
    lora = replace(SHORT.lora, dropout=0.0)
    settings = replace(SHORT, batch_size=3, accumulation=3, optimizer="adamw_torch", lora=lora)
    regression = task is Task.REGRESSION
    model = load(base, LoadSettings(), regression=regression)
    at_once = fine_tune(model, base, data, settings, tmp_path / "at_once", task=task)

    loaded = load(base, LoadSettings(), regression=regression)
    forward, memory_is_short = loaded.model.forward, [True]

    @wraps(forward)  # the Trainer reads its arguments
    def short_of_memory(*args: object, **kwargs: object) -> object:
        if memory_is_short:
            memory_is_short.pop()
            raise torch.OutOfMemoryError
        return forward(*args, **kwargs)

    monkeypatch.setattr(loaded.model, "forward", short_of_memory)
    in_passes = fine_tune(loaded, base, data, settings, tmp_path / "in_passes", task=task)

    assert (at_once.run.examples_per_pass, in_passes.run.examples_per_pass) == (9, 3)
    assert in_passes.run.losses == pytest.approx(at_once.run.losses, rel=1e-5)
    assert at_once.run.losses[-1] != pytest.approx(at_once.run.losses[0], rel=0.1)


def test_the_rehearsal_expects_the_memory_that_training_takes(learnt: Learnt) -> None:
    run = learnt.tuned.run
    assert 0.5 * run.peak_memory_gb < run.expected_memory_gb <= run.peak_memory_gb
