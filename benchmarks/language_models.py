"""Time and memory that LoRA fine-tuning of a model of 8 billion weights takes on this machine.

    python -m benchmarks.language_models [--folder DIR]

The model has the architecture of Llama-3.1-8B, random weights (nothing is downloaded) and a small tokenizer.
Prompts are as many as in the paper, with about as many tokens, and the settings are those of its Table 2. One
fit is in bf16, one on 4-bit weights. The paper reports about 10 minutes on an RTX 4090; the goal here is 3
minutes in bf16 on an H200. Random weights take as long as trained ones; the loss means nothing. Without a GPU
a small model of the same architecture is trained instead, and the output says so. DIR takes 16 GB.
"""

import argparse
import random
import tempfile
from dataclasses import replace
from pathlib import Path

import torch
from transformers import LlamaConfig, LlamaForCausalLM, PreTrainedTokenizerBase

from sse_assets.language_models.adapters import Example, FineTuningRun, TrainingData
from sse_assets.language_models.base_models import BASE_MODELS, BaseModel
from sse_assets.language_models.encoding import example_ids
from sse_assets.language_models.prompts import SYSTEM_PROMPT, label_text, user_prompt
from sse_assets.language_models.runtime import free_memory, load, without_bars
from sse_assets.language_models.settings import LoadSettings, Quantisation, TrainingSettings
from sse_assets.language_models.training import fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import PromptCase
from sse_assets_tests.language_models.tiny import TinyFamily, tiny_tokenizer

PROMPTS = 399
"""Number of training prompts in the paper."""
GOAL_S = 180.0
LLAMA_3_1_8B = LlamaConfig(
    vocab_size=128256,
    hidden_size=4096,
    intermediate_size=14336,
    num_hidden_layers=32,
    num_attention_heads=32,
    num_key_value_heads=8,
    max_position_embeddings=131072,
    rms_norm_eps=1e-5,
    rope_parameters={
        "rope_type": "llama3",
        "rope_theta": 500000.0,
        "factor": 8.0,
        "low_freq_factor": 1.0,
        "high_freq_factor": 4.0,
        "original_max_position_embeddings": 8192,
    },
)
"""Values of Meta's config.json that bear on time and memory."""
SMALL = LlamaConfig(
    vocab_size=1024,
    hidden_size=128,
    intermediate_size=448,
    num_hidden_layers=2,
    num_attention_heads=4,
    num_key_value_heads=1,
)
"""Smaller model of the same architecture, for a machine without a GPU."""


def main() -> None:
    """Print one line for each way of holding the weights."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--folder", type=Path, help="where the random weights are written; default: /tmp")
    parent = parser.parse_args().folder

    on_gpu = torch.cuda.is_available()
    examples = _examples()
    settings = TrainingSettings()
    if on_gpu:
        print(f"Llama-3.1-8B's architecture, random weights, on {torch.cuda.get_device_name()}")
    else:
        settings = replace(settings, epochs=1)
        print("No GPU: a SMALL model of Llama's architecture for one epoch, which says nothing of 8B models")
    with tempfile.TemporaryDirectory(dir=parent) as folder:
        base, tokenizer = _random_model(LLAMA_3_1_8B if on_gpu else SMALL, examples, Path(folder) / "model")
        lengths = [
            len(example_ids(tokenizer, example.prompt, example.answer, base.chat_template_kwargs).input_ids)
            for example in examples
        ]
        print(f"{PROMPTS} prompts of {sum(lengths) / PROMPTS:.0f} tokens, {settings.epochs} epoch(s)")
        for quantisation in (Quantisation.NONE, Quantisation.FOUR_BIT):
            data = TrainingData(
                tuple(examples), PromptCase.CASE_2, "benchmark", 0, LabelConvention.BOUND, "invented"
            )
            loaded = load(base, LoadSettings(quantisation=quantisation))
            run = fine_tune(loaded, base, data, settings, Path(folder) / quantisation).run
            print(_line(run, with_goal=on_gpu and quantisation is Quantisation.NONE))
            del loaded
            free_memory()


def _examples() -> list[Example]:
    """Invent formulas, space groups and labels; time depends on the number of tokens, not on the tokens."""
    draw = random.Random(0)
    examples = []
    for number in range(PROMPTS):
        formula = "".join(
            f"{element}{draw.randint(1, 120) / 10:g}"
            for element in ("Li", *draw.sample(["La", "Zr", "Ti", "P", "Ge", "Si", "Al", "Y"], 2), "O")
        )
        prompt = user_prompt(PromptCase.CASE_2, formula, symmetry=draw.choice(["P-3m1", "Ia-3d", "R-3c"]))
        examples.append(Example(f"invented:{number}", prompt, label_text(draw.uniform(-12, -2))))
    return examples


def _random_model(
    config: LlamaConfig, examples: list[Example], folder: Path
) -> tuple[BaseModel, PreTrainedTokenizerBase]:
    # Repeated, so that the system prompt is split into words about as by the real tokenizer.
    texts = [example.prompt for example in examples] + [SYSTEM_PROMPT] * 50
    tokenizer = tiny_tokenizer(TinyFamily.LLAMA, texts)
    tokenizer.save_pretrained(folder)
    config.bos_token_id = tokenizer.bos_token_id
    config.eos_token_id = tokenizer.eos_token_id
    config.pad_token_id = tokenizer.pad_token_id
    device, dtype = ("cuda", torch.bfloat16) if torch.cuda.is_available() else ("cpu", torch.float32)
    with torch.device(device), without_bars():
        model = LlamaForCausalLM._from_config(config, dtype=dtype)
        model.save_pretrained(folder)
    chat = BASE_MODELS["llama-3.1-8b"].chat_template_kwargs
    del model
    free_memory()
    return BaseModel("random-llama", str(folder), None, "none: random weights", chat), tokenizer


def _line(run: FineTuningRun, *, with_goal: bool) -> str:
    goal = f"; goal: < {GOAL_S:.0f} s" if with_goal else ""
    return (
        f"{run.placement.why}: {run.seconds:.0f} s, at most {run.peak_memory_gb:.1f} GB, "
        f"{run.tokens_per_second:.0f} tokens/s, loss {run.losses[0]:.2f} to {run.losses[-1]:.2f}{goal}"
    )


if __name__ == "__main__":
    main()
