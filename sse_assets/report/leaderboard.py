"""The leaderboard, the floor and the doubtful labels, in print."""

from typing import Any

import pandas as pd

from sse_assets.evaluation.submitted import Verdict
from sse_assets.report.cells import ABSENT, NAN, Cell, Table, count, interval, number, score
from sse_assets.report.titles import METRICS, MODEL_TITLES, labels_title, model_title
from sse_assets.tables.names import SCORED_PROTOCOLS, Entry, Metric

SHOWN_LABELS = 20
"""Doubtful labels that are printed; the table has all."""


def leaderboard_table(leaderboard: pd.DataFrame) -> Table:
    """Print the leaderboard: a row for each entry, the lowest MAE of each protocol and convention first."""
    by = ["protocol", "label_convention", "entry", "model", "variant", "source"]
    entries = []
    for key, rows in leaderboard.groupby(by, sort=False, dropna=False):
        entry, model, variant, source = (str(part) for part in key[2:])
        protocol, convention = (_text(part) for part in key[:2])
        by_metric = {row["metric"]: row for row in rows.to_dict("records")}
        mae = by_metric.get(Metric.MAE, {})
        cells = (
            Cell(protocol or ABSENT, note=labels_title(convention) if convention else ""),
            count(mae.get("rank", NAN)),
            Cell(
                _entry_title(entry, model, variant), note="" if entry == Entry.MODEL else f"{entry}: {source}"
            ),
            *(
                score(by_metric.get(metric), 2, is_best=_is_first(by_metric.get(metric)))
                for metric in METRICS
            ),
            count(rows["n"].max()),
        )
        # What has no MAE stands last.
        entries.append((_protocol_place(protocol), convention, mae.get("value", float("inf")), cells))
    entries.sort(key=lambda entry: entry[:3])
    return Table(
        "Leaderboard: test scores with 95 % bootstrap interval",
        ("Protocol, censored rows", "Rank", "Entry", *METRICS.values(), "n"),
        tuple(cells for *_, cells in entries),
    )


def floor_table(floor: pd.DataFrame) -> Table:
    """Print what the median of other papers scores."""
    rows = tuple(
        (
            Cell(labels_title(row["label_convention"])),
            Cell(f"{row['statistic']} absolute difference"),
            score(row, 2),
            count(row["n"]),
            count(row["n_papers"]),
        )
        for row in floor.to_dict("records")
    )
    return Table(
        "The floor: a measurement against the median of other papers on the same composition",
        ("Censored rows", "Average", "Log units", "Measurements", "Papers"),
        rows,
    )


def doubtful_labels_table(doubtful: pd.DataFrame) -> Table:
    """Print the labels that are contradicted most."""
    rows = tuple(
        (
            Cell(row["formula"], note=row["electrolyte_id"]),
            number(row["log10_sigma"], 2, note="a bound" if row["censored"] else ""),
            number(row["others_median"], 2, note=f"n = {row['n_others']}" if row["n_others"] else ""),
            number(row["difference"], 2),
            number(row["paper_difference"], 2, note=f"n = {row['n_paper']}" if row["n_paper"] else ""),
            number(row["nearest_median"], 2, note=_text(row["nearest_formula"])),
            number(row["predicted"], 2),
            number(row["residual"], 2),
            number(row["doubt"], 1),
            Cell(_text(row["doi"])),
        )
        for row in doubtful.head(SHOWN_LABELS).to_dict("records")
    )
    return Table(
        f"Labels that other papers or the best model contradict most, the first {SHOWN_LABELS}",
        (
            "Material",
            "Measured",
            "Other papers",
            "Difference",
            "All of its paper",
            "Nearest composition",
            "Predicted",
            "Residual",
            "Doubt",
            "Paper",
        ),
        rows,
    )


def verdict_text(verdict: Verdict, name: str) -> str:
    """Print the verdict on a submission as plain text."""
    blocks = []
    for (protocol, convention), rows in verdict.scores.groupby(["protocol", "label_convention"], sort=False):
        values = rows.set_index(["model", "variant", "metric"])["value"].to_dict()
        mae = rows[rows["metric"] == Metric.MAE].sort_values("value")
        against = {
            (row["baseline"], row["baseline_variant"]): row
            for row in verdict.comparisons.to_dict("records")
            if (row["protocol"], row["label_convention"]) == (protocol, convention)
        }
        lines = []
        for row in mae.to_dict("records"):
            key = row["model"], row["variant"]
            lines.append(
                {
                    "": name if row["model"] == name else model_title(*key),
                    "MAE": _with_interval(row, "value"),
                    "RMSE": number(values[*key, Metric.RMSE], 2).text,
                    "SRCC": number(values[*key, Metric.SRCC], 2).text,
                    "MAE of yours minus this": _with_interval(against[key], "difference")
                    if key in against
                    else "",
                }
            )
        n = mae["n"].max()
        covered = verdict.coverage[
            (verdict.coverage["protocol"] == protocol) & (verdict.coverage["label_convention"] == convention)
        ]
        blocks.append(f"{protocol}, censored rows {labels_title(str(convention))}, {n} test rows")
        blocks.append(pd.DataFrame(lines).to_string(index=False))
        blocks.extend(
            f"{row.coverage:.0%} of the rows lie in your 90 % interval" for row in covered.itertuples()
        )
        blocks.append("")
    return "\n".join(blocks).rstrip()


def _with_interval(row: dict, column: str) -> str:
    between = interval(row["low"], row["high"])
    return number(row[column], 2).text + (f" ({between})" if between else "")


def _entry_title(entry: str, model: str, variant: str) -> str:
    if entry == Entry.PUBLISHED and model not in MODEL_TITLES:
        return f"{model}, {variant[0].lower()}{variant[1:]}"
    return model_title(model, variant)


def _is_first(row: dict | None) -> bool:
    return row is not None and row["rank"] == 1


def _protocol_place(protocol: str) -> int:
    known = [str(name) for name in SCORED_PROTOCOLS]
    return known.index(protocol) if protocol in known else len(known)


def _text(cell: Any) -> str:
    return "" if pd.isna(cell) else str(cell)
