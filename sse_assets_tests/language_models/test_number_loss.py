import math
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
import torch

from sse_assets.language_models.encoding import IGNORED, answer_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.number_loss import NumberTokenLoss, choices
from sse_assets.language_models.number_trie import NumberTrie, TrieLevel, build_trie
from sse_assets.language_models.prompts import label_text
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.language_models.training import fine_tune
from sse_assets_tests.language_models.tiny import TinyFamily

# The numbers 0, 1, 2 and 10 as digits, 4 ends a turn: 0|1 0? |2, each with its end.
END = 4
TRIE = NumberTrie(
    values=np.array([0.0, 1.0, 2.0, 10.0]),
    levels=(
        TrieLevel(np.array([0, 1, 2]), np.array([0, 0, 0]), np.array([-1, -1, -1])),
        TrieLevel(np.array([END, END, 0, END]), np.array([0, 1, 1, 2]), np.array([0, 1, -1, 2])),
        TrieLevel(np.array([END]), np.array([2]), np.array([3])),
    ),
)


def test_a_token_is_as_far_as_the_nearest_number_behind_it() -> None:
    """For 10: a 0 leads to 0 alone, a 2 to 2; a 1 may become 10, unless the turn ends there."""
    found = [dict(zip(tokens, far, strict=True)) for tokens, far in choices(TRIE, (1, 0, END), 10.0)]
    assert found == [{0: 10.0, 1: 0.0, 2: 8.0}, {END: 9.0, 0: 0.0}, {END: 0.0}]


def test_the_loss_of_a_model_without_a_clue() -> None:
    """All five tokens alike: ln 5 a token, and on the way to 10 a distance of 18 / 3 + 9 / 2 + 0."""
    loss = NumberTokenLoss(TRIE, {(1, 0, END): 10.0, (2, END): 2.0}, weight=0.5)
    labels = torch.tensor([[IGNORED, 1, 0, END], [IGNORED, IGNORED, 2, END]])
    outputs = SimpleNamespace(logits=torch.zeros(2, 4, 5))
    distance = (18 / 3 + 9 / 2) + (2 + 1) / 3
    expected = math.log(5) + 0.5 * distance / 5
    assert loss(outputs, labels).item() == pytest.approx(expected)
    assert loss(outputs, labels, num_items_in_batch=10).item() == pytest.approx(expected / 2)


def test_a_certain_model_loses_nothing_and_a_near_miss_costs_less() -> None:
    loss = NumberTokenLoss(TRIE, {(2, END): 2.0}, weight=1.0)
    labels = torch.tensor([[IGNORED, 2, END]])

    def lost(token: int) -> float:
        logits = torch.zeros(1, 3, 5)
        logits[0, 0, token] = 50
        logits[0, 1, END] = 50
        return loss(SimpleNamespace(logits=logits), labels).item()

    assert lost(2) == pytest.approx(0, abs=1e-6)
    assert lost(0) - lost(1) == pytest.approx(0.5)  # 2 away against 1, over two tokens


@pytest.mark.parametrize("family", TinyFamily)
def test_distances_follow_the_tokenizer(family: TinyFamily, tiny_models) -> None:
    """Against a search through all numbers, however the family splits them."""
    base = tiny_models[family]
    tokenizer = load(base, LoadSettings()).tokenizer
    trie = build_trie(tokenizer, base.chat_template_kwargs)
    every = {
        value: tuple(answer_ids(tokenizer, "formula: LiCl", label_text(value), base.chat_template_kwargs))
        for value in trie.values
    }
    own = every[-10.25]
    for depth, (tokens, distances) in enumerate(choices(trie, own, -10.25)):
        for token, distance in zip(tokens, distances, strict=True):
            behind = [value for value, ids in every.items() if ids[: depth + 1] == (*own[:depth], token)]
            assert distance == pytest.approx(min(abs(value + 10.25) for value in behind))


def test_an_answer_that_is_no_number_of_the_trie_is_refused() -> None:
    with pytest.raises(
        LanguageModelError, match=r"the answer 3\.0 is none of the numbers from 0\.0 to 10\.0"
    ):
        choices(TRIE, (3, END), 3.0)


def test_a_model_is_trained_by_it(twelve, base, tmp_path: Path) -> None:
    settings = TrainingSettings(learning_rate=3e-3, epochs=4)
    losses = {}
    for weight in (0.0, 1e-9, 1.0):
        tuned = fine_tune(
            load(base, LoadSettings()),
            base,
            twelve,
            replace(settings, number_loss_weight=weight),
            tmp_path / str(weight),
        )
        losses[weight] = tuned.run.losses
    assert losses[1e-9] == pytest.approx(losses[0.0], rel=1e-4)
    assert losses[1.0][0] > losses[0.0][0]
    assert losses[1.0][-1] < losses[1.0][0]
