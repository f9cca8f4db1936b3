"""Plots for Dagster's UI: an image inside a Markdown metadata value."""

import base64
import io
from functools import partial

import dagster as dg
from matplotlib.figure import Figure

from sse_assets.drawings import png
from sse_assets.kept import NOTHING_KEPT, Kept

_DOTS_PER_INCH = 90
"""Resolution that is sharp enough for the UI's panel and small enough for Dagster's event log."""
_WIDEST = 960
"""Width of the UI's panel on a small screen, in pixels; a wider figure would be cut."""


def figure_metadata(
    draw: "partial[Figure]", title: str, kept: Kept = NOTHING_KEPT
) -> dg.MarkdownMetadataValue:
    """Return a figure as metadata, embedded, so that the UI shows it without access to the blob root.

    Args:
        draw: the function that draws, with its data.
        title: title that no other figure has.
        kept: store of figures, from which it comes if it shows what it showed before.
    """
    image = base64.b64encode(png(draw, _for_the_panel, title, kept)).decode()
    return dg.MetadataValue.md(f"![{title}](data:image/png;base64,{image})")


def _for_the_panel(figure: Figure) -> bytes:
    content = io.BytesIO()
    figure.savefig(content, format="png", dpi=min(_DOTS_PER_INCH, _WIDEST / figure.get_size_inches()[0]))
    return content.getvalue()
