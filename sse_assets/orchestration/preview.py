"""Tables for Dagster's UI: Markdown, a line for each row."""

import pandas as pd

_CHARACTERS = 40
"""Length at which a cell is cut."""
_NO_BREAK = "\u00a0"
_LAST = (
    "label_convention",
    "role",
    "fold",
    "candidate_set",
    "candidate_id",
    "structure_id",
    "reduced_formula",
    "composition_key",
    "structure_path",
    "cif",
    "sha256",
    "licence",
    "provenance",
)
"""Columns that tell rows apart, or fit in no cell: they stand behind those that one came for."""


def markdown_table(frame: pd.DataFrame) -> str:
    """Return every row of a frame as a Markdown table, with long cells cut and missing values blank.

    Columns that only tell rows apart stand last.
    """
    behind = [name for name in _LAST if name in frame]
    frame = frame[[*frame.columns.difference(behind, sort=False), *behind]]
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
