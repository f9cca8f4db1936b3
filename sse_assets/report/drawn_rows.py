"""Rows of the tables that a figure of one protocol shows; given no more, it is seldom drawn again."""

import pandas as pd


def of_protocol(
    predictions: pd.DataFrame, protocol: str, electrolytes: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the predictions under a protocol, and identifier, family and censoring of their electrolytes."""
    rows = predictions[predictions["protocol"] == protocol].reset_index(drop=True)
    known = electrolytes[electrolytes["electrolyte_id"].isin(rows["electrolyte_id"])]
    return rows, known[["electrolyte_id", "family", "censored"]].reset_index(drop=True)
