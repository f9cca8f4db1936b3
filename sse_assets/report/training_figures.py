"""Figure of the loss during a training."""

import pandas as pd
from matplotlib.figure import Figure

from sse_assets.report.figure_style import BLUE, PALE, grid, house_style


@house_style
def loss_curves(losses: pd.DataFrame) -> Figure:
    """Draw the training loss by epoch: each finished fit in grey, the last one in colour.

    Args:
        losses: columns protocol, fold, label_convention, kind, epoch, loss, in the order of training.
    """
    figure = Figure(figsize=(7, 4), layout="constrained")
    axes = figure.add_subplot(xlabel="Epoch", ylabel="Training loss", yscale="log")
    fits = list(losses.groupby(["protocol", "fold", "label_convention", "kind"], sort=False))
    for number, (name, fit) in enumerate(fits, start=1):
        last = number == len(fits)
        protocol, fold, convention, kind = name
        axes.plot(
            fit["epoch"],
            fit["loss"],
            color=BLUE if last else PALE,
            linewidth=1.8 if last else 1,
            zorder=2 if last else 1,
            label=f"{protocol}, fold {fold}, {convention}, {kind}" if last else None,
        )
    if fits:
        axes.legend(loc="upper right")
    grid(axes, "both")
    return figure
