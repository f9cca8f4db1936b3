from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
import torch
from transformers import PreTrainedTokenizerBase

from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import prompt_ids
from sse_assets.language_models.runtime import Loaded, load
from sse_assets.language_models.sampling import _text, draw_answers, sampled_predictions
from sse_assets.language_models.settings import LoadSettings

THREE = SamplingSettings(draws=3, attempts=2)


@pytest.fixture
def untrained(base: BaseModel) -> Loaded:
    """A model that writes nonsense."""
    return load(base, LoadSettings())


@pytest.fixture
def prompts(untrained: Loaded) -> list[list[int]]:
    texts = ["formula: Li3PS4", "<formula: Li3YCl6> <symmetry: P-3m1>"]
    return [prompt_ids(untrained.tokenizer, text, {}) for text in texts]


def test_the_settings_are_those_of_table_2() -> None:
    settings = SamplingSettings()
    assert (settings.temperature, settings.top_k, settings.max_new_tokens) == (0.7, 10, 12)


def test_a_seed_gives_the_same_answers_and_leaves_the_random_state(untrained, prompts) -> None:
    first = draw_answers(untrained.model, untrained.tokenizer, prompts, THREE)
    torch.manual_seed(5)
    expected = torch.rand(1)
    torch.manual_seed(5)
    second = draw_answers(untrained.model, untrained.tokenizer, prompts, THREE)
    assert torch.rand(1) == expected
    pd.testing.assert_frame_equal(first, second)
    other = draw_answers(untrained.model, untrained.tokenizer, prompts, replace(THREE, seed=1))
    assert (first["text"] != other["text"]).any()
    assert first["text"].nunique() == 6


def test_the_models_own_generation_settings_do_not_count(untrained: Loaded, prompts: list[list[int]]) -> None:
    """Llama's and Qwen's files set a temperature, a top-k and a top-p."""
    expected = draw_answers(untrained.model, untrained.tokenizer, prompts, THREE)
    own = untrained.model.generation_config
    own.do_sample, own.top_p, own.top_k, own.temperature, own.repetition_penalty = True, 1e-6, 1, 9.0, 5.0
    drawn = draw_answers(untrained.model, untrained.tokenizer, prompts, THREE)
    pd.testing.assert_frame_equal(drawn, expected)


def test_a_prompt_is_answered_alike_alone_and_beside_a_longer_one(untrained, prompts) -> None:
    """Drawn from the likeliest token alone, so that nothing is left to chance."""
    greedy = replace(THREE, top_k=1)
    together = draw_answers(untrained.model, untrained.tokenizer, prompts, greedy)
    alone = draw_answers(untrained.model, untrained.tokenizer, prompts, greedy, batch_size=1)
    pd.testing.assert_frame_equal(together, alone)
    assert together.groupby("prompt")["text"].nunique().tolist() == [1, 1]


def test_nonsense_is_asked_again_then_given_up(untrained: Loaded, prompts: list[list[int]]) -> None:
    seen: list[tuple[int, int]] = []
    drawn = draw_answers(
        untrained.model, untrained.tokenizer, prompts, THREE, progress=lambda *done: seen.append(done)
    )
    assert drawn["prompt"].tolist() == [0, 0, 0, 1, 1, 1]
    assert drawn["draw"].tolist() == [0, 1, 2, 0, 1, 2]
    assert (drawn["attempts"] == 2).all()
    assert drawn["value"].isna().all()
    assert seen[-1] == (6, 6)
    table = sampled_predictions(drawn, train_median=-5.5)
    assert (table["predicted"] == -5.5).all()
    assert not table["valid"].any()
    assert table["imputed"].all()
    assert (table["n_draws"] == 0).all()


def test_only_refused_answers_are_asked_again(untrained, prompts, monkeypatch: pytest.MonkeyPatch) -> None:
    """The model is made to write these texts, in this order, one an answer."""
    script = iter(["-4.00", "-5.5.0", "-6.00 S/cm", "-5.50", "-60"])
    monkeypatch.setattr(
        "sse_assets.language_models.sampling._write",
        lambda model, tokenizer, asked, settings: [next(script) for _ in asked],
    )
    settings = SamplingSettings(draws=3, attempts=2)
    drawn = draw_answers(untrained.model, untrained.tokenizer, prompts[:1], settings, batch_size=2)
    assert drawn["text"].tolist() == ["-4.00", "-5.50", "-60"]
    assert drawn["attempts"].tolist() == [1, 2, 2]
    assert drawn["value"].tolist()[:2] == [-4.0, -5.5]
    assert np.isnan(drawn["value"][2])
    assert next(script, "all read") == "all read"


@pytest.fixture
def draws() -> pd.DataFrame:
    """Three answers to each of two prompts, three retried; one never became a number."""
    return pd.DataFrame(
        {
            "prompt": [0, 0, 0, 1, 1, 1],
            "draw": [0, 1, 2, 0, 1, 2],
            "attempts": [1, 1, 2, 2, 3, 1],
            "value": [-4.0, -5.0, -9.0, -3.0, np.nan, -4.0],
        }
    )


def test_the_first_draw_counts_and_the_others_show_its_spread(draws: pd.DataFrame) -> None:
    table = sampled_predictions(draws, train_median=-7.0)
    assert table["predicted"].tolist() == [-4.0, -3.0]
    assert table["valid"].tolist() == [True, False]
    assert table["imputed"].tolist() == [False, False]
    assert table["mean"].tolist() == [-6.0, -3.5]
    assert table["std"].tolist() == pytest.approx([np.sqrt(7.0), np.sqrt(0.5)])
    assert table["n_draws"].tolist() == [3, 2]


def test_special_tokens_inside_an_answer_stay(untrained: Loaded) -> None:
    """`-4</s>` is an answer; `-4[INST].25` is not -4.25."""
    tokenizer: PreTrainedTokenizerBase = untrained.tokenizer
    minus, four, point, two, inst = tokenizer.convert_tokens_to_ids(["▁-", "4", ".", "2", "[INST]"])
    assert _text(tokenizer, [minus, four, point, two, tokenizer.eos_token_id, four]).strip() == "-4.2"
    assert "[INST]" in _text(tokenizer, [minus, four, inst, point, two])
