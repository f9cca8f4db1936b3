"""The paper's Tables 1, 5, 7, 8 and 9 and the numbers of its Figures 4 and 7: this run beside the paper.

Where the paper has no value to compare with, its column is NaN. The paper's labels and split correspond
to convention `bound` and protocol `diversity`.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd

from sse_assets.evaluation import published
from sse_assets.evaluation.vocabulary import (
    BOOSTED_TREES,
    DIVERSITY,
    MODELS,
    PROMPT_CASES,
    PROTOCOLS,
    in_reading_order,
    leading_language_model,
)
from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.materials.disorder import DisorderClass
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.tables.names import StructureOrigin

_TOP = 6


def hyperparameter_table(settings: Mapping[str, object]) -> pd.DataFrame:
    """Table 1: parameter, value (this run's), paper; the paper's parameters first."""
    names = in_reading_order([*settings, *published.TABLE_1_SETTINGS], published.TABLE_1_SETTINGS)
    return pd.DataFrame(
        {
            "parameter": names,
            "value": [settings.get(name, np.nan) for name in names],
            "paper": [published.TABLE_1_SETTINGS.get(name, np.nan) for name in names],
        }
    )


def family_table(electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Table 5: our six most frequent families, then those of the paper's six that are not among them.

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
    """Figure 4(b): columns conductivity_class, n, n_with_structure, paper_n."""
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
    """Figure 4(c): how many structures of each origin have a partly occupied site.

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


@dataclass(frozen=True)
class RepeatNoise:
    """How far measurements of one material lie apart, in log units: the floor for an honest error."""

    n_pairs: int
    median: float
    mean: float


def repeat_measurements(electrolytes: pd.DataFrame) -> RepeatNoise:
    """Absolute differences between all pairs of rows of one composition and space group.

    Censored rows are left out; without a pair the median and the mean are NaN.
    """
    measured = electrolytes[~electrolytes["censored"].astype(bool)]
    differences = [
        abs(first - second)
        for _, labels in measured.groupby(["composition_key", "space_group"])["log10_sigma"]
        for first, second in combinations(labels, 2)
    ]
    if not differences:
        return RepeatNoise(0, np.nan, np.nan)
    return RepeatNoise(len(differences), float(np.median(differences)), float(np.mean(differences)))


def cross_model_table(scores: pd.DataFrame, assignments: pd.DataFrame) -> pd.DataFrame:
    """Table 7: the published models, then this run's boosted trees on all features and a language model.

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
    mae = scores[(scores["role"] == "test") & (scores["metric"] == "mae")]
    leading = leading_language_model(mae["model"], mae["variant"])
    for name in [(BOOSTED_TREES, "all"), *([leading] if leading else [])]:
        for score in _by_protocol(of_model(mae, *name)):
            protocol = score["protocol"]
            rows.append(
                {
                    "model": MODELS[score["model"]],
                    "features": _FEATURES_READ[score["variant"]] + ", room temperature",
                    "n_data": int(n_data[protocol]),
                    "protocol": protocol,
                    "label_convention": score["label_convention"],
                    "test_mae": score["value"],
                    "reference": "this run",
                }
            )
    return pd.DataFrame(rows)


def of_model(frame: pd.DataFrame, model: str, variant: str) -> pd.DataFrame:
    """The rows of one model and variant."""
    return frame[(frame["model"] == model) & (frame["variant"] == variant)]


_FEATURES_READ = {
    "all": "Composition and structure",
    **{case: f"Text prompt ({tells})" for case, tells in PROMPT_CASES.items()},
}


def _by_protocol(scores: pd.DataFrame) -> list[dict]:
    return [
        row
        for protocol in in_reading_order(scores["protocol"], PROTOCOLS)
        for row in scores[scores["protocol"] == protocol].to_dict("records")
    ]


def feature_set_table(scores: pd.DataFrame) -> pd.DataFrame:
    """Figure 7(a) to (c): test scores of the trees on each feature set, in the paper's setting.

    Returns:
        Columns variant, metric, value, low, high, paper; protocol `diversity`, convention `bound`.
    """
    ours = scores[
        (scores["protocol"] == DIVERSITY)
        & (scores["model"] == BOOSTED_TREES)
        & (scores["label_convention"] == LabelConvention.BOUND)
        & (scores["role"] == "test")
    ]
    paper = [
        {"variant": variant, "metric": metric, "paper": value}
        for (variant, metric), value in published.FIGURE_7_TEST_SCORES.items()
    ]
    table = ours.merge(pd.DataFrame(paper), on=["variant", "metric"], how="left")
    return table[["variant", "metric", "value", "low", "high", "paper"]]


def by_group_scores(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Table 8: test MAE by chemical group, for every protocol, model, variant and label convention.

    Returns:
        Columns protocol, model, variant, label_convention, chemical_group, n (test electrolytes), mae,
        paper_n, paper_boosted_trees_mae, paper_language_model_mae. A group without test rows is absent.
    """
    test = predictions[predictions["role"] == "test"]
    test = test.assign(
        mae=(test["predicted"] - test["log10_sigma"]).abs(),
        chemical_group=test["electrolyte_id"].map(electrolytes.set_index("electrolyte_id")["chemical_group"]),
    )
    by = ["protocol", "model", "variant", "label_convention", "chemical_group"]
    table = test.groupby(by, sort=False).agg(n=("electrolyte_id", "nunique"), mae=("mae", "mean"))
    paper = pd.DataFrame(
        [
            {
                "chemical_group": name,
                "paper_n": group.n_test,
                "paper_boosted_trees_mae": group.boosted_trees_mae,
                "paper_language_model_mae": group.language_model_mae,
            }
            for name, group in published.TABLE_8_GROUPS.items()
        ]
    )
    return table.reset_index().merge(paper, on="chemical_group", how="left")


def representative_compounds(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Table 9: the paper's eight compounds, with what the trees on all features say of them here.

    A compound is found by its composition. Of several measurements the one closest to the paper's value is
    taken, since that is most likely the paper's. Where a protocol tests it in some fold, the prediction is
    from there and the role is `test`; else it is the mean over the folds that trained on it.

    Returns:
        Columns group, formula, electrolyte_id (None if we do not have it), n_measurements, measured
        (convention `bound`), protocol and role (None if never predicted), predicted, paper_measured,
        paper_boosted_trees, paper_language_model; one row for each compound and protocol.
    """
    ours = predictions[
        (predictions["model"] == BOOSTED_TREES)
        & (predictions["variant"] == "all")
        & (predictions["label_convention"] == LabelConvention.BOUND)
    ]
    rows = []
    for compound in published.TABLE_9_COMPOUNDS:
        key = composition_key(parse_composition(compound.formula))
        matches = electrolytes[electrolytes["composition_key"] == key]
        row: dict[str, object] = {
            "group": compound.group,
            "formula": compound.formula,
            "electrolyte_id": None,
            "n_measurements": len(matches),
            "measured": np.nan,
            "protocol": None,
            "role": None,
            "predicted": np.nan,
            "paper_measured": compound.measured,
            "paper_boosted_trees": compound.boosted_trees,
            "paper_language_model": compound.language_model,
        }
        if matches.empty:
            rows.append(row)
            continue
        distance = (matches["log10_sigma"] - compound.measured).abs()
        closest = matches.iloc[distance.argmin()]
        row |= {"electrolyte_id": closest["electrolyte_id"], "measured": closest["log10_sigma"]}
        predicted = ours[ours["electrolyte_id"] == closest["electrolyte_id"]]
        rows.extend(row | prediction for prediction in _one_for_each_protocol(predicted))
        if predicted.empty:
            rows.append(row)
    return pd.DataFrame(rows)


def _one_for_each_protocol(predicted: pd.DataFrame) -> list[dict[str, object]]:
    """Protocol, role and prediction of one electrolyte: held out where it was, else as trained on."""
    found: list[dict[str, object]] = []
    for protocol in in_reading_order(predicted["protocol"], PROTOCOLS):
        rows = predicted[predicted["protocol"] == protocol]
        role = "test" if (rows["role"] == "test").any() else "train"
        found.append(
            {
                "protocol": protocol,
                "role": role,
                "predicted": rows.loc[rows["role"] == role, "predicted"].mean(),
            }
        )
    return found
