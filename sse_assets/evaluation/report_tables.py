"""The tables of the report as they are printed: rounded numbers, intervals and plain words in cells."""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import product

import pandas as pd

from sse_assets.evaluation import published, tables
from sse_assets.evaluation.vocabulary import (
    BOOSTED_TREES,
    CHEMICAL_GROUPS,
    FEATURE_SETS,
    LABEL_CONVENTIONS,
    METRICS,
    MODELS,
    NEAREST_NEIGHBOUR,
    PROTOCOLS,
    in_reading_order,
    leading_language_model,
    model_title,
)
from sse_assets.materials.conductivity import LabelConvention

ABSENT = "–"
NAN = float("nan")

_PARTICULARS = re.compile(r"'[^']*'|\"[^\"]*\"|\b\w+:\S+\b|(?<!\w)-?\d[\d.]*(?:[eE][+-]?\d+)?")
"""What differs between rows rejected for one reason."""


@dataclass(frozen=True)
class Cell:
    """What one cell shows: a text, in small print below it a note, and whether it stands out."""

    text: str
    note: str = ""
    is_number: bool = False
    is_best: bool = False


@dataclass(frozen=True)
class Table:
    """A printable table; the first cell of each row is that row's heading.

    `groups` are headings that span several columns, each with its number of columns.
    """

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    groups: tuple[tuple[str, int], ...] = ()


def number(value: float, digits: int = 3, *, note: str = "", is_best: bool = False) -> Cell:
    """A rounded number with a true minus sign, none on a zero; a dash where there is no number."""
    text = ABSENT if pd.isna(value) else f"{value:z.{digits}f}".replace("-", "−")
    return Cell(text, note=note, is_number=True, is_best=is_best)


def count(value: float) -> Cell:
    """A whole number; a dash where there is none."""
    return number(value, digits=0)


def interval(low: float, high: float, digits: int = 2) -> str:
    """`0.34 to 0.51`, empty where the interval is not defined."""
    if pd.isna(low) or pd.isna(high):
        return ""
    return f"{number(low, digits).text} to {number(high, digits).text}"


def score(row: dict | None, digits: int = 3, *, is_best: bool = False) -> Cell:
    """Value and interval of a row of scores; a dash where there is no such row."""
    if row is None:
        return number(NAN)
    return number(row["value"], digits, note=interval(row["low"], row["high"]), is_best=is_best)


def scores_by_protocol(scores: pd.DataFrame, metric: str) -> Table:
    """One test metric of every model, protocol and convention; the best of each column stands out."""
    chosen = scores[(scores["metric"] == metric) & (scores["role"] == "test")]
    of_column = chosen.groupby(["protocol", "label_convention"])["value"]
    best = of_column.transform("min" if metric in ("mae", "rmse") else "max")
    cells = [
        score(row, digits=2, is_best=is_best)
        for row, is_best in zip(chosen.to_dict("records"), chosen["value"] == best, strict=True)
    ]
    return _side_by_side(
        f"Test {METRICS[metric]}, with 95 % bootstrap interval", "Model", chosen, _model_titles(chosen), cells
    )


def all_scores(scores: pd.DataFrame) -> Table:
    """Every score of the run: one row for each protocol, model, convention and role."""
    by = ["protocol", "model", "variant", "label_convention", "role"]
    rows = []
    for key, block in scores.groupby(by, sort=False):
        protocol, model, variant, convention, role = (str(part) for part in key)
        by_metric = {row["metric"]: row for row in block.to_dict("records")}
        rows.append(
            (
                Cell(protocol),
                Cell(model_title(model, variant)),
                Cell(convention),
                Cell(role),
                *(score(by_metric.get(metric)) for metric in METRICS),
                count(block["n"].max()),
            )
        )
    return Table(
        caption="Every score, with 95 % bootstrap interval",
        columns=("Protocol", "Model", "Labels", "Role", *METRICS.values(), "n"),
        rows=tuple(rows),
    )


def shared_sources(leakage: pd.DataFrame, scores: pd.DataFrame) -> Table:
    """What train and test have in common under each protocol, and what a mere copy of it scores."""
    rows = []
    for protocol in in_reading_order(leakage["protocol"], PROTOCOLS):
        folds = leakage[leakage["protocol"] == protocol]
        n_test = int(folds["n_test"].sum())
        rows.append(
            (
                Cell(protocol),
                Cell(PROTOCOLS.get(protocol, "")),
                count(n_test),
                _share(int(folds["n_test_sharing_doi"].sum()), n_test),
                _share(int(folds["n_test_sharing_composition"].sum()), n_test),
                number(held_out_mae(scores, protocol, NEAREST_NEIGHBOUR, "all"), 2),
                number(held_out_mae(scores, protocol, BOOSTED_TREES, "all"), 2),
            )
        )
    return Table(
        caption="The protocols, what their test rows share with train, and what copying a neighbour scores",
        columns=(
            "Protocol",
            "What it is",
            "Test rows",
            "share a paper with train",
            "share a composition with train",
            "MAE, 1-nearest neighbour",
            "MAE, boosted trees",
        ),
        rows=tuple(rows),
    )


def held_out_mae(scores: pd.DataFrame, protocol: str, model: str, variant: str) -> float:
    """One model's test MAE under convention `bound`; NaN if it was not scored."""
    values = scores.loc[
        (scores["protocol"] == protocol)
        & (scores["model"] == model)
        & (scores["variant"] == variant)
        & (scores["label_convention"] == LabelConvention.BOUND)
        & (scores["role"] == "test")
        & (scores["metric"] == "mae"),
        "value",
    ]
    return float(values.iloc[0]) if len(values) else NAN


def paired_comparisons(comparisons: pd.DataFrame) -> Table:
    """Differences in MAE, side by side; those in which the model clearly errs less stand out."""
    titles = [
        Cell(
            model_title(row["model"], row["variant"]),
            note=f"against: {model_title(row['baseline'], row['baseline_variant'])}",
        )
        for row in comparisons.to_dict("records")
    ]
    cells = [
        number(row["difference"], 2, note=interval(row["low"], row["high"]), is_best=row["high"] < 0)
        for row in comparisons.to_dict("records")
    ]
    return _side_by_side(
        "Difference in test MAE (negative: the model errs less), with 95 % interval",
        "Model",
        comparisons,
        titles,
        cells,
    )


def interval_coverage(coverage: pd.DataFrame) -> Table:
    """How often a model's 90 % interval held the measured value in test."""
    test = coverage[coverage["role"] == "test"]
    cells = [_percent(share) for share in test["coverage"]]
    return _side_by_side(
        "Share of test rows inside the stated 90 % interval", "Model", test, _model_titles(test), cells
    )


def hyperparameters(settings: Mapping[str, float]) -> Table:
    """Table 1."""
    rows = [
        (Cell(row["parameter"]), _as_set(row["value"]), _as_set(row["paper"]))
        for row in tables.hyperparameter_table(settings).to_dict("records")
    ]
    return Table(
        "Table 1. Settings of the boosted trees", ("Parameter", "This run", "Paper"), rows=tuple(rows)
    )


def families(electrolytes: pd.DataFrame) -> Table:
    """Table 5."""
    rows = [
        (Cell(row["family"]), count(row["n"]), number(row["ratio"], 2), number(row["paper_ratio"], 2))
        for row in tables.family_table(electrolytes).to_dict("records")
    ]
    return Table(
        "Table 5. Most frequent families, with their share of all electrolytes",
        ("Family", "n", "Ratio", "Paper"),
        rows=tuple(rows),
    )


def feature_sets(scores: pd.DataFrame) -> Table:
    """The numbers of Figure 7(a) to (c)."""
    frame = tables.feature_set_table(scores)
    by_name = {(row["variant"], row["metric"]): row for row in frame.to_dict("records")}
    rows = []
    for variant in in_reading_order(frame["variant"], FEATURE_SETS):
        cells = [Cell(FEATURE_SETS.get(variant, variant))]
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
    """Table 7."""
    rows = []
    for row in tables.cross_model_table(scores, assignments).to_dict("records"):
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
    """Table 8, convention `bound`: the trees on all features, and a language model if there is one."""
    frame = tables.by_group_scores(predictions, electrolytes)
    frame = frame[frame["label_convention"] == LabelConvention.BOUND]
    leading = leading_language_model(frame["model"], frame["variant"])
    shown = {"Trees": (BOOSTED_TREES, "all")} | ({MODELS[leading[0]]: leading} if leading else {})
    frame = pd.concat([tables.of_model(frame, *name) for name in shown.values()])
    protocols = in_reading_order(frame["protocol"], PROTOCOLS)
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
    """Table 9: the boosted trees on all features, convention `bound`; the role is in small print."""
    frame = tables.representative_compounds(predictions, electrolytes)
    protocols = in_reading_order(frame["protocol"].dropna(), PROTOCOLS)
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
    """Figure 4(b) in numbers."""
    rows = [
        (
            Cell(row["conductivity_class"]),
            count(row["n"]),
            count(row["n_with_structure"]),
            count(row["paper_n"]),
        )
        for row in tables.class_counts(electrolytes).to_dict("records")
    ]
    return Table(
        "Figure 4(b) in numbers: electrolytes by conductivity class",
        ("Class", "This run", "with a structure", "Paper"),
        rows=tuple(rows),
    )


def rejections(rejected: pd.DataFrame) -> Table:
    """Rows that did not enter the data set, by source and reason, each reason with its first case."""
    kinds = [
        _reason_without_particulars(str(reason), str(formula))
        for reason, formula in zip(rejected["reason"], rejected["formula"], strict=True)
    ]
    grouped = rejected.assign(kind=kinds).groupby(["source", "kind"])
    summary = grouped.agg(
        n=("reason", "size"), case=("source_id", "first"), reason=("reason", "first")
    ).sort_values("n", ascending=False)
    rows = [
        (Cell(row["source"]), Cell(row["kind"], note=f"{row['case']}: {row['reason']}"), count(row["n"]))
        for row in summary.reset_index().to_dict("records")
    ]
    return Table(
        "Rejected rows by reason", ("Source", "Reason, with its first case", "Rows"), rows=tuple(rows)
    )


def _reason_without_particulars(reason: str, formula: str) -> str:
    """A reason with `…` for its formula, quoted texts, ids and numbers, so that like cases are equal."""
    return _PARTICULARS.sub("…", reason.replace(formula, "…") if formula else reason)


def _side_by_side(
    caption: str, heading: str, frame: pd.DataFrame, titles: list[Cell], cells: list[Cell]
) -> Table:
    """A table with one row for each title and one column for each protocol and label convention.

    `titles` and `cells` belong to the rows of `frame`, one each.
    """
    protocols = in_reading_order(frame["protocol"], PROTOCOLS)
    conventions = in_reading_order(frame["label_convention"], LABEL_CONVENTIONS)
    placed = dict(
        zip(zip(titles, frame["protocol"], frame["label_convention"], strict=True), cells, strict=True)
    )
    columns = list(product(protocols, conventions))
    rows = [
        (title, *(placed.get((title, *column), number(NAN)) for column in columns))
        for title in dict.fromkeys(titles)
    ]
    return Table(
        caption,
        columns=(heading, *(convention for _, convention in columns)),
        rows=tuple(rows),
        groups=(("", 1), *((protocol, len(conventions)) for protocol in protocols)),
    )


def _model_titles(frame: pd.DataFrame) -> list[Cell]:
    return [
        Cell(model_title(model, variant))
        for model, variant in zip(frame["model"], frame["variant"], strict=True)
    ]


def _share(part: int, whole: int) -> Cell:
    return _percent(part / whole, note=str(part)) if whole else number(NAN)


def _percent(share: float, note: str = "") -> Cell:
    return Cell(f"{share:.0%}".replace("%", " %"), note=note, is_number=True)


def _as_set(value: float) -> Cell:
    """A setting as it was given, not rounded."""
    return Cell(ABSENT if pd.isna(value) else f"{value:g}", is_number=True)
