"""Prompts and answers as token ids, always through the model's own chat template."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from transformers import PreTrainedTokenizerBase

from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prompts import SYSTEM_PROMPT

IGNORED = -100
"""Label of a token that the loss leaves out."""


@dataclass(frozen=True)
class Encoded:
    """One training example: the loss counts the answer only, its end of turn included."""

    input_ids: list[int]
    labels: list[int]
    """Token ids that the loss counts, one for each input id; `IGNORED` for every token of the prompt."""


def check_tokenizer(tokenizer: PreTrainedTokenizerBase) -> None:
    """Refuse a tokenizer that cannot frame a conversation or pad a batch.

    Raises:
        LanguageModelError: without a chat template, a padding token or an end-of-turn token.
    """
    needed = (
        (
            tokenizer.chat_template,
            "chat template: use the instruction-tuned model, "
            "or put its chat_template.jinja beside the tokenizer",
        ),
        (
            tokenizer.pad_token,
            "padding token: name one of its vocabulary as `pad_token` of its BaseModel",
        ),
        (tokenizer.eos_token, "end-of-turn token: set eos_token in its tokenizer_config.json"),
    )
    for value, remedy in needed:
        if not value:
            raise LanguageModelError(f"the tokenizer of {tokenizer.name_or_path} has no {remedy}")


def prompt_ids(
    tokenizer: PreTrainedTokenizerBase, user_prompt: str, chat_kwargs: Mapping[str, Any]
) -> list[int]:
    """Return the token ids of the system and the user prompt, up to where the answer begins.

    Args:
        chat_kwargs: arguments of the model's chat template, such as `enable_thinking=False`.

    Raises:
        LanguageModelError: if the tokenizer has no chat template, padding token or end-of-turn token.
    """
    check_tokenizer(tokenizer)
    return _ids(tokenizer, _conversation(tokenizer, user_prompt, chat_kwargs), chat_kwargs, answered=False)


def answer_ids(
    tokenizer: PreTrainedTokenizerBase, user_prompt: str, answer: str, chat_kwargs: Mapping[str, Any]
) -> list[int]:
    """Return the token ids that the model should write after `prompt_ids`, the end-of-turn token last.

    Raises:
        LanguageModelError: as `example_ids`.
    """
    encoded = example_ids(tokenizer, user_prompt, answer, chat_kwargs)
    return [label for label in encoded.labels if label != IGNORED]


def example_ids(
    tokenizer: PreTrainedTokenizerBase, user_prompt: str, answer: str, chat_kwargs: Mapping[str, Any]
) -> Encoded:
    """Encode a prompt with its answer and the end-of-turn token, as one training example.

    Text that a template writes after the end of turn (Qwen: a line break) is cut off: generation stops there.

    Raises:
        LanguageModelError: as `prompt_ids`; if the prompt's ids do not begin the ids of the whole, so that
            training and use would differ; if the template does not end the answer by the end-of-turn token,
            or writes anything but blanks beside it, such as a block for thinking.
    """
    name = tokenizer.name_or_path
    prompt = prompt_ids(tokenizer, user_prompt, chat_kwargs)
    turns = [*_conversation(tokenizer, user_prompt, chat_kwargs), {"role": "assistant", "content": answer}]
    full = _ids(tokenizer, turns, chat_kwargs, answered=True)
    if full[: len(prompt)] != prompt:
        raise LanguageModelError(
            f"the chat template of {name} writes another prompt before an answer than before a question, "
            "so training and use would differ: set its chat_template_kwargs so that both agree"
        )
    answered = full[len(prompt) :]
    if tokenizer.eos_token_id not in answered:
        raise LanguageModelError(
            f"the chat template of {name} does not end an answer by {tokenizer.eos_token!r}, "
            "so generation would not stop: set eos_token to the template's end-of-turn token"
        )
    answered = answered[: answered.index(tokenizer.eos_token_id) + 1]
    written = tokenizer.decode(answered[:-1]).strip()
    if written != answer:
        raise LanguageModelError(
            f"the chat template of {name} turns the answer {answer!r} into {written!r}: "
            "set its chat_template_kwargs so that it adds nothing, such as enable_thinking=False for Qwen3"
        )
    return Encoded(input_ids=prompt + answered, labels=[IGNORED] * len(prompt) + answered)


def _conversation(
    tokenizer: PreTrainedTokenizerBase, user_prompt: str, chat_kwargs: Mapping[str, Any]
) -> list[dict[str, str]]:
    """Return the turns before the answer: system and user, or user alone where the template loses the first.

    Mistral-7B-Instruct-v0.3's template joins the system prompt to the user's, but only while the user's turn
    is the last: a conversation with an answer loses it. Joining them here, by the same blank line, gives the
    prompt that this template writes for a question, in both.
    """
    turns = [{"role": "system", "content": SYSTEM_PROMPT}, {"role": "user", "content": user_prompt}]
    with_answer = tokenizer.apply_chat_template(
        [*turns, {"role": "assistant", "content": "0"}], tokenize=False, **chat_kwargs
    )
    if SYSTEM_PROMPT in with_answer:
        return turns
    return [{"role": "user", "content": f"{SYSTEM_PROMPT}\n\n{user_prompt}"}]


def _ids(
    tokenizer: PreTrainedTokenizerBase,
    turns: Sequence[Mapping[str, str]],
    chat_kwargs: Mapping[str, Any],
    *,
    answered: bool,
) -> list[int]:
    encoded = tokenizer.apply_chat_template(
        list(turns), add_generation_prompt=not answered, return_dict=True, **chat_kwargs
    )
    return list(encoded["input_ids"])
