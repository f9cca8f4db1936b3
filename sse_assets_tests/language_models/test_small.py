from dataclasses import replace
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from sse_assets.language_models.adapters import TrainingData, load_adapter
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import example_ids, prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prediction import predict_new
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, Quantisation, TrainingSettings
from sse_assets.language_models.small import SMALL_TRAINING, small_base_model
from sse_assets.language_models.training import CHECKPOINTS, fine_tune
from sse_assets.tables.names import NumberMode
from sse_assets_tests.language_models.conftest import Killed, kill_at
from sse_assets_tests.language_models.test_prediction import LICL

BY_HEART = replace(SMALL_TRAINING, epochs=40)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory, fifty: TrainingData) -> BaseModel:
    return small_base_model(tmp_path_factory.mktemp("small"), [example.prompt for example in fifty.examples])


def test_an_answer_is_four_tokens_and_the_system_prompt_one(base: BaseModel, fifty: TrainingData) -> None:
    tokenizer = load(base, LoadSettings()).tokenizer
    prompt = fifty.examples[0].prompt
    encoded = example_ids(tokenizer, prompt, "-10.25", {})
    pieces = tokenizer.convert_ids_to_tokens(encoded.input_ids)
    assert pieces[-4:] == ["-10.", "2", "5", "<|end|>"]
    assert len(pieces) < 40
    assert tokenizer.unk_token_id not in prompt_ids(tokenizer, "<formula: Uuo9> <symmetry: é>", {})


def test_all_weights_are_trained_and_kept(base: BaseModel, twelve: TrainingData, tmp_path: Path) -> None:
    untrained = load_file(Path(base.hub_id) / "model.safetensors")
    tuned = fine_tune(load(base, LoadSettings()), base, twelve, BY_HEART, tmp_path)
    assert tuned.losses["loss"].iloc[-1] < 0.25 * tuned.losses["loss"].iloc[0]
    trained = load_file(tmp_path / "model.safetensors")
    assert trained.keys() == untrained.keys()
    assert not any(torch.equal(trained[name], untrained[name]) for name in trained)

    kept = load_adapter(tmp_path, LoadSettings())
    example = twelve.examples[0]
    ids = torch.tensor([example_ids(kept.tokenizer, example.prompt, example.answer, {}).input_ids])
    with torch.inference_mode():
        assert torch.equal(kept.model(input_ids=ids).logits, tuned.model(input_ids=ids).logits)
    new = predict_new(tmp_path, cif=LICL, mode=NumberMode.DISTRIBUTION)
    assert -18 <= new["predicted"].item() <= 1


def test_a_killed_run_ends_where_it_would_have_ended(base, twelve, tmp_path: Path) -> None:
    settings = replace(SMALL_TRAINING, epochs=3)

    fine_tune(load(base, LoadSettings()), base, twelve, settings, tmp_path / "whole")
    with pytest.raises(Killed):
        fine_tune(
            load(base, LoadSettings()), base, twelve, settings, tmp_path / "killed", progress=kill_at(5)
        )
    assert (tmp_path / "killed" / CHECKPOINTS).is_dir()
    resumed = fine_tune(load(base, LoadSettings()), base, twelve, settings, tmp_path / "killed")
    assert resumed.run.resumed_at_step == 4
    expected, found = (load_file(tmp_path / run / "model.safetensors") for run in ("whole", "killed"))
    assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_model_in_4_bit_is_not_trained_as_a_whole(base, twelve, tmp_path: Path) -> None:
    loaded = load(base, LoadSettings(quantisation=Quantisation.FOUR_BIT))
    with pytest.raises(LanguageModelError, match="give it an adapter by setting lora"):
        fine_tune(loaded, base, twelve, TrainingSettings(lora=None), tmp_path)
