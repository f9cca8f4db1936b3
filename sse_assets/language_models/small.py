"""A small Llama with random weights that is trained as a whole, on prompts alone and on a CPU.

It knows no chemistry and no language before it is trained, so its scores say nothing about the models of the
paper. It runs the whole language-model track without any downloaded weights.

Size and length of training were chosen by the mean absolute error of case 2 in three folds, grouped by source
and composition, inside the training rows of OBELiX's official split (label convention `bound`):

| weights | epochs | distribution | regression | median of train |
|---|---|---|---|---|
| 0.55 million | 30 | 1.89 | 1.80 | 2.04 |
| 0.32 million | 12 | 1.69 | 1.60 | 2.04 |
"""

import string
from collections.abc import Iterable
from pathlib import Path

import torch
from tokenizers import Regex, Tokenizer, decoders, models, pre_tokenizers, trainers
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerFast

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.prompts import SYSTEM_PROMPT
from sse_assets.language_models.runtime import without_bars
from sse_assets.language_models.settings import TrainingSettings
from sse_assets.tables.names import ModelName

SMALL_TRAINING = TrainingSettings(
    lora=None,
    learning_rate=1e-3,
    weight_decay=0.1,
    epochs=12,
    batch_size=8,
    accumulation=1,
    optimizer="adamw_torch_fused",
    warmup_steps=40,
)
"""Recipe of its training; Table 2 is for adapters."""

_SIZES = {
    "hidden_size": 96,
    "intermediate_size": 192,
    "num_hidden_layers": 3,
    "num_attention_heads": 4,
    "num_key_value_heads": 4,
    "max_position_embeddings": 512,
}
_VOCABULARY = 2000
"""Largest size of the vocabulary; a few hundred prompts have fewer pieces."""
_END, _PADDING = "<|end|>", "<|pad|>"
_PIECES = r"-?\d+\.(?=\d\d$)|\d|[A-Z][a-z]?|[a-z]+|."
"""The integer part of an answer, a digit, an element, a word, or any other character."""
_TEMPLATE = "{%- for message in messages %}{{- message.content + '" + _END + "' }}{%- endfor %}"


def small_base_model(folder: Path, texts: Iterable[str], *, seed: int = 0) -> BaseModel:
    """Write the untrained model and its tokenizer into a folder that `from_pretrained` reads.

    Args:
        texts: the prompts that it will read; its vocabulary is learnt from them.
        seed: seed of the weights.
    """
    tokenizer = _tokenizer(texts)
    config = LlamaConfig(
        vocab_size=len(tokenizer),
        bos_token_id=None,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
        **_SIZES,
    )
    with torch.random.fork_rng(devices=[]), without_bars():
        torch.manual_seed(seed)
        model = LlamaForCausalLM(config)
        model.save_pretrained(folder)
    tokenizer.save_pretrained(folder)
    return BaseModel(
        name=ModelName.SMALL_LLAMA,
        hub_id=str(folder),
        revision=None,
        licence="none: it starts from random weights",
    )


def _tokenizer(texts: Iterable[str]) -> PreTrainedTokenizerFast:
    """Learn a tokenizer: an answer is four tokens (`-10.`, `2`, `5`, the end), the system prompt one."""
    bpe = Tokenizer(models.BPE())
    bpe.pre_tokenizer = pre_tokenizers.Split(Regex(_PIECES), "isolated")
    bpe.decoder = decoders.Fuse()
    trainer = trainers.BpeTrainer(
        vocab_size=_VOCABULARY,
        special_tokens=[_END, _PADDING, SYSTEM_PROMPT],
        initial_alphabet=list(string.printable),
        show_progress=False,
    )
    integers = [f"{sign}{integer}.00" for sign in ("-", "") for integer in range(19)]
    bpe.train_from_iterator([*texts, *integers], trainer)
    return PreTrainedTokenizerFast(
        tokenizer_object=bpe, chat_template=_TEMPLATE, eos_token=_END, pad_token=_PADDING
    )
