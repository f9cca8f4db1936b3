"""Tiny Llama, Mistral and Qwen3 models with random weights, for tests and where there are no real ones.

They have the architecture, the number splitting and the chat template's habits of their families, and a
vocabulary learnt from the texts they are given. They know nothing: what they predict comes from fine-tuning.
"""

import string
from collections.abc import Iterable
from enum import StrEnum
from pathlib import Path
from typing import Any

import torch
from tokenizers import Regex, Tokenizer, decoders, models, normalizers, pre_tokenizers, trainers
from transformers import (
    LlamaConfig,
    LlamaForCausalLM,
    MistralConfig,
    MistralForCausalLM,
    PretrainedConfig,
    PreTrainedModel,
    PreTrainedTokenizerFast,
    Qwen3Config,
    Qwen3ForCausalLM,
)

from sse_assets.language_models.base_models import BASE_MODELS, BaseModel
from sse_assets.language_models.prompts import SYSTEM_PROMPT

VOCABULARY = 600
INITIALIZER_RANGE = 0.3
"""Spread of the random weights. LoRA learns nothing on top of the families' own 0.02, as frozen random
features of that size hardly differ between tokens."""
ATTENTION_SHARE = 0.5
"""Factor on the random weights of queries and keys, which would otherwise look at one or two tokens each."""


class TinyFamily(StrEnum):
    """Whose architecture, tokenizer and chat template are copied in small."""

    LLAMA = "llama"
    MISTRAL = "mistral"
    QWEN3 = "qwen3"


_ARCHITECTURES: dict[TinyFamily, tuple[type[PreTrainedModel], type[PretrainedConfig]]] = {
    TinyFamily.LLAMA: (LlamaForCausalLM, LlamaConfig),
    TinyFamily.MISTRAL: (MistralForCausalLM, MistralConfig),
    TinyFamily.QWEN3: (Qwen3ForCausalLM, Qwen3Config),
}
_REAL_NAME = {
    TinyFamily.LLAMA: "llama-3.1-8b",
    TinyFamily.MISTRAL: "mistral-7b-v0.3",
    TinyFamily.QWEN3: "qwen3-8b",
}

# The families' own pre-tokenizers: Llama 3 keeps up to three digits together, Qwen splits every digit, and
# Mistral's SentencePiece splits every digit and writes a blank as "▁", joined to what follows.
_BYTE_LEVEL_SPLIT = (
    r"(?i:'s|'t|'re|'ve|'m|'ll|'d)|[^\r\n\p{{L}}\p{{N}}]?\p{{L}}+|{digits}|"
    r" ?[^\s\p{{L}}\p{{N}}]+[\r\n]*|\s*[\r\n]+|\s+(?!\S)|\s+"
)
_LLAMA_SPLIT = _BYTE_LEVEL_SPLIT.format(digits=r"\p{N}{1,3}")
_QWEN_SPLIT = _BYTE_LEVEL_SPLIT.format(digits=r"\p{N}")

_LLAMA_TEMPLATE = """\
{{- bos_token }}
{%- if not date_string is defined %}{% set date_string = strftime_now("%d %b %Y") %}{% endif %}
{%- for message in messages %}
    {{- '<|start_header_id|>' + message.role + '<|end_header_id|>\\n\\n' }}
    {%- if message.role == 'system' %}{{- 'Today Date: ' + date_string + '\\n\\n' }}{% endif %}
    {{- message.content | trim + '<|eot_id|>' }}
{%- endfor %}
{%- if add_generation_prompt %}{{- '<|start_header_id|>assistant<|end_header_id|>\\n\\n' }}{% endif %}"""

_MISTRAL_TEMPLATE = """\
{%- if messages[0].role == 'system' %}
    {%- set system_message = messages[0].content %}{% set turns = messages[1:] %}
{%- else %}{% set turns = messages %}
{%- endif %}
{{- bos_token }}
{%- for message in turns %}
    {%- if message.role == 'user' and loop.last and system_message is defined %}
        {{- '[INST] ' + system_message + '\\n\\n' + message.content + '[/INST]' }}
    {%- elif message.role == 'user' %}{{- '[INST] ' + message.content + '[/INST]' }}
    {%- else %}{{- ' ' + message.content | trim + eos_token }}
    {%- endif %}
{%- endfor %}"""

_QWEN_TEMPLATE = """\
{%- for message in messages %}
    {%- if message.role == 'assistant' %}
        {{- '<|im_start|>assistant\\n<think>\\n\\n</think>\\n\\n' + message.content + '<|im_end|>\\n' }}
    {%- else %}{{- '<|im_start|>' + message.role + '\\n' + message.content + '<|im_end|>\\n' }}
    {%- endif %}
{%- endfor %}
{%- if add_generation_prompt %}
    {{- '<|im_start|>assistant\\n' }}
    {%- if enable_thinking is defined and enable_thinking is false %}
        {{- '<think>\\n\\n</think>\\n\\n' }}
    {%- endif %}
{%- endif %}"""


def tiny_base_model(
    family: TinyFamily,
    folder: Path,
    texts: Iterable[str],
    *,
    hidden_size: int = 64,
    layers: int = 2,
    seed: int = 0,
) -> BaseModel:
    """Write a tiny model with random weights and its tokenizer into a folder that `from_pretrained` reads.

    Args:
        texts: what the vocabulary is learnt from: the prompts that the model will read. The system prompt and
            all numbers of two decimals are added.
        hidden_size: a multiple of 16.
        seed: of the weights.

    Returns:
        The model, spoken to as its family is: the same chat template arguments.
    """
    tokenizer = tiny_tokenizer(family, texts)
    model = _model(family, tokenizer, hidden_size, layers, seed)
    tokenizer.save_pretrained(folder)
    model.save_pretrained(folder)
    return BaseModel(
        name=f"tiny-{family}",
        hub_id=str(folder),
        revision=None,
        licence="none: random weights",
        chat_template_kwargs=BASE_MODELS[_REAL_NAME[family]].chat_template_kwargs,
    )


def tiny_tokenizer(family: TinyFamily, texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """A tokenizer that splits numbers and frames a conversation as its family does."""
    special: dict[str, Any]
    if family is TinyFamily.MISTRAL:
        bpe = Tokenizer(models.BPE(unk_token="<unk>"))
        bpe.normalizer = normalizers.Replace(" ", "▁")
        bpe.pre_tokenizer = pre_tokenizers.Split(Regex(r"▁?[^▁\d]+|\d|▁"), "isolated")
        bpe.decoder = decoders.Sequence([decoders.Replace("▁", " "), decoders.Fuse()])
        special = {"unk_token": "<unk>", "bos_token": "<s>", "eos_token": "</s>", "pad_token": "<pad>"}
        extra = ["[INST]", "[/INST]"]
        alphabet = [*string.printable, "▁"]
        template = _MISTRAL_TEMPLATE
    else:
        split = _LLAMA_SPLIT if family is TinyFamily.LLAMA else _QWEN_SPLIT
        bpe = Tokenizer(models.BPE())
        bpe.pre_tokenizer = pre_tokenizers.Sequence(
            [
                pre_tokenizers.Split(Regex(split), "isolated"),
                pre_tokenizers.ByteLevel(add_prefix_space=False, use_regex=False),
            ]
        )
        bpe.decoder = decoders.ByteLevel()
        alphabet = pre_tokenizers.ByteLevel.alphabet()
        if family is TinyFamily.LLAMA:
            special = {
                "bos_token": "<|begin_of_text|>",
                "eos_token": "<|eot_id|>",
                "pad_token": "<|finetune_right_pad_id|>",
            }
            extra = ["<|start_header_id|>", "<|end_header_id|>"]
            template = _LLAMA_TEMPLATE
        else:
            special = {"eos_token": "<|im_end|>", "pad_token": "<|endoftext|>"}
            extra = ["<|im_start|>", "<think>", "</think>"]
            template = _QWEN_TEMPLATE
    trainer = trainers.BpeTrainer(
        vocab_size=VOCABULARY,
        special_tokens=[*special.values(), *extra],
        initial_alphabet=alphabet,
        show_progress=False,
    )
    # Mistral's template writes a blank before an answer, and its vocabulary has "▁-" as one token.
    blank = " " if family is TinyFamily.MISTRAL else ""
    numbers = (f"{blank}-{hundredths / 100:.2f}" for hundredths in range(1801))
    bpe.train_from_iterator([*texts, SYSTEM_PROMPT, *numbers], trainer)
    return PreTrainedTokenizerFast(tokenizer_object=bpe, chat_template=template, **special)


def _model(
    family: TinyFamily, tokenizer: PreTrainedTokenizerFast, hidden_size: int, layers: int, seed: int
) -> PreTrainedModel:
    sizes: dict[str, Any] = {
        "vocab_size": len(tokenizer),
        "hidden_size": hidden_size,
        "intermediate_size": 2 * hidden_size,
        "num_hidden_layers": layers,
        "num_attention_heads": 4,
        "num_key_value_heads": 2,
        "head_dim": hidden_size // 4,
        "max_position_embeddings": 1024,
        "initializer_range": INITIALIZER_RANGE,
        "bos_token_id": tokenizer.bos_token_id,
        "eos_token_id": tokenizer.eos_token_id,
        "pad_token_id": tokenizer.pad_token_id,
    }
    if family is TinyFamily.MISTRAL:
        sizes["sliding_window"] = None  # as in Mistral-7B-Instruct-v0.3
    model_class, config_class = _ARCHITECTURES[family]
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        model = model_class(config_class(**sizes))
    with torch.no_grad():
        for layer in model.model.layers:
            layer.self_attn.q_proj.weight.mul_(ATTENTION_SHARE)
            layer.self_attn.k_proj.weight.mul_(ATTENTION_SHARE)
    return model
