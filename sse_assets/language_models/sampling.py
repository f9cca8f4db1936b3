"""Answers drawn at random, as in the paper, and the spread of the draws."""

from collections.abc import Callable

import pandas as pd
import torch
from peft import PeftModel
from transformers import GenerationConfig, PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.answers import SamplingSettings, impute, parse_answer


def draw_answers(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    settings: SamplingSettings,
    *,
    batch_size: int = 32,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Return several answers to every prompt, each drawn again until it is a number.

    The same settings, prompts and batch size give the same answers on the same machine; the random state of
    the caller is neither used nor changed.

    Args:
        prompts: token ids of each prompt, from `encoding.prompt_ids`.
        batch_size: answers written at a time.
        progress: called with (answers that are settled, answers in all).

    Returns:
        One row a prompt and draw, in this order: `prompt` and `draw` (counted from 0), `attempts`, `text` (of
        the last attempt), `value` (log10(σ / (S/cm)); NaN if no attempt gave a number).
    """
    total = len(prompts) * settings.draws
    texts, values, attempts = [""] * total, [float("nan")] * total, [0] * total
    pending = list(range(total))
    model.eval()
    cuda_devices = [model.device] if model.device.type == "cuda" else []
    with torch.inference_mode(), torch.random.fork_rng(devices=cuda_devices):
        torch.manual_seed(settings.seed)
        for _ in range(settings.attempts):
            refused = []
            for start in range(0, len(pending), batch_size):
                batch = pending[start : start + batch_size]
                asked = [prompts[answer // settings.draws] for answer in batch]
                for answer, text in zip(batch, _write(model, tokenizer, asked, settings), strict=True):
                    texts[answer] = text
                    attempts[answer] += 1
                    value = parse_answer(text)
                    if value is None:
                        refused.append(answer)
                    else:
                        values[answer] = value
                progress(total - len(refused) - len(pending[start + batch_size :]), total)
            pending = refused
    progress(total, total)
    return pd.DataFrame(
        {
            "prompt": [answer // settings.draws for answer in range(total)],
            "draw": [answer % settings.draws for answer in range(total)],
            "attempts": attempts,
            "text": pd.Series(texts, dtype="str"),
            "value": values,
        }
    )


def sampled_predictions(draws: pd.DataFrame, train_median: float) -> pd.DataFrame:
    """Make one prediction a prompt: its first draw, as in the paper, beside the spread of all.

    Args:
        draws: the frame that `draw_answers` returns.
        train_median: prediction for a prompt whose first draw never was a number.

    Returns:
        In the order of the prompts: `predicted`; `valid` (the very first answer is a number); `imputed` (no
        attempt at it gave one); `mean` and `std` (sample standard deviation) of the `n_draws` draws
        that are numbers, NaN where there are none, or fewer than two.
    """
    first = draws[draws["draw"] == 0].sort_values("prompt", ignore_index=True)
    numbers = draws.groupby("prompt")["value"]
    table = impute(first["value"].tolist(), train_median)
    table.insert(1, "valid", (first["attempts"] == 1) & ~table["imputed"])
    return table.assign(
        mean=numbers.mean().to_numpy(),
        std=numbers.std(ddof=1).to_numpy(),
        n_draws=numbers.count().to_numpy(),
    )


def _write(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: list[list[int]],
    settings: SamplingSettings,
) -> list[str]:
    """Write one text a prompt, up to the end of the turn."""
    padded = tokenizer.pad({"input_ids": prompts}, padding_side="left", return_tensors="pt").to(model.device)
    # What is left out here is taken from the model's own file, and Llama and Qwen name a top_p there.
    config = GenerationConfig(
        do_sample=True,
        temperature=settings.temperature,
        top_k=settings.top_k,
        top_p=1.0,
        repetition_penalty=1.0,
        max_new_tokens=settings.max_new_tokens,
        eos_token_id=tokenizer.eos_token_id,
        pad_token_id=tokenizer.pad_token_id,
    )
    output = model.generate(**padded, generation_config=config)
    return [_text(tokenizer, ids) for ids in output[:, padded["input_ids"].shape[1] :].tolist()]


def _text(tokenizer: PreTrainedTokenizerBase, ids: list[int]) -> str:
    """Return the answer before the end of the turn.

    Special tokens inside it stay: without them a broken answer could pass for a number.
    """
    end = ids.index(tokenizer.eos_token_id) if tokenizer.eos_token_id in ids else len(ids)
    return str(tokenizer.decode(ids[:end], skip_special_tokens=False, clean_up_tokenization_spaces=False))
