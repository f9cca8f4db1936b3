"""Tables as Dagster's UI can show them: Markdown, a line for each row."""

import pandas as pd

_CHARACTERS = 40
"""Longest cell; what is longer is cut."""
_NO_BREAK = "\u00a0"


def markdown_table(frame: pd.DataFrame) -> str:
    """Every row of a frame as a Markdown table, long cells cut short and what is missing left blank."""
    if frame.empty:
        return f"No rows. Columns: {', '.join(map(str, frame.columns)) or 'none'}."
    return frame.map(_cell).to_markdown(index=False, disable_numparse=True)


def _cell(value: object) -> str:
    if value is None or value is pd.NA or (isinstance(value, float) and pd.isna(value)):
        return ""
    text = f"{value:.4g}" if isinstance(value, float) else str(value)
    # The UI breaks lines in narrow columns wherever it can, and a table of tall rows cannot be read.
    text = _NO_BREAK.join(text.split()).replace("|", "\\|")
    return text if len(text) <= _CHARACTERS else text[: _CHARACTERS - 1].rstrip("\\") + "…"
