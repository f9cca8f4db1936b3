"""One look for all figures, and their PNGs; matplotlib's global settings stay untouched."""

from io import BytesIO
from typing import Literal

import matplotlib
from matplotlib.axes import Axes
from matplotlib.figure import Figure

# Okabe and Ito's palette: told apart with any colour vision.
BLUE = "#0072B2"
ORANGE = "#E69F00"
VERMILLION = "#D55E00"
SKY = "#56B4E9"
GREEN = "#009E73"
GREY = "#8A8F98"
PALE = "#D5D9DF"
INK = "#20242B"

SEQUENTIAL = "YlGnBu"
SPECTRUM = "viridis"

DOTS_PER_INCH = 160
"""Resolution of a PNG; sharp on screens with small pixels too."""

house_style = matplotlib.rc_context(
    {
        "font.family": "sans-serif",
        "font.sans-serif": ["DejaVu Sans"],
        "font.size": 10.0,
        "axes.titlesize": 11.0,
        "axes.titleweight": "bold",
        "axes.titlelocation": "left",
        "axes.labelsize": 10.0,
        "axes.edgecolor": GREY,
        "axes.labelcolor": INK,
        "axes.linewidth": 0.8,
        "axes.spines.top": False,
        "axes.spines.right": False,
        "axes.axisbelow": True,
        "text.color": INK,
        "xtick.color": INK,
        "ytick.color": INK,
        "xtick.labelsize": 9.0,
        "ytick.labelsize": 9.0,
        "grid.color": "#E6E8EC",
        "grid.linewidth": 0.8,
        "legend.frameon": False,
        "legend.fontsize": 9.0,
    }
)
"""Decorator of every function that draws, and of the one that saves: ticks are styled when they are drawn."""


@house_style
def png_bytes(figure: Figure, dpi: int = DOTS_PER_INCH) -> bytes:
    """Return the figure as a PNG, cropped to what is drawn."""
    target = BytesIO()
    figure.savefig(target, format="png", dpi=dpi, bbox_inches="tight", facecolor="white")
    return target.getvalue()


def grid(axes: Axes, axis: Literal["x", "y", "both"]) -> None:
    """Draw light lines behind the data, across one axis or both."""
    axes.grid(visible=True, axis=axis)
    axes.tick_params(length=0)
