from collections.abc import Mapping

import pytest
from transformers import AutoTokenizer, PreTrainedTokenizerBase

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import IGNORED, answer_ids, example_ids, prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prompts import SYSTEM_PROMPT
from sse_assets_tests.language_models.tiny import TinyFamily

USER = "<formula: Li3YCl6> <symmetry: P-3m1>"
# The prompts of the real templates, which the tiny ones follow.
WHOLE = {
    TinyFamily.LLAMA: (
        "<|begin_of_text|><|start_header_id|>system<|end_header_id|>\n\nToday Date: 26 Jul 2024\n\n"
        f"{SYSTEM_PROMPT}<|eot_id|><|start_header_id|>user<|end_header_id|>\n\n{USER}<|eot_id|>"
        "<|start_header_id|>assistant<|end_header_id|>\n\n",
        "-4.25<|eot_id|>",
    ),
    TinyFamily.MISTRAL: (f"<s>[INST] {SYSTEM_PROMPT}\n\n{USER}[/INST]", " -4.25</s>"),
    TinyFamily.QWEN3: (
        f"<|im_start|>system\n{SYSTEM_PROMPT}<|im_end|>\n<|im_start|>user\n{USER}<|im_end|>\n"
        "<|im_start|>assistant\n<think>\n\n</think>\n\n",
        "-4.25<|im_end|>",
    ),
}
ANSWER_TOKENS = {
    TinyFamily.LLAMA: ["-", "4", ".", "25", "<|eot_id|>"],
    TinyFamily.MISTRAL: ["▁-", "4", ".", "2", "5", "</s>"],
    TinyFamily.QWEN3: ["-", "4", ".", "2", "5", "<|im_end|>"],
}


def _tokenizer(base: BaseModel) -> PreTrainedTokenizerBase:
    return AutoTokenizer.from_pretrained(base.hub_id)


@pytest.mark.parametrize("family", TinyFamily)
def test_an_example_is_the_prompt_then_the_answer(family: TinyFamily, tiny_models) -> None:
    base = tiny_models[family]
    tokenizer = _tokenizer(base)

    prompt = prompt_ids(tokenizer, USER, base.chat_template_kwargs)
    example = example_ids(tokenizer, USER, "-4.25", base.chat_template_kwargs)
    answer = answer_ids(tokenizer, USER, "-4.25", base.chat_template_kwargs)

    assert example.input_ids == prompt + answer
    assert (tokenizer.decode(prompt), tokenizer.decode(answer)) == WHOLE[family]
    assert tokenizer.convert_ids_to_tokens(answer) == ANSWER_TOKENS[family]


@pytest.mark.parametrize("family", TinyFamily)
def test_the_loss_counts_the_answer_alone(family: TinyFamily, tiny_models) -> None:
    base = tiny_models[family]
    tokenizer = _tokenizer(base)

    example = example_ids(tokenizer, USER, "-4.25", base.chat_template_kwargs)

    counted = [label for label in example.labels if label != IGNORED]
    assert tokenizer.convert_ids_to_tokens(counted) == ANSWER_TOKENS[family]
    assert example.labels[: -len(counted)] == [IGNORED] * (len(example.input_ids) - len(counted))
    assert counted == example.input_ids[-len(counted) :]


def test_a_template_that_thinks_is_refused(tiny_models: Mapping[TinyFamily, BaseModel]) -> None:
    tokenizer = _tokenizer(tiny_models[TinyFamily.QWEN3])
    with pytest.raises(
        LanguageModelError, match=r"turns the answer '-4.25' into '<think>.*enable_thinking=False"
    ):
        example_ids(tokenizer, USER, "-4.25", {})


def test_a_template_whose_prompts_differ_is_refused(tiny_models: Mapping[TinyFamily, BaseModel]) -> None:
    tokenizer = _tokenizer(tiny_models[TinyFamily.LLAMA])
    tokenizer.chat_template = tokenizer.chat_template.replace(
        "{%- if add_generation_prompt %}", "{%- if add_generation_prompt %}Now: "
    )
    with pytest.raises(LanguageModelError, match="another prompt before an answer than before a question"):
        example_ids(tokenizer, USER, "-4.25", {"date_string": "26 Jul 2024"})


@pytest.mark.parametrize(
    ("lacking", "message"),
    [
        ("chat_template", "has no chat template: use the instruction-tuned model"),
        ("pad_token", "has no padding token: name one"),
        ("eos_token", "has no end-of-turn token: set eos_token"),
    ],
)
def test_a_tokenizer_that_lacks_something_is_refused(lacking: str, message: str, tiny_models) -> None:
    tokenizer = _tokenizer(tiny_models[TinyFamily.LLAMA])
    setattr(tokenizer, lacking, None)
    with pytest.raises(LanguageModelError, match=message):
        prompt_ids(tokenizer, USER, {})


def test_a_template_that_never_ends_a_turn_is_refused(tiny_models: Mapping[TinyFamily, BaseModel]) -> None:
    tokenizer = _tokenizer(tiny_models[TinyFamily.MISTRAL])
    tokenizer.chat_template = tokenizer.chat_template.replace("+ eos_token", "")
    with pytest.raises(LanguageModelError, match="does not end an answer by '</s>'"):
        example_ids(tokenizer, USER, "-4.25", {})
