"""The choice of the model and who answers, in print."""

import pandas as pd

from sse_assets.report.cells import NAN, Cell, Row, Table, count, interval, listed, number
from sse_assets.report.titles import INPUT_KINDS, labels_title, model_title
from sse_assets.screening.nested_choice import EVERY_PAPER


def choice_table(choice: pd.DataFrame) -> Table:
    """Print what was chosen under each label convention, and what the choice cost."""
    return listed(
        "What was chosen, and its error on papers that had no part in the choice",
        choice,
        (
            ("Censored rows", lambda row: Cell(labels_title(row["label_convention"]))),
            ("Chosen", lambda row: Cell(row["candidate"], note=row["how"])),
            ("MAE", lambda row: number(row["mae"], 3)),
            (
                "Nested MAE",
                lambda row: number(row["nested_mae"], 3, note=interval(row["low"], row["high"])),
            ),
            ("Cost of the choice", lambda row: number(row["cost"], 3)),
            ("Test rows", lambda row: count(row["n"])),
            ("Papers", lambda row: count(row["n_papers"])),
            ("Rows in all", lambda row: count(row["n_rows"])),
        ),
    )


def candidates_table(candidates: pd.DataFrame) -> Table:
    """Print every candidate on all papers, the one that errs least first."""
    whole = candidates[candidates["level"] == EVERY_PAPER]

    def name(row: Row) -> Cell:
        return Cell(row["candidate"], note="" if row["can_answer"] else "not stored, so not to be chosen")

    return listed(
        "Candidates on whole papers held out, with the difference from the chosen and its 95 % interval",
        whole.sort_values(["label_convention", "mae"], kind="stable"),
        (
            ("Candidate", name),
            ("Censored rows", lambda row: Cell(labels_title(row["label_convention"]))),
            ("MAE", lambda row: number(row["mae"], 3, is_best=row["chosen"])),
            ("Difference", lambda row: _difference(row, absent=row["chosen"])),
        ),
    )


def answering_table(answering: pd.DataFrame) -> Table:
    """Print who can answer for which input, and who does."""
    return listed(
        "Who answers for a new material, by what is told of it",
        answering,
        (
            ("Told", lambda row: Cell(INPUT_KINDS[row["kind"]])),
            ("Model", lambda row: Cell(model_title(row["model"], row["variant"]))),
            ("MAE", lambda row: number(row["mae"], 3, is_best=row["answers"])),
            ("Difference", lambda row: _difference(row, absent=row["answers"])),
            ("Test rows", lambda row: count(row["n"])),
            ("Why", lambda row: Cell(row["reason"])),
        ),
    )


def _difference(row: Row, *, absent: bool) -> Cell:
    if absent:
        return number(NAN)
    return number(row["difference"], 3, note=interval(row["low"], row["high"]))
