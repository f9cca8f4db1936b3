import math
from collections.abc import Mapping

import numpy as np
import pytest
import torch
from transformers import AutoModelForCausalLM, PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import answer_ids, prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.number_trie import NumberDistribution, NumberTrie, build_trie, distribution
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings
from sse_assets_tests.language_models.tiny import TinyFamily

PROMPTS = [
    "formula: Li3PS4",
    "<formula: Li3YCl6> <symmetry: P-3m1> <disorder: Li cation and Other atom disorder>",
    "formula: LiI",
]


class Case:
    """A tiny model with random weights, its trie, and the ids of three prompts of different lengths."""

    def __init__(self, base: BaseModel) -> None:
        self.model, self.tokenizer, _ = load(base, LoadSettings())
        self.chat_kwargs = base.chat_template_kwargs
        self.trie = build_trie(self.tokenizer, self.chat_kwargs)
        self.prompts = [prompt_ids(self.tokenizer, prompt, self.chat_kwargs) for prompt in PROMPTS]

    def ids(self, answer: str) -> list[int]:
        return answer_ids(self.tokenizer, PROMPTS[0], answer, self.chat_kwargs)


@pytest.fixture(scope="module", params=list(TinyFamily))
def case(request: pytest.FixtureRequest, tiny_models: Mapping[TinyFamily, BaseModel]) -> Case:
    return Case(tiny_models[request.param])


@pytest.fixture(scope="module")
def qwen(tiny_models: Mapping[TinyFamily, BaseModel]) -> Case:
    return Case(tiny_models[TinyFamily.QWEN3])


def log_probability(model: PreTrainedModel, prompt: list[int], answer: list[int]) -> float:
    """The plain way: read prompt and answer once, and add up what the model gave each token of the answer."""
    with torch.no_grad():
        logits = model(input_ids=torch.tensor([prompt + answer])).logits[0, len(prompt) - 1 : -1]
    return logits.log_softmax(dim=-1).gather(1, torch.tensor(answer)[:, None]).sum().item()


def test_the_distribution_equals_brute_force(case: Case) -> None:
    """One and two digits before the point, zero, and numbers above it, which have no sign."""
    found = distribution(case.model, case.trie, case.prompts, cut=0, batch_size=2)
    answers = ["-18.00", "-12.34", "-10.00", "-9.99", "-4.25", "-0.01", "0.00", "0.07", "1.00"]
    expected = [
        [log_probability(case.model, prompt, case.ids(answer)) for answer in answers]
        for prompt in case.prompts
    ]
    columns = np.searchsorted(found.values, np.array([float(answer) for answer in answers]) - 1e-9)
    assert np.ptp(expected) > 5
    np.testing.assert_allclose(found.log_probabilities[:, columns], expected, atol=1e-4)


def test_no_number_is_missing_and_none_has_a_sign_too_many(case: Case) -> None:
    found = distribution(case.model, case.trie, case.prompts[:1], cut=0)
    assert found.values[[0, 1799, 1800, 1900]].tolist() == [-18.0, -0.01, 0.0, 1.0]
    assert np.isfinite(found.log_probabilities).all()
    ends = np.concatenate([level.numbers for level in case.trie.levels])
    assert sorted(ends[ends >= 0]) == list(range(1901))


@pytest.mark.parametrize(
    ("family", "tokens"),
    [
        (TinyFamily.LLAMA, ["-", "12", ".", "34", "<|eot_id|>"]),
        (TinyFamily.MISTRAL, ["▁-", "1", "2", ".", "3", "4", "</s>"]),
        (TinyFamily.QWEN3, ["-", "1", "2", ".", "3", "4", "<|im_end|>"]),
    ],
)
def test_the_families_split_a_number_differently(tiny_models, family: TinyFamily, tokens: list[str]) -> None:
    """What the comparison with brute force rests on."""
    base = tiny_models[family]
    tokenizer = load(base, LoadSettings()).tokenizer
    ids = answer_ids(tokenizer, PROMPTS[0], "-12.34", base.chat_template_kwargs)
    assert tokenizer.convert_ids_to_tokens(ids) == tokens


def test_a_prompt_has_the_same_distribution_alone_and_in_a_batch(qwen: Case) -> None:
    together = distribution(qwen.model, qwen.trie, qwen.prompts, batch_size=3)
    again = distribution(qwen.model, qwen.trie, qwen.prompts, batch_size=3)
    assert (together.log_probabilities == again.log_probabilities).all()
    alone = distribution(qwen.model, qwen.trie, qwen.prompts, batch_size=1)
    np.testing.assert_allclose(alone.probabilities, together.probabilities, atol=1e-5)


def test_cutting_unlikely_branches_changes_little_else(qwen: Case) -> None:
    whole = distribution(qwen.model, qwen.trie, qwen.prompts, cut=0)
    cut = distribution(qwen.model, qwen.trie, qwen.prompts, cut=1e-4)
    followed = np.isfinite(cut.log_probabilities)
    assert followed.sum() < 0.5 * followed.size
    np.testing.assert_allclose(cut.log_probabilities[followed], whole.log_probabilities[followed], atol=1e-4)
    lost = whole.probabilities[~followed].sum() / len(PROMPTS)
    assert lost < 0.02
    np.testing.assert_allclose(cut.mass, whole.mass, rtol=0.03)


def test_a_model_that_would_never_write_a_number_still_has_one(qwen: Case) -> None:
    """Random weights give all numbers together less than 1e-12."""
    found = distribution(qwen.model, qwen.trie, qwen.prompts)
    assert (found.mass < 1e-12).all()
    np.testing.assert_allclose(found.probabilities.sum(axis=1), 1)
    assert np.isin(found.median(), found.values).all()


def test_progress_ends_with_all_prompts(qwen: Case) -> None:
    seen: list[tuple[int, int]] = []
    distribution(qwen.model, qwen.trie, qwen.prompts, batch_size=2, progress=lambda *done: seen.append(done))
    assert seen == [(2, 3), (3, 3)]


def test_summaries_worked_by_hand() -> None:
    """P = 0.2, 0.3, 0.5 of what is a number at all, which is a tenth; and all on one number."""
    with np.errstate(divide="ignore"):
        log_probabilities = np.log([[0.02, 0.03, 0.05], [0.0, 1.0, 0.0]])
    found = NumberDistribution(np.array([-2.0, -1.0, 0.0]), log_probabilities)
    assert found.mass.tolist() == pytest.approx([0.1, 1.0])
    assert found.mean().tolist() == pytest.approx([-0.7, -1.0])
    assert found.std().tolist() == pytest.approx([math.sqrt(0.61), 0.0])
    assert found.median().tolist() == [-1.0, -1.0]
    assert found.quantile(0.05).tolist() == [-2.0, -1.0]
    assert found.quantile(0.95).tolist() == [0.0, -1.0]


def test_a_tokenizer_without_digits_is_refused(tiny_models, monkeypatch: pytest.MonkeyPatch) -> None:
    base = tiny_models[TinyFamily.QWEN3]
    tokenizer = load(base, LoadSettings()).tokenizer

    def digits_lost(
        tokenizer: PreTrainedTokenizerBase, prompt: str, answer: str, chat_kwargs: Mapping[str, object]
    ) -> list[int]:
        return [1 if character.isdigit() else 2 for character in answer] + [0]

    monkeypatch.setattr("sse_assets.language_models.number_trie.answer_ids", digits_lost)
    with pytest.raises(LanguageModelError, match=r"writes -18\.00 and -17\.99 alike"):
        build_trie(tokenizer, base.chat_template_kwargs)


def test_attention_that_would_misread_the_mask_is_refused(tiny_models) -> None:
    model = AutoModelForCausalLM.from_pretrained(
        tiny_models[TinyFamily.LLAMA].hub_id, attn_implementation="eager"
    )
    trie = NumberTrie(np.array([0.0]), ())
    with pytest.raises(LanguageModelError, match="attn_implementation='sdpa'"):
        distribution(model, trie, [[1, 2]])
