"""Predictions of a fine-tuned model, for a table of prompts or for one new material."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from peft import PeftModel
from pymatgen.core import Structure
from transformers import PreTrainedModel, PreTrainedTokenizerBase

from sse_assets.language_models.adapters import load_adapter, read_run
from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.encoding import prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.number_trie import build_trie, distribution
from sse_assets.language_models.prompts import NEEDS, user_prompt
from sse_assets.language_models.regression_head import LabelScale, regress
from sse_assets.language_models.runtime import out_of_memory
from sse_assets.language_models.sampling import draw_answers, sampled_predictions
from sse_assets.language_models.settings import LoadSettings
from sse_assets.materials.crystal import read_crystal
from sse_assets.materials.disorder import disorder_class
from sse_assets.materials.formula import parse_composition, reduced_formula
from sse_assets.materials.symmetry import detected_space_group
from sse_assets.tables.names import NumberMode, PromptCase, Task

PREDICTION_COLUMNS = [
    "electrolyte_id",
    "predicted",
    "low",
    "high",
    "valid",
    "imputed",
    "mean",
    "std",
    "n_draws",
    "number_probability",
]

_INTERVAL = (0.05, 0.95)


def predict(
    model: PreTrainedModel | PeftModel,
    tokenizer: PreTrainedTokenizerBase,
    prompts: pd.DataFrame,
    mode: NumberMode = NumberMode.DISTRIBUTION,
    *,
    chat_kwargs: Mapping[str, Any],
    train_median: float,
    sampling: SamplingSettings | None = None,
    label_scale: LabelScale | None = None,
    batch_size: int = 8,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> pd.DataFrame:
    """Predict one number for every prompt.

    Args:
        model: a fine-tuned model; for `regression` one with a head.
        prompts: columns `electrolyte_id` and `prompt`.
        chat_kwargs: arguments of the model's chat template, as in training.
        train_median: median of the training labels; replaces an answer that is no number (`sample`).
        sampling: settings of the draws; None for the paper's (`sample`).
        label_scale: scale of the head, from its training (`regression`).
        batch_size: prompts, or answers, that the model reads at a time.
        progress: called with (prompts or draws done, all of them).

    Returns:
        `PREDICTION_COLUMNS`, in the order of the prompts; numbers in log10(σ / (S/cm)), NaN if a mode has
        none.

        - `predicted`: the median of the distribution, the first draw, or the head's output.
        - `low`, `high`: 90 % interval of the distribution. It is the model's own belief, which nothing has
          calibrated.
        - `valid`: false if the first answer drawn was no number; `imputed`: true if no attempt gave one, and
          `predicted` is `train_median`. The other modes are always valid.
        - `mean`, `std`: mean and standard deviation of the distribution, or of the `n_draws` draws that are
          numbers.
        - `number_probability`: probability that the model answers by a number of two decimals at all.

    Raises:
        LanguageModelError: if memory runs out, or the model or its tokenizer does not suit the mode.
    """
    ids = [prompt_ids(tokenizer, prompt, chat_kwargs) for prompt in prompts["prompt"]]
    try:
        if mode is NumberMode.SAMPLE:
            settings = sampling or SamplingSettings()
            draws = draw_answers(model, tokenizer, ids, settings, batch_size=batch_size, progress=progress)
            table = sampled_predictions(draws, train_median)
        elif mode is NumberMode.DISTRIBUTION:
            trie = build_trie(tokenizer, chat_kwargs)
            found = distribution(model, trie, ids, batch_size=batch_size, progress=progress)
            low, high = (found.quantile(share) for share in _INTERVAL)
            table = pd.DataFrame(
                {
                    "predicted": found.median(),
                    "low": low,
                    "high": high,
                    "mean": found.mean(),
                    "std": found.std(),
                    "number_probability": found.mass,
                }
            )
        else:
            if label_scale is None:
                raise LanguageModelError(
                    "a regression needs the scale of its labels: pass the label_scale that the head came with"
                )
            scores = regress(model, tokenizer, ids, label_scale, batch_size=batch_size, progress=progress)
            table = pd.DataFrame({"predicted": scores})
    except torch.OutOfMemoryError as error:
        raise out_of_memory("predicting", f"lower batch_size, which is {batch_size}") from error
    table["electrolyte_id"] = prompts["electrolyte_id"].to_numpy()
    table = table.reindex(columns=PREDICTION_COLUMNS)
    if mode is not NumberMode.SAMPLE:
        table = table.assign(valid=True, imputed=False, n_draws=0)
    return table


def predict_new(
    adapter_folder: Path,
    *,
    formula: str | None = None,
    cif: str | None = None,
    mode: NumberMode | None = None,
    load_settings: LoadSettings | None = None,
    sampling: SamplingSettings | None = None,
) -> pd.DataFrame:
    """Predict by an adapter for a material that is in no table.

    Args:
        adapter_folder: folder that `training.fine_tune` has written.
        formula: formula of the material; read from the CIF if it is not given.
        cif: text of a CIF; the space group and the disorder class come from its atoms.
        mode: way to get a number; None for `regression` if the adapter was trained for it, and for
            `distribution` if not.
        load_settings: origin of the base model's weights; None for the same as in training.

    Returns:
        One row with `PREDICTION_COLUMNS` and `prompt`, the text that the model has read; `electrolyte_id` is
        "new".

    Raises:
        LanguageModelError: if the adapter's prompts need a CIF and there is none, or it was not trained for
            the mode; as `adapters.load_adapter`.
        FormulaError, CifError: if the formula or the CIF cannot be read.
    """
    run = read_run(adapter_folder)
    # Both before the weights are loaded, which takes minutes.
    mode = _mode(run.task, mode)
    prompt = new_prompt(run.data.case, formula, cif)
    loaded = load_adapter(adapter_folder, load_settings or LoadSettings())
    table = predict(
        loaded.model,
        loaded.tokenizer,
        pd.DataFrame({"electrolyte_id": ["new"], "prompt": [prompt]}),
        mode,
        chat_kwargs=run.base.chat_template_kwargs,
        train_median=run.data.label_median,
        sampling=sampling,
        label_scale=run.label_scale,
    )
    return table.assign(prompt=prompt)


def new_prompt(case: PromptCase, formula: str | None, cif: str | None) -> str:
    """Write the prompt for a material from its formula, its CIF, or both.

    A given formula counts before that of the CIF. Formulas are reduced, as in `prompts.prompt_table`.

    Raises:
        LanguageModelError: if neither is given; if the case needs a crystal and there is no CIF, or one in
            which spglib finds no space group.
        FormulaError, CifError: if the formula or the CIF cannot be read.
    """
    if cif is None:
        if formula is None:
            raise LanguageModelError("there is nothing to predict for: give a formula, a CIF or both")
        if NEEDS[case]:
            raise LanguageModelError(
                f"this adapter has learnt prompts of {case}, which tell of the crystal: give the CIF of "
                f"{formula}, or use an adapter of case_1, which needs the formula alone"
            )
        return user_prompt(case, reduced_formula(parse_composition(formula)))
    read = read_crystal(cif)
    crystal = read.structure
    content = read.composition
    composition = content / (read.z or 1) if formula is None else parse_composition(formula)
    symmetry = _space_group(crystal) if "space group" in NEEDS[case] else None
    return user_prompt(case, reduced_formula(composition), symmetry, disorder_class(crystal).value)


def _mode(task: Task, mode: NumberMode | None) -> NumberMode:
    if mode is None:
        return NumberMode.REGRESSION if task is Task.REGRESSION else NumberMode.DISTRIBUTION
    if (mode is NumberMode.REGRESSION) != (task is Task.REGRESSION):
        raise LanguageModelError(
            f"this adapter was trained for {task} and cannot answer in the mode {mode}: "
            "choose another mode or an adapter that was trained for it"
        )
    return mode


def _space_group(crystal: Structure) -> str:
    try:
        return detected_space_group(crystal)[0]
    except ValueError as error:
        raise LanguageModelError(
            f"{error}: correct the CIF, whose atoms may overlap, or use an adapter of case_1 or case_3"
        ) from error
