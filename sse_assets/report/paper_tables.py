"""The paper's tables in print: this run beside the published numbers.

The paper's labels and split are this project's convention `bound` and protocol `diversity`.
"""

from collections.abc import Mapping
from dataclasses import asdict

import pandas as pd

from sse_assets.evaluation.by_chemistry import by_group_scores
from sse_assets.evaluation.by_chemistry import representative_compounds as predicted_compounds
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report import beside_paper, published
from sse_assets.report.cells import ABSENT, NAN, Cell, Table, count, listed, number, score
from sse_assets.report.titles import CHEMICAL_GROUPS, FEATURE_SET_TITLES, METRICS, MODEL_TITLES, PROMPT_CASES
from sse_assets.tables.names import (
    SCORED_PROTOCOLS,
    FeatureSet,
    Metric,
    ModelName,
    Protocol,
    Role,
    in_reading_order,
)

_TOP_FAMILIES = 6
_FEATURES_READ = {
    FeatureSet.ALL: "Composition and structure",
    **{case: f"Text prompt ({tells})" for case, tells in PROMPT_CASES.items()},
}


def hyperparameters(settings: Mapping[str, float]) -> Table:
    """Print Table 1, the paper's parameters first."""
    paper = published.TABLE_1_SETTINGS
    rows = [
        (Cell(name), _as_set(settings.get(name, NAN)), _as_set(paper.get(name, NAN)))
        for name in in_reading_order([*settings, *paper], paper)
    ]
    return Table(
        "Table 1. Settings of the boosted trees", ("Parameter", "This run", "Paper"), rows=tuple(rows)
    )


def families(electrolytes: pd.DataFrame) -> Table:
    """Print Table 5: our six most frequent families, then those of the paper's six that are not among them.

    Leftovers by anion, such as "Other (Oxide)", are no family and take no rank.
    """
    family = electrolytes["family"]
    counts = family[~family.str.startswith("Other", na=False)].value_counts()
    paper = published.TABLE_5_FAMILY_RATIOS
    rows = [
        (
            Cell(name),
            count(counts.get(name, 0)),
            number(counts.get(name, 0) / max(len(electrolytes), 1), 2),
            number(paper.get(name, NAN), 2),
        )
        for name in dict.fromkeys([*counts.index[:_TOP_FAMILIES], *paper])
    ]
    return Table(
        "Table 5. Most frequent families, with their share of all electrolytes",
        ("Family", "n", "Ratio", "Paper"),
        rows=tuple(rows),
    )


def feature_sets(scores: pd.DataFrame) -> Table:
    """Print the numbers of Figure 7(a) to (c): test scores of the trees in the paper's setting."""
    ours = rows_with(
        scores,
        protocol=Protocol.DIVERSITY,
        model=ModelName.BOOSTED_TREES,
        label_convention=LabelConvention.BOUND,
        role=Role.TEST,
    )
    by_name = {(row["variant"], row["metric"]): row for row in ours.to_dict("records")}
    rows = []
    for variant in in_reading_order(ours["variant"], FeatureSet):
        cells = [Cell(FEATURE_SET_TITLES.get(variant, variant))]
        for metric in METRICS:
            paper = published.FIGURE_7_TEST_SCORES.get((variant, metric), NAN)
            cells += [score(by_name[variant, metric]), number(paper)]
        rows.append(tuple(cells))
    return Table(
        "Figure 7 in numbers: test scores of the boosted trees, diversity protocol",
        ("Features", *("This run", "Paper") * len(METRICS)),
        rows=tuple(rows),
        groups=(("", 1), *((title, 2) for title in METRICS.values())),
    )


def cross_model(scores: pd.DataFrame, assignments: pd.DataFrame) -> Table:
    """Print Table 7: the published models, then this run's trees on all features and a language model."""
    n_data = assignments.groupby("protocol")["electrolyte_id"].nunique()
    mae = rows_with(scores, role=Role.TEST, metric=Metric.MAE)
    leading = beside_paper.leading_language_model(mae["model"], mae["variant"])
    ours = [
        {
            "model": MODEL_TITLES[model],
            "features": f"{_FEATURES_READ[variant]}, room temperature",
            "n_data": n_data[protocol],
            "test_mae": row["value"],
            "reference": f"this run: {protocol}, {row['label_convention']}",
        }
        for model, variant in [(ModelName.BOOSTED_TREES, FeatureSet.ALL), *([leading] if leading else [])]
        for protocol in in_reading_order(mae["protocol"], SCORED_PROTOCOLS)
        for row in rows_with(mae, model=model, variant=variant, protocol=protocol).to_dict("records")
    ]
    return listed(
        "Table 7. Test MAE of published models and of this run",
        pd.DataFrame([*map(asdict, published.TABLE_7_MODELS), *ours]),
        (
            ("Model", lambda row: Cell(row["model"])),
            ("Features", lambda row: Cell(row["features"])),
            ("Data", lambda row: count(row["n_data"])),
            ("Test MAE", lambda row: number(row["test_mae"])),
            ("Reference", lambda row: Cell(row["reference"])),
        ),
    )


def chemical_groups(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> Table:
    """Print Table 8, convention `bound`: the trees on all features, and a language model if there is one."""
    frame = by_group_scores(predictions, electrolytes, published.chemical_groups())
    frame = rows_with(frame, label_convention=LabelConvention.BOUND)
    leading = beside_paper.leading_language_model(frame["model"], frame["variant"])
    shown: dict[str, tuple[str, str]] = {"Trees": (ModelName.BOOSTED_TREES, FeatureSet.ALL)}
    if leading:
        shown[MODEL_TITLES[leading[0]]] = leading
    frame = pd.concat([rows_with(frame, model=name, variant=variant) for name, variant in shown.values()])
    protocols = in_reading_order(frame["protocol"], SCORED_PROTOCOLS)
    by_name = {
        (row["chemical_group"], row["protocol"], row["model"]): row for row in frame.to_dict("records")
    }
    rows = []
    for group in in_reading_order(frame["chemical_group"], CHEMICAL_GROUPS):
        cells = [Cell(group)]
        for protocol in protocols:
            found = [by_name.get((group, protocol, model)) for model, _ in shown.values()]
            cells += [number(row["mae"] if row else NAN, 2) for row in found]
            cells.append(count(max((row["n"] for row in found if row), default=0)))
        paper = published.TABLE_8_GROUPS.get(group)
        cells += (
            [number(paper.boosted_trees_mae), number(paper.language_model_mae), count(paper.n_test)]
            if paper
            else [number(NAN)] * 3
        )
        rows.append(tuple(cells))
    return Table(
        "Table 8. Test MAE by chemical group",
        ("Group", *(*shown, "n") * len(protocols), "Trees", "Llama", "n"),
        rows=tuple(rows),
        groups=(("", 1), *((protocol, 1 + len(shown)) for protocol in protocols), ("Paper", 3)),
    )


def representative_compounds(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> Table:
    """Print Table 9: the boosted trees on all features, convention `bound`; the role is in small print."""
    frame = predicted_compounds(predictions, electrolytes, published.compounds())
    protocols = in_reading_order(frame["protocol"].dropna(), SCORED_PROTOCOLS)
    rows = []
    for formula, block in frame.groupby("formula", sort=False):
        by_protocol = {row["protocol"]: row for row in block.to_dict("records")}
        compound = next(iter(by_protocol.values()))
        known = compound["n_measurements"] > 0
        rows.append(
            (
                Cell(str(formula), note=compound["group"]),
                number(
                    compound["measured"], note=compound["electrolyte_id"] if known else "not in this data"
                ),
                *(
                    number(by_protocol[protocol]["predicted"], note=by_protocol[protocol]["role"])
                    if protocol in by_protocol
                    else number(NAN)
                    for protocol in protocols
                ),
                number(compound["paper_measured"]),
                number(compound["paper_boosted_trees"]),
                number(compound["paper_language_model"]),
            )
        )
    return Table(
        "Table 9. log₁₀(σ / (S/cm)) of the paper's representative compounds",
        ("Compound", "Measured", *protocols, "Measured", "Trees", "Llama"),
        rows=tuple(rows),
        groups=(("", 1), ("This run: measured, and predicted under", 1 + len(protocols)), ("Paper", 3)),
    )


def class_counts(electrolytes: pd.DataFrame) -> Table:
    """Print Figure 4(b) in numbers."""
    return listed(
        "Figure 4(b) in numbers: electrolytes by conductivity class",
        beside_paper.class_counts(electrolytes),
        (
            ("Class", lambda row: Cell(row["conductivity_class"])),
            ("This run", lambda row: count(row["n"])),
            ("with a structure", lambda row: count(row["n_with_structure"])),
            ("Paper", lambda row: count(row["paper_n"])),
        ),
    )


def _as_set(value: float) -> Cell:
    """Print a setting as it was given, not rounded."""
    return Cell(ABSENT if pd.isna(value) else f"{value:g}", is_number=True)
