"""Figures of the evidence: how intervals hold, what more papers bring, and what the models lean on."""

import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import PercentFormatter, ScalarFormatter

from sse_assets.evaluation.selection import rows_with
from sse_assets.report.evidence_tables import honest_parts, part_title
from sse_assets.report.figure_style import BLUE, GREY, INK, ORANGE, SKY, VERMILLION, grid, house_style
from sse_assets.report.titles import LABEL_CONVENTIONS
from sse_assets.tables.names import DescriptorKind, Protocol

_CONVENTION_COLOURS = dict(zip(LABEL_CONVENTIONS, (ORANGE, BLUE), strict=True))


@house_style
def intervals_of_parts(coverage: pd.DataFrame) -> Figure:
    """Draw how often the process's intervals hold on each part of the test rows, their width and the error.

    Args:
        coverage: a frame as `tables.metrics.COVERAGE`.
    """
    parts = honest_parts(coverage).to_dict("records")
    figure = Figure(figsize=(11, 1.9 + 0.36 * max(len(parts), 1)), layout="constrained")
    held, size = figure.subplots(1, 2, sharey=True)
    for height, part in enumerate(parts):
        held.plot((part["coverage_low"], part["coverage_high"]), (height, height), color=BLUE, linewidth=1.8)
        size.plot((part["mae_low"], part["mae_high"]), (height, height), color=VERMILLION, linewidth=1.8)
    heights = range(len(parts))
    held.plot([part["coverage"] for part in parts], heights, "o", color=BLUE, label="90 % interval")
    held.plot([part["coverage_50"] for part in parts], heights, "o", color=SKY, label="50 % interval")
    size.plot([part["mean_width"] for part in parts], heights, "s", color=BLUE, label="width, 90 %")
    size.plot([part["mean_width_50"] for part in parts], heights, "s", color=SKY, label="width, 50 %")
    size.plot([part["mae"] for part in parts], heights, "o", color=VERMILLION, label="mean absolute error")
    for stated, colour in ((0.9, BLUE), (0.5, SKY)):
        held.axvline(stated, color=colour, linewidth=1, linestyle="--", zorder=0)
    held.set(title="Measured values held", xlabel="Share of the test rows", xlim=(0, 1.02))
    held.xaxis.set_major_formatter(PercentFormatter(1))
    size.set(title="Width and error", xlabel="Log units", xlim=(0, None))
    held.set_yticks(heights, [f"{part_title(part)} ({part['n']})" for part in parts])
    held.set_ylim(len(parts) - 0.4, -0.6)
    for axes in (held, size):
        grid(axes, "both")
    figure.legend(loc="outside lower right", ncols=5)
    return figure


@house_style
def learning_curves(curve: pd.DataFrame, floor: pd.DataFrame | None = None) -> Figure:
    """Draw the error on new papers against the number of papers that the process has read.

    Args:
        curve: a frame as `tables.metrics.LEARNING_CURVE`.
        floor: a frame as `tables.metrics.FLOOR`; its means are drawn as lines.
    """
    figure = Figure(figsize=(7.5, 4.2), layout="constrained")
    axes = figure.add_subplot(
        xlabel="Papers that train (logarithmic)", ylabel="MAE on held-out papers (log units)", xscale="log"
    )
    for convention, colour in _CONVENTION_COLOURS.items():
        points = rows_with(curve, label_convention=convention)
        if len(points):
            spread = (points["mae"] - points["low"], points["high"] - points["mae"])
            axes.errorbar(
                points["n_papers"],
                points["mae"],
                yerr=spread,
                color=colour,
                marker="o",
                capsize=3,
                label=LABEL_CONVENTIONS[convention],
            )
        if floor is not None:
            for value in rows_with(floor, label_convention=convention, statistic="mean")["value"]:
                axes.axhline(value, color=colour, linewidth=1, linestyle=":")
    ticks = sorted({round(papers) for papers in curve["n_papers"]})
    axes.set_xticks(ticks)
    axes.xaxis.set_major_formatter(ScalarFormatter())
    axes.minorticks_off()
    axes.set_ylim(0, None)
    grid(axes, "both")
    if len(curve):
        axes.legend(loc="lower left")
    return figure


@house_style
def gains_of_factors(factors: pd.DataFrame) -> Figure:
    """Draw the gain of each factor of the process, with its 95 % interval.

    Args:
        factors: a frame as `tables.metrics.PROCESS_FACTORS`.
    """
    figure = Figure(figsize=(7.5, 2.6), layout="constrained")
    axes = figure.add_subplot(xlabel="Gain in MAE on held-out papers (log units)")
    spread = (factors["gain"] - factors["low"], factors["high"] - factors["gain"])
    axes.barh(factors["factor"], factors["gain"], 0.6, color=BLUE)
    axes.errorbar(factors["gain"], factors["factor"], xerr=spread, fmt="none", ecolor=INK, capsize=3)
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.invert_yaxis()
    grid(axes, "x")
    return figure


@house_style
def shap_by_kind(ranking: pd.DataFrame) -> Figure:
    """Draw how far each kind of descriptor moves the trees under `diversity` and under `grouped`.

    Args:
        ranking: a frame as `tables.metrics.SHAP_RANKING`.
    """
    kinds = rows_with(ranking, ranked="kind")
    figure = Figure(figsize=(7.5, 3.4), layout="constrained")
    axes = figure.add_subplot(xlabel="Mean |sum of SHAP values| of the test rows (log units)")
    names = [kind for kind in DescriptorKind if kind in set(kinds["name"])]
    for offset, (protocol, colour) in zip(
        (-0.2, 0.2), ((Protocol.DIVERSITY, ORANGE), (Protocol.GROUPED, BLUE)), strict=True
    ):
        rows = rows_with(kinds, protocol=protocol).set_index("name").reindex(names)
        heights = [place + offset for place in range(len(names))]
        axes.barh(heights, rows["mean_abs_shap"], 0.36, color=colour, label=protocol)
    axes.set_yticks(range(len(names)), names)
    axes.invert_yaxis()
    grid(axes, "x")
    axes.legend(loc="lower right")
    return figure
