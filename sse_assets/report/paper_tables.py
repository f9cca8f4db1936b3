"""The paper's tables in print: this run beside the published numbers."""

from collections.abc import Mapping

import pandas as pd

from sse_assets.evaluation.by_chemistry import by_group_scores
from sse_assets.evaluation.by_chemistry import representative_compounds as predicted_compounds
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report import beside_paper, published
from sse_assets.report.cells import ABSENT, NAN, Cell, Table, count, number, score
from sse_assets.report.titles import CHEMICAL_GROUPS, FEATURE_SET_TITLES, METRICS, MODEL_TITLES
from sse_assets.tables.names import SCORED_PROTOCOLS, FeatureSet, ModelName, in_reading_order


def hyperparameters(settings: Mapping[str, float]) -> Table:
    """Print Table 1."""
    rows = [
        (Cell(row["parameter"]), _as_set(row["value"]), _as_set(row["paper"]))
        for row in beside_paper.hyperparameter_table(settings).to_dict("records")
    ]
    return Table(
        "Table 1. Settings of the boosted trees", ("Parameter", "This run", "Paper"), rows=tuple(rows)
    )


def families(electrolytes: pd.DataFrame) -> Table:
    """Print Table 5."""
    rows = [
        (Cell(row["family"]), count(row["n"]), number(row["ratio"], 2), number(row["paper_ratio"], 2))
        for row in beside_paper.family_table(electrolytes).to_dict("records")
    ]
    return Table(
        "Table 5. Most frequent families, with their share of all electrolytes",
        ("Family", "n", "Ratio", "Paper"),
        rows=tuple(rows),
    )


def feature_sets(scores: pd.DataFrame) -> Table:
    """Print the numbers of Figure 7(a) to (c)."""
    frame = beside_paper.feature_set_table(scores)
    by_name = {(row["variant"], row["metric"]): row for row in frame.to_dict("records")}
    rows = []
    for variant in in_reading_order(frame["variant"], FeatureSet):
        cells = [Cell(FEATURE_SET_TITLES.get(variant, variant))]
        for metric in METRICS:
            row = by_name[variant, metric]
            cells += [score(row), number(row["paper"])]
        rows.append(tuple(cells))
    return Table(
        "Figure 7 in numbers: test scores of the boosted trees, diversity protocol",
        ("Features", *("This run", "Paper") * len(METRICS)),
        rows=tuple(rows),
        groups=(("", 1), *((title, 2) for title in METRICS.values())),
    )


def cross_model(scores: pd.DataFrame, assignments: pd.DataFrame) -> Table:
    """Print Table 7."""
    rows = []
    for row in beside_paper.cross_model_table(scores, assignments).to_dict("records"):
        ours = isinstance(row["protocol"], str)
        where = (
            f"{row['reference']}: {row['protocol']}, {row['label_convention']}" if ours else row["reference"]
        )
        rows.append(
            (
                Cell(row["model"]),
                Cell(row["features"]),
                count(row["n_data"]),
                number(row["test_mae"]),
                Cell(where),
            )
        )
    return Table(
        "Table 7. Test MAE of published models and of this run",
        ("Model", "Features", "Data", "Test MAE", "Reference"),
        rows=tuple(rows),
    )


def chemical_groups(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> Table:
    """Print Table 8, convention `bound`: the trees on all features, and a language model if there is one."""
    frame = by_group_scores(predictions, electrolytes, published.chemical_groups())
    frame = frame[frame["label_convention"] == LabelConvention.BOUND]
    leading = beside_paper.leading_language_model(frame["model"], frame["variant"])
    shown = {"Trees": (ModelName.BOOSTED_TREES, "all")} | (
        {MODEL_TITLES[leading[0]]: leading} if leading else {}
    )
    frame = pd.concat([beside_paper.of_model(frame, *name) for name in shown.values()])
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
    rows = [
        (
            Cell(row["conductivity_class"]),
            count(row["n"]),
            count(row["n_with_structure"]),
            count(row["paper_n"]),
        )
        for row in beside_paper.class_counts(electrolytes).to_dict("records")
    ]
    return Table(
        "Figure 4(b) in numbers: electrolytes by conductivity class",
        ("Class", "This run", "with a structure", "Paper"),
        rows=tuple(rows),
    )


def _as_set(value: float) -> Cell:
    """Print a setting as it was given, not rounded."""
    return Cell(ABSENT if pd.isna(value) else f"{value:g}", is_number=True)
