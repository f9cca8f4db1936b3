"""Prompts and answers of Tables 3 and 4, to the letter."""

from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd

from sse_assets.materials.conductivity import labels
from sse_assets.tables import descriptors
from sse_assets.tables.names import PromptCase

SYSTEM_PROMPT = (
    "You are a domain expert in materials science specializing in ionic transport. "
    "Your task is to predict the logarithm (base-10) of the ionic conductivity of a solid electrolyte. "
    "You will be given the material's chemical formula and property description. "
    "Output ONLY a single numeric value (the predicted log10(conductivity)) on one line. "
    "Do not print units, JSON, labels, extra spaces, or any additional text. "
    "Be as precise as possible (use sufficient decimal places)"
)
"""System prompt of Table 3; there too it has no full stop at its end."""


_COLUMNS = {"space group": "space_group", "disorder class": "disorder"}
"""Column of each property, of measured crystals and of prototypes."""
NEEDS: dict[PromptCase, tuple[str, ...]] = {
    PromptCase.CASE_1: (),
    PromptCase.CASE_2: ("space group",),
    PromptCase.CASE_3: ("disorder class",),
    PromptCase.CASE_4: ("space group", "disorder class"),
}
"""Properties that a prompt of each case names beside the formula."""


def user_prompt(
    case: PromptCase, formula: str, symmetry: str | None = None, disorder: str | None = None
) -> str:
    """Return the input prompt of Table 3; case 1 has no angle brackets, as there.

    Table 4 prints a blank before the bracket that closes a disorder class; Table 3, the template, has none.

    >>> user_prompt(PromptCase.CASE_2, "Li3YCl6", symmetry="P-3m1")
    '<formula: Li3YCl6> <symmetry: P-3m1>'

    Args:
        symmetry: Hermann-Mauguin symbol without blanks, such as `P-3m1`; used by cases 2 and 4.
        disorder: one of the four disorder classes; used by cases 3 and 4.

    Raises:
        ValueError: if the case needs a symmetry or a disorder class that is not given.
    """
    known = {"space group": ("symmetry", symmetry), "disorder class": ("disorder", disorder)}
    parts = [f"formula: {formula}"]
    for name in NEEDS[case]:
        word, value = known[name]
        if value is None:
            raise ValueError(f"the prompt of {case} for {formula} needs the {name}")
        parts.append(f"{word}: {value}")
    return parts[0] if case is PromptCase.CASE_1 else " ".join(f"<{part}>" for part in parts)


def label_text(log10_sigma: float) -> str:
    """Return the output prompt: log10(σ / (S/cm)) to two decimals, such as `-4.25`; zero has no sign."""
    return f"{round(log10_sigma, 2) + 0.0:.2f}"


def prompt_table(electrolytes: pd.DataFrame, prototypes: pd.DataFrame | None = None) -> pd.DataFrame:
    """Return every prompt of every electrolyte with its labels, or the properties that are missing for it.

    The formula is the reduced one: Table 4 writes Li3YCl6 for a cell that holds three of it. A property that
    was not measured comes from a trusted prototype. A prototype tells of the crystal alone: its conductivity
    has no part in a prompt, even where it is that of a test row.

    Args:
        electrolytes: columns `electrolyte_id`, `reduced_formula`, `space_group`, `disorder`, `sigma_s_cm`,
            `censored`; `space_group` and `disorder` may be missing values.
        prototypes: columns `electrolyte_id`, `trusted`, `space_group` and `disorder`, as in
            `tables.generated.PROTOTYPES`; by default none.

    Returns:
        Table `descriptors.PROMPTS`, four rows for each electrolyte.
    """
    numbers = labels(electrolytes)
    placed: dict[Hashable, dict[str, str]] = {}
    if prototypes is not None:
        trusted = prototypes[prototypes["trusted"]].set_index("electrolyte_id")
        placed = {row: _known(properties) for row, properties in trusted.to_dict("index").items()}
    rows = []
    for row in electrolytes.to_dict("records"):
        measured = _known(row)
        known = placed.get(row["electrolyte_id"], {}) | measured
        symmetry, disorder = (known.get(name) for name in _COLUMNS)
        own = numbers.loc[row["electrolyte_id"]]
        for case in PromptCase:
            missing = [name for name in NEEDS[case] if name not in known]
            inferred = [name for name in NEEDS[case] if name not in measured]
            rows.append(
                {
                    "electrolyte_id": row["electrolyte_id"],
                    "case": case,
                    "prompt": None
                    if missing
                    else user_prompt(case, row["reduced_formula"], symmetry, disorder),
                    "missing": " and ".join(missing) or None,
                    "from_prototype": None if missing else " and ".join(inferred) or None,
                    "label_obelix": label_text(own["obelix"]),
                    "label_bound": label_text(own["bound"]),
                }
            )
    return descriptors.PROMPTS.frame(rows)


def measured_prompts(prompts: pd.DataFrame) -> pd.Series:
    """Return the prompts of a `prompt_table` that tell nothing of a prototype; the others are missing.

    They give the small model its vocabulary, which is so the same whichever rows train.
    """
    return prompts["prompt"].mask(prompts["from_prototype"].notna())


def _known(properties: Mapping[Hashable, Any]) -> dict[str, str]:
    """Return the properties that are known, by their names in `NEEDS`."""
    return {
        name: properties[column] for name, column in _COLUMNS.items() if isinstance(properties[column], str)
    }
