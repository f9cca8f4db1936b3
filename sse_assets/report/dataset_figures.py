"""Figure 4 of the paper from this run's electrolytes: elements, classes, partial occupancy, train set."""

from collections import Counter

import numpy as np
import pandas as pd
from matplotlib import colormaps
from matplotlib.cm import ScalarMappable
from matplotlib.colors import LogNorm
from matplotlib.figure import Figure
from matplotlib.patches import Rectangle
from pymatgen.core import Element

from sse_assets.curation.electrolytes import with_crystals
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.disorder import DisorderClass
from sse_assets.materials.formula import parse_composition
from sse_assets.report import beside_paper, published
from sse_assets.report.figure_style import BLUE, GREY, INK, ORANGE, PALE, SEQUENTIAL, grid, house_style
from sse_assets.report.titles import CONDUCTIVITY_CLASSES, STRUCTURE_ORIGINS
from sse_assets.tables.names import Protocol, Role, in_reading_order

_CELL = 0.94
_F_BLOCK_ROWS = {6: 8.3, 7: 9.3}
"""Row of the lanthanides (period 6) and actinides (period 7), below the table."""
_ABSENT = "#F1F2F4"
_DARK = 0.55
"""Share of the colour scale above which the text on a cell is white."""

_BIN_WIDTH = 0.5
"""Width of the bins of conductivity histograms, in log units."""


@house_style
def element_heat_map(electrolytes: pd.DataFrame) -> Figure:
    """Draw Figure 4(a): in how many electrolytes each element occurs, on the periodic table."""
    counts = Counter(
        element.symbol
        for formula in electrolytes["formula"]
        for element in parse_composition(formula).elements
    )
    norm, colours = LogNorm(1, max([2, *counts.values()])), colormaps[SEQUENTIAL]
    figure = Figure(figsize=(11.5, 6.6))
    axes = figure.add_axes((0, 0, 1, 1), xlim=(0.9, 19.1), ylim=(10.4, 0.2), aspect="equal")
    axes.set_axis_off()
    for element in Element:
        if element.symbol in ("D", "T"):
            continue
        x, y = _cell(element)
        n = counts[element.symbol]
        shade = float(norm(n)) if n else 0.0
        axes.add_patch(Rectangle((x, y), _CELL, _CELL, color=colours(shade) if n else _ABSENT, linewidth=0))
        ink = "white" if shade > _DARK else INK if n else GREY
        centre = x + _CELL / 2
        axes.text(
            centre, y + (0.38 if n else 0.5), element.symbol, color=ink, size=13, ha="center", va="center"
        )
        if n:
            axes.text(centre, y + 0.74, str(n), color=ink, size=9, ha="center", va="center")
    axes.text(1, 0.55, f"Elements in {len(electrolytes)} electrolytes", size=14, weight="bold", va="center")
    scale = axes.inset_axes((3.3, 2.6, 8.4, 0.28), transform=axes.transData)
    bar = figure.colorbar(ScalarMappable(norm, SEQUENTIAL), cax=scale, orientation="horizontal")
    bar.set_label("Electrolytes that contain the element (logarithmic)")
    bar.ax.xaxis.set_major_formatter("{x:.0f}")
    return figure


@house_style
def class_histogram(electrolytes: pd.DataFrame) -> Figure:
    """Draw Figure 4(b): electrolytes by conductivity class, beside the paper's counts."""
    counts = beside_paper.class_counts(electrolytes)
    titles = [CONDUCTIVITY_CLASSES[name] for name in counts["conductivity_class"]]
    series = [
        ("n", "This run, all", BLUE),
        ("n_with_structure", "This run, with a structure", PALE),
        ("paper_n", "Paper (499 with a structure)", ORANGE),
    ]
    figure = Figure(figsize=(7.2, 4.2), layout="constrained")
    axes = figure.add_subplot(title="Conductivity classes", ylabel="Electrolytes")
    width = 0.27
    for position, (column, label, colour) in enumerate(series):
        bars = axes.bar(
            np.arange(len(counts)) + (position - 1) * width,
            counts[column],
            width * 0.94,
            label=label,
            color=colour,
        )
        axes.bar_label(bars, size=9, padding=2)
    axes.set_xticks(range(len(counts)), titles)
    axes.margins(y=0.12)
    axes.legend(loc="upper right")
    grid(axes, "y")
    return figure


@house_style
def partial_occupancy(electrolytes: pd.DataFrame) -> Figure:
    """Draw Figure 4(c): share of structures with a partly occupied site, by origin, beside the paper's."""
    structures = with_crystals(electrolytes).dropna(subset="disorder")
    bars: list[tuple[str, int, int, str]] = []
    for origin in in_reading_order(structures["structure_origin"], STRUCTURE_ORIGINS):
        disorder = structures.loc[structures["structure_origin"] == origin, "disorder"]
        partial = int((disorder != DisorderClass.NONE).sum())
        bars.append((STRUCTURE_ORIGINS.get(origin, origin), partial, len(disorder), BLUE))
    bars.append(("Paper: OBELiX", *published.FIGURE_4C_PARTIAL_OCCUPANCY, ORANGE))
    figure = Figure(figsize=(7.2, 1.3 + 0.55 * len(bars)), layout="constrained")
    axes = figure.add_subplot(
        title="Structures with a partly occupied site", xlabel="Share of structures (%)"
    )
    for position, (_, partial, n, colour) in enumerate(bars):
        axes.barh(position, 100, 0.62, color=_ABSENT)
        axes.barh(position, 100 * partial / n, 0.62, color=colour)
        axes.text(101, position, f"{partial} of {n} ({100 * partial / n:.0f} %)", va="center", size=9)
    axes.set(xlim=(0, 130), xticks=range(0, 101, 20))
    axes.set_yticks(range(len(bars)), [name for name, *_ in bars])
    axes.invert_yaxis()
    axes.spines["bottom"].set_bounds(0, 100)
    axes.spines["left"].set_visible(False)
    axes.tick_params(length=0)
    return figure


@house_style
def train_distribution(
    electrolytes: pd.DataFrame, assignments: pd.DataFrame, protocol: str = Protocol.DIVERSITY
) -> Figure:
    """Draw Figure 4(d): conductivities of the train set (fold 0) against those of the whole data set."""
    in_train = rows_with(assignments, protocol=protocol, fold=0, role=Role.TRAIN)["electrolyte_id"]
    everything = electrolytes["log10_sigma"]
    train = electrolytes.loc[electrolytes["electrolyte_id"].isin(in_train), "log10_sigma"]
    edges: list[float] = np.arange(
        np.floor(everything.min()), np.ceil(everything.max()) + _BIN_WIDTH, _BIN_WIDTH
    ).tolist()
    figure = Figure(figsize=(7.2, 4.0), layout="constrained")
    axes = figure.add_subplot(
        title=f"Train set of {protocol} against all", xlabel="log₁₀(σ / (S/cm))", ylabel="Electrolytes"
    )
    axes.hist(everything, edges, color=PALE, label=f"All ({len(everything)})")
    axes.hist(train, edges, color=BLUE, histtype="step", linewidth=1.8, label=f"Train ({len(train)})")
    axes.legend(loc="upper left")
    grid(axes, "y")
    return figure


def _cell(element: Element) -> tuple[float, float]:
    """Return column and row of an element in the picture; lanthanides and actinides are below the table."""
    for period, first, last in ((6, 57, 71), (7, 89, 103)):
        if first <= element.Z <= last:
            return 3.0 + element.Z - first, _F_BLOCK_ROWS[period]
    return float(element.group), float(element.row)
