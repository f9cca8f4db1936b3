"""What became of each row and file of the inbox, whichever step decided it."""

import pandas as pd

from sse_assets.tables import curated
from sse_assets.tables.names import Outcome, Reason, Source

_REASONS_SHOWN = 5
"""Refused rows of one file that a summary names; the table has all."""


def inbox_answers(
    measurements: pd.DataFrame, refused: pd.DataFrame, electrolytes: pd.DataFrame, rejected: pd.DataFrame
) -> pd.DataFrame:
    """Return what became of each row and file of the inbox.

    Args:
        measurements: rows that could be read, as `tables.raw.INBOX_MEASUREMENTS`.
        refused: rows and files that could not, as `tables.raw.INBOX_REFUSED`.
        electrolytes: rows that models learn from, as `tables.curated.ELECTROLYTES`.
        rejected: everything that is not used, as `tables.curated.REJECTED`.

    Returns:
        A frame as `tables.curated.INBOX`, by file and line.
    """
    later = rejected[(rejected["source"] == Source.INBOX) & ~rejected["reason"].isin(refused["reason"])]
    why = later.drop_duplicates("source_id").set_index("source_id")[["reason_code", "reason"]]
    read = measurements.join(why, on="source_id")
    is_used = (f"{Source.INBOX}:" + read["source_id"]).isin(electrolytes["electrolyte_id"])
    both = pd.concat(
        [read.assign(outcome=is_used.map(_OUTCOMES)), refused.assign(outcome=Outcome.REFUSED.value)]
    )
    waits = both["reason_code"] == Reason.NEEDS_CONFIRMATION
    both.loc[waits, "outcome"] = Outcome.HELD_BACK.value
    return curated.INBOX.sorted_frame(both, by=["file", "line", "source_id"])


_OUTCOMES = {True: Outcome.ACCEPTED.value, False: Outcome.REFUSED.value}


def summaries(answers: pd.DataFrame) -> list[str]:
    """Return a sentence for each file, such as `lab.csv: 2 accepted, 1 refused: mylab-2: …`.

    Args:
        answers: a frame as `tables.curated.INBOX`.
    """
    return [_summary(str(file), rows) for file, rows in answers.groupby("file", sort=False)]


def _summary(file: str, rows: pd.DataFrame) -> str:
    counted = rows["outcome"].value_counts()
    counts = [f"{counted[one]} {one.replace('_', ' ')}" for one in Outcome if one in counted]
    lost = rows[rows["outcome"] != Outcome.ACCEPTED].to_dict("records")
    reasons = [
        row["reason"]
        if row["line"] == 0
        else f"{row['source_id']}: {row['reason'].removeprefix(f'{file}, ')}"
        for row in lost[:_REASONS_SHOWN]
    ]
    if len(lost) > _REASONS_SHOWN:
        reasons.append(f"and {len(lost) - _REASONS_SHOWN} more, in {curated.INBOX.name}")
    return f"{file}: {', '.join(counts)}" + (f": {'; '.join(reasons)}" if reasons else "")


def own_first(rejected: pd.DataFrame) -> pd.DataFrame:
    """Return the same rows, those of the inbox first, as their owner looks for them."""
    return rejected.sort_values(
        "source", key=lambda source: source != Source.INBOX, kind="stable", ignore_index=True
    )
