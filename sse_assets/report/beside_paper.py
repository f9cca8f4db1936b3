"""The paper's Tables 1, 5 and 7 and the numbers of its Figures 4 and 7: this run beside the paper.

Where the paper has no value to compare with, its column is NaN. The paper's labels and split correspond
to convention `bound` and protocol `diversity`.
"""

from collections.abc import Iterable, Mapping

import numpy as np
import pandas as pd

from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.materials.disorder import DisorderClass
from sse_assets.report import published
from sse_assets.report.titles import MODEL_TITLES, PROMPT_CASES
from sse_assets.tables.names import (
    LANGUAGE_MODELS,
    SCORED_PROTOCOLS,
    ModelName,
    Protocol,
    Role,
    StructureOrigin,
    in_reading_order,
)

_TOP = 6


def hyperparameter_table(settings: Mapping[str, object]) -> pd.DataFrame:
    """Return Table 1: parameter, value (this run's), paper; the paper's parameters first."""
    names = in_reading_order([*settings, *published.TABLE_1_SETTINGS], published.TABLE_1_SETTINGS)
    return pd.DataFrame(
        {
            "parameter": names,
            "value": [settings.get(name, np.nan) for name in names],
            "paper": [published.TABLE_1_SETTINGS.get(name, np.nan) for name in names],
        }
    )


def family_table(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return Table 5: our six most frequent families, then those of the paper's six that are not among them.

    Leftovers by anion, such as "Other (Oxide)", are no family and take no rank.

    Returns:
        Columns family, n, ratio (share of all rows), paper_ratio.
    """
    family = electrolytes["family"]
    counts = family[~family.str.startswith("Other", na=False)].value_counts()
    top = counts.head(_TOP).index
    families = [*top, *(name for name in published.TABLE_5_FAMILY_RATIOS if name not in top)]
    n = counts.reindex(families, fill_value=0)
    return pd.DataFrame(
        {
            "family": families,
            "n": n.to_numpy(),
            "ratio": n.to_numpy() / max(len(electrolytes), 1),
            "paper_ratio": [published.TABLE_5_FAMILY_RATIOS.get(name, np.nan) for name in families],
        }
    )


def class_counts(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return Figure 4(b): columns conductivity_class, n, n_with_structure, paper_n."""
    with_structure = electrolytes[electrolytes["structure_origin"].notna()]
    rows = []
    for name in ConductivityClass:
        rows.append(
            {
                "conductivity_class": name.value,
                "n": int((electrolytes["conductivity_class"] == name).sum()),
                "n_with_structure": int((with_structure["conductivity_class"] == name).sum()),
                "paper_n": published.FIGURE_4B_CLASS_COUNTS[name],
            }
        )
    return pd.DataFrame(rows)


def partial_occupancy_share(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Return Figure 4(c): how many structures of each origin have a partly occupied site.

    Returns:
        Columns structure_origin, n, n_partial, share, paper_n, paper_n_partial; the paper counts OBELiX.
    """
    structures = electrolytes.dropna(subset=["structure_origin", "disorder"])
    partial, total = published.FIGURE_4C_PARTIAL_OCCUPANCY
    rows = []
    for origin in in_reading_order(structures["structure_origin"], StructureOrigin):
        disorder = structures.loc[structures["structure_origin"] == origin, "disorder"]
        of_obelix = origin == StructureOrigin.OBELIX
        n_partial = int((disorder != DisorderClass.NONE).sum())
        rows.append(
            {
                "structure_origin": str(origin),
                "n": len(disorder),
                "n_partial": n_partial,
                "share": n_partial / len(disorder),
                "paper_n": total if of_obelix else np.nan,
                "paper_n_partial": partial if of_obelix else np.nan,
            }
        )
    columns = ["structure_origin", "n", "n_partial", "share", "paper_n", "paper_n_partial"]
    return pd.DataFrame(rows, columns=columns)


def cross_model_table(scores: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Return Table 7: the published models, then this run's trees on all features and a language model.

    Returns:
        Columns model, features, n_data, protocol, label_convention (both None for a published model),
        test_mae, reference.
    """
    rows = [
        {
            "model": row.model,
            "features": row.features,
            "n_data": row.n_data,
            "protocol": None,
            "label_convention": None,
            "test_mae": row.test_mae,
            "reference": row.reference,
        }
        for row in published.TABLE_7_MODELS
    ]
    n_data = assignments.groupby("protocol")["electrolyte_id"].nunique()
    mae = scores[(scores["role"] == Role.TEST) & (scores["metric"] == "mae")]
    leading = leading_language_model(mae["model"], mae["variant"])
    for name in [(ModelName.BOOSTED_TREES, "all"), *([leading] if leading else [])]:
        for score in _by_protocol(of_model(mae, *name)):
            protocol = score["protocol"]
            rows.append(
                {
                    "model": MODEL_TITLES[score["model"]],
                    "features": _FEATURES_READ[score["variant"]] + ", room temperature",
                    "n_data": int(n_data[protocol]),
                    "protocol": protocol,
                    "label_convention": score["label_convention"],
                    "test_mae": score["value"],
                    "reference": "this run",
                }
            )
    return pd.DataFrame(rows)


def leading_language_model(models: Iterable[str], variants: Iterable[str]) -> tuple[str, str] | None:
    """Return the model and variant that stand for all language models where there is room for one.

    It is chosen by name, never by score: the first model as the paper lists them, and of its cases the one
    that did best in the paper, if it is there. None without any.

    Args:
        models: of scored rows.
        variants: of the same rows.
    """
    scored = {pair for pair in zip(models, variants, strict=True) if pair[0] in LANGUAGE_MODELS}
    for model in in_reading_order((model for model, _ in scored), LANGUAGE_MODELS):
        cases = [case for name, case in scored if name == model and case in PROMPT_CASES]
        if cases:
            return model, in_reading_order(cases, ("case_2", *PROMPT_CASES))[0]
    return None


def of_model(frame: pd.DataFrame, model: str, variant: str) -> pd.DataFrame:
    """Return the rows of one model and variant."""
    return frame[(frame["model"] == model) & (frame["variant"] == variant)]


_FEATURES_READ = {
    "all": "Composition and structure",
    **{case: f"Text prompt ({tells})" for case, tells in PROMPT_CASES.items()},
}


def _by_protocol(scores: pd.DataFrame) -> list[dict]:
    return [
        row
        for protocol in in_reading_order(scores["protocol"], SCORED_PROTOCOLS)
        for row in scores[scores["protocol"] == protocol].to_dict("records")
    ]


def feature_set_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Return Figure 7(a) to (c): test scores of the trees on each feature set, in the paper's setting.

    Returns:
        Columns variant, metric, value, low, high, paper; protocol `diversity`, convention `bound`.
    """
    ours = scores[
        (scores["protocol"] == Protocol.DIVERSITY)
        & (scores["model"] == ModelName.BOOSTED_TREES)
        & (scores["label_convention"] == LabelConvention.BOUND)
        & (scores["role"] == Role.TEST)
    ]
    paper = [
        {"variant": variant, "metric": metric, "paper": value}
        for (variant, metric), value in published.FIGURE_7_TEST_SCORES.items()
    ]
    table = ours.merge(pd.DataFrame(paper), on=["variant", "metric"], how="left")
    return table[["variant", "metric", "value", "low", "high", "paper"]]
