"""The rows that did not enter the data set, in print."""

import re

import pandas as pd

from sse_assets.report.cells import Cell, Table, count, listed

_PARTICULARS = re.compile(r"'[^']*'|\"[^\"]*\"|\b\w+:\S+\b|(?<!\w)-?\d[\d.]*(?:[eE][+-]?\d+)?")
"""Parts of a reason that differ between rows rejected for the same reason."""


def rejections(rejected: pd.DataFrame) -> Table:
    """Print the rows outside the data set by source and reason, each reason with its first case."""
    kinds = [
        _reason_without_particulars(str(reason), str(formula))
        for reason, formula in zip(rejected["reason"], rejected["formula"], strict=True)
    ]
    grouped = rejected.assign(kind=kinds).groupby(["source", "kind"])
    summary = grouped.agg(
        n=("reason", "size"), case=("source_id", "first"), reason=("reason", "first")
    ).sort_values("n", ascending=False)
    return listed(
        "Rejected rows by reason",
        summary.reset_index(),
        (
            ("Source", lambda row: Cell(row["source"])),
            (
                "Reason, with its first case",
                lambda row: Cell(row["kind"], note=f"{row['case']}: {row['reason']}"),
            ),
            ("Rows", lambda row: count(row["n"])),
        ),
    )


def _reason_without_particulars(reason: str, formula: str) -> str:
    """Return a reason with `…` for formula, quoted texts, ids and numbers, so that like cases are equal."""
    return _PARTICULARS.sub("…", reason.replace(formula, "…") if formula else reason)
