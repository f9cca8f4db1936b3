"""Numbers that stand beside the paper's: class counts, and the language model that stands for all."""

from collections.abc import Iterable

import pandas as pd

from sse_assets.curation.electrolytes import with_crystals
from sse_assets.materials.conductivity import ConductivityClass
from sse_assets.report import published
from sse_assets.report.titles import PROMPT_CASES
from sse_assets.tables.names import LANGUAGE_MODELS, PromptCase, in_reading_order


def class_counts(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return Figure 4(b): columns conductivity_class, n, n_with_structure, paper_n."""
    with_structure = with_crystals(electrolytes)
    return pd.DataFrame(
        {
            "conductivity_class": name.value,
            "n": int((electrolytes["conductivity_class"] == name).sum()),
            "n_with_structure": int((with_structure["conductivity_class"] == name).sum()),
            "paper_n": published.FIGURE_4B_CLASS_COUNTS[name],
        }
        for name in ConductivityClass
    )


def leading_language_model(models: Iterable[str], variants: Iterable[str]) -> tuple[str, str] | None:
    """Return the model and variant that stand for all language models where there is room for one.

    It is chosen by name, never by score: the first model as the paper lists them, and of its cases the one
    that did best in the paper, if it is there. The result is None without any language model.

    Args:
        models: model of each scored row.
        variants: variant of each of these rows.
    """
    scored = {pair for pair in zip(models, variants, strict=True) if pair[0] in LANGUAGE_MODELS}
    for model in in_reading_order((model for model, _ in scored), LANGUAGE_MODELS):
        cases = [case for name, case in scored if name == model and case in PROMPT_CASES]
        if cases:
            return model, in_reading_order(cases, (PromptCase.CASE_2, *PROMPT_CASES))[0]
    return None
