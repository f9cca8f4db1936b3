"""Printed scores of every model under every protocol, comparisons between models, and the champions."""

from dataclasses import replace
from itertools import product

import pandas as pd

from sse_assets.evaluation.champions import champions_now
from sse_assets.evaluation.generated_contribution import CELL, TRAINING, TRAINING_GENERATED
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report.cells import NAN, Cell, Row, Table, count, interval, listed, number, percent, score
from sse_assets.report.titles import (
    FEATURE_SET_TITLES,
    LABEL_CONVENTIONS,
    METRICS,
    PROTOCOL_MEANINGS,
    labels_title,
    model_title,
)
from sse_assets.tables.names import (
    SCORED_PROTOCOLS,
    CoverageOf,
    FeatureSet,
    Metric,
    ModelName,
    Role,
    in_reading_order,
)

_CONTRIBUTION_AGAINST = {
    CELL: "trees on the composition alone",
    TRAINING: "trees that train without them",
    TRAINING_GENERATED: "trees that train without them",
}


def scores_by_protocol(scores: pd.DataFrame, metric: str) -> Table:
    """Print one test metric of every model, protocol and convention; the best of each column stands out."""
    chosen = rows_with(scores, metric=metric, role=Role.TEST)
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
    """Print every score of the run: one row for each protocol, model, convention and role."""
    by = ["protocol", "model", "variant", "label_convention", "role"]
    rows = []
    for key, block in scores.groupby(by, sort=False):
        protocol, model, variant, convention, role = (str(part) for part in key)
        by_metric = {row["metric"]: row for row in block.to_dict("records")}
        rows.append(
            (
                Cell(protocol),
                Cell(model_title(model, variant)),
                Cell(labels_title(convention)),
                Cell(role),
                *(score(by_metric.get(metric)) for metric in METRICS),
                count(block["n"].max()),
            )
        )
    return Table(
        caption="Every score, with 95 % bootstrap interval",
        columns=("Protocol", "Model", "Censored rows", "Role", *METRICS.values(), "n"),
        rows=tuple(rows),
    )


def shared_sources(leakage: pd.DataFrame, scores: pd.DataFrame) -> Table:
    """Print what train and test share under each protocol, and the MAE of copying the nearest neighbour."""
    counts = leakage.groupby("protocol").sum(numeric_only=True)
    counts = counts.loc[in_reading_order(counts.index, SCORED_PROTOCOLS)].reset_index()

    def share(row: Row, column: str) -> Cell:
        part, whole = row[column], row["n_test"]
        return percent(part / whole, note=str(part)) if whole else number(NAN)

    def mae(row: Row, model: str) -> Cell:
        return number(held_out_mae(scores, row["protocol"], model, FeatureSet.ALL), 2)

    return listed(
        "The protocols, what their test rows share with train, and what copying a neighbour scores",
        counts,
        (
            ("Protocol", lambda row: Cell(row["protocol"])),
            ("What it is", lambda row: Cell(PROTOCOL_MEANINGS.get(row["protocol"], ""))),
            ("Test rows", lambda row: count(row["n_test"])),
            ("share a paper with train", lambda row: share(row, "n_test_sharing_doi")),
            ("share a composition with train", lambda row: share(row, "n_test_sharing_composition")),
            ("MAE, 1-nearest neighbour", lambda row: mae(row, ModelName.NEAREST_NEIGHBOUR)),
            ("MAE, boosted trees", lambda row: mae(row, ModelName.BOOSTED_TREES)),
        ),
    )


def held_out_mae(scores: pd.DataFrame, protocol: str, model: str, variant: str) -> float:
    """Return one model's test MAE under convention `bound`; NaN if it was not scored."""
    values = rows_with(
        scores,
        protocol=protocol,
        model=model,
        variant=variant,
        label_convention=LabelConvention.BOUND,
        role=Role.TEST,
        metric=Metric.MAE,
    )["value"]
    return float(values.iloc[0]) if len(values) else NAN


def paired_comparisons(comparisons: pd.DataFrame) -> Table:
    """Print differences in MAE, side by side; those in which the model clearly errs less stand out."""
    titles = [
        Cell(
            model_title(row["model"], row["variant"]),
            note=f"against: {model_title(row['baseline'], row['baseline_variant'])}",
        )
        for row in comparisons.to_dict("records")
    ]
    cells = [replace(_difference(row, 2), is_best=row["high"] < 0) for row in comparisons.to_dict("records")]
    return _side_by_side(
        "Difference in test MAE (negative: the model errs less), with 95 % interval",
        "Model",
        comparisons,
        titles,
        cells,
    )


def interval_coverage(coverage: pd.DataFrame) -> Table:
    """Print how often a model's 90 % interval held the measured value in test, and how wide it was."""
    test = rows_with(coverage, role=Role.TEST, coverage_of=CoverageOf.WHOLE)
    cells = [
        percent(row["coverage"], note=f"{number(row['mean_width'], 1).text} wide")
        for row in test.to_dict("records")
    ]
    return _side_by_side(
        "Share of test rows inside the stated 90 % interval, and its mean width in log units",
        "Model",
        test,
        _model_titles(test),
        cells,
    )


def champions_table(history: pd.DataFrame) -> Table:
    """Print which model answers on each feature set and why."""

    def feature_set(row: Row) -> Cell:
        name = str(row["feature_set"])
        return Cell(FEATURE_SET_TITLES.get(name, name))

    return listed(
        "Champions: the models that answer for a new material",
        champions_now(history),
        (
            ("Features", feature_set),
            ("Last decision", lambda row: Cell(row["decision"], note=f"champion since {row['since'][:10]}")),
            ("Difference", lambda row: _difference(row, 3)),
            ("Trained on", lambda row: count(row["n_train"])),
            ("Why", lambda row: Cell(row["reason"])),
        ),
    )


def contribution_table(contribution: pd.DataFrame) -> Table:
    """Print what generated structures contribute, as `generated_contribution.contributions` returns it."""

    def question(row: Row) -> Cell:
        return Cell(row["question"], note=f"against {_CONTRIBUTION_AGAINST[row['question']]}")

    return listed(
        "What generated structures contribute: test MAE of the boosted trees under grouped",
        contribution,
        (
            ("What", question),
            ("Test rows", lambda row: count(row["n"])),
            ("With", lambda row: number(row["mae"], 2)),
            ("Without", lambda row: number(row["mae_of_other"], 2)),
            ("Difference", lambda row: replace(_difference(row, 3), is_best=row["high"] < 0)),
        ),
    )


def _side_by_side(
    caption: str, heading: str, frame: pd.DataFrame, titles: list[Cell], cells: list[Cell]
) -> Table:
    """Return a table with one row for each title and one column for each protocol and label convention.

    `titles` and `cells` belong to the rows of `frame`, one each.
    """
    protocols = in_reading_order(frame["protocol"], SCORED_PROTOCOLS)
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
        columns=(heading, *(labels_title(convention) for _, convention in columns)),
        rows=tuple(rows),
        groups=(("", 1), *((protocol, len(conventions)) for protocol in protocols)),
    )


def _model_titles(frame: pd.DataFrame) -> list[Cell]:
    return [
        Cell(model_title(model, variant))
        for model, variant in zip(frame["model"], frame["variant"], strict=True)
    ]


def _difference(row: Row, digits: int) -> Cell:
    note = interval(row["low"], row["high"], digits)
    return number(row["difference"], digits, note=note)
