"""Plots for Dagster's UI: an image inside a Markdown metadata value."""

import base64
import io

import dagster as dg
from matplotlib.figure import Figure

_DOTS_PER_INCH = 90
"""Resolution that is sharp enough for the UI's panel and small enough for Dagster's event log."""
_WIDEST = 960
"""Width of the UI's panel on a small screen, in pixels; a wider figure would be cut."""


def figure_metadata(figure: Figure, title: str) -> dg.MarkdownMetadataValue:
    """Return a figure as metadata, embedded, so that the UI shows it without access to the blob root."""
    png = io.BytesIO()
    figure.savefig(png, format="png", dpi=min(_DOTS_PER_INCH, _WIDEST / figure.get_size_inches()[0]))
    return dg.MetadataValue.md(
        f"![{title}](data:image/png;base64,{base64.b64encode(png.getvalue()).decode()})"
    )
