"""The decisions between champions and challengers, drawn."""

import pandas as pd
from matplotlib.figure import Figure

from sse_assets.evaluation.champions import TOLERANCE
from sse_assets.report.figure_style import BLUE, GREY, ORANGE, VERMILLION, grid, house_style
from sse_assets.tables.names import Decision

_SHOWN = 15


@house_style
def decisions(history: pd.DataFrame) -> Figure:
    """Draw every comparison of one feature set with its interval, the latest at the bottom; at most fifteen.

    Args:
        history: a frame as `tables.models.CHAMPIONS`.
    """
    compared = history[history["n"] > 0].tail(_SHOWN)
    figure = Figure(figsize=(7.5, 1.6 + 0.42 * max(len(compared), 1)), layout="constrained")
    axes = figure.add_subplot(
        title="New model minus champion", xlabel="Difference in test MAE, grouped (log units)"
    )
    for position, row in enumerate(compared.to_dict("records")):
        colour = VERMILLION if row["decision"] == Decision.KEPT else BLUE
        axes.plot((row["low"], row["high"]), (position, position), color=colour, linewidth=1.8)
        axes.plot(row["difference"], position, "o", color=colour)
    axes.axvline(0, color=GREY, linewidth=1)
    axes.axvline(TOLERANCE, color=ORANGE, linewidth=1, linestyle="--")
    labels = [f"{row['decided_at'][:10]}, {row['decision']}" for row in compared.to_dict("records")]
    axes.set_yticks(range(len(compared)), labels)
    axes.set_ylim(max(len(compared), 1) - 0.5, -0.5)
    grid(axes, "x")
    return figure
