"""Figures of structures from known types: who has one, how right they are, and their energies."""

import numpy as np
import pandas as pd
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

from sse_assets.prototypes.structures import TRUSTED_COST
from sse_assets.report.figure_style import BLUE, GREEN, GREY, ORANGE, PALE, SKY, VERMILLION, grid, house_style
from sse_assets.report.prototype_tables import COVERED, by_cost, coverage
from sse_assets.tables.names import Operator

_COLOURS = dict(zip(COVERED, (GREEN, BLUE, SKY, PALE), strict=True))
_LEAST_ERROR = 1e-4
"""Smallest relative error that is drawn; smaller ones lie at the rim."""
_MOST_NAMES = 40
"""Number of compositions whose names there is room for."""


@house_style
def coverage_by_family(
    prototypes: pd.DataFrame, electrolytes: pd.DataFrame, structures: pd.DataFrame
) -> Figure:
    """Draw what each family has where nobody has published a crystal; as `prototype_tables.coverage`."""
    families = coverage(prototypes, electrolytes, structures).set_index("family")
    figure = Figure(figsize=(8.5, 1.3 + 0.34 * max(len(families), 1)), layout="constrained")
    axes = figure.add_subplot(xlabel="Electrolytes without a measured or computed crystal")
    left = np.zeros(len(families))
    for name, colour in _COLOURS.items():
        axes.barh(families.index, families[name], 0.66, left=left, color=colour, label=COVERED[name])
        left += families[name].to_numpy()
    axes.invert_yaxis()
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    grid(axes, "x")
    axes.legend(loc="lower right")
    return figure


@house_style
def errors_by_cost(left_out: pd.DataFrame) -> Figure:
    """Draw the errors of known crystals that were left out against the cost, beside both baselines.

    Args:
        left_out: a frame as `tables.generated.PROTOTYPES_LEFT_OUT`.
    """
    figure = Figure(figsize=(11, 4.4), layout="constrained")
    drawn = left_out.dropna(subset="cost_per_anion")
    classes = by_cost(drawn)
    methods = {
        "error": ("from the prototype", BLUE, "o"),
        "error_of_nearest": ("cell of the nearest composition", ORANGE, "s"),
        "error_of_composition": ("volumes of the elements", VERMILLION, "^"),
    }
    panels = (("Largest error of a, b, c", ("a", "b", "c")), ("Density", ("density",)))
    for axes, (title, names) in zip(figure.subplots(1, 2), panels, strict=True):
        for suffix, (label, colour, marker) in methods.items():
            columns = [f"{name}_{suffix}" for name in names]
            if not set(columns) <= set(drawn):
                continue
            errors = drawn[columns].abs().max(axis="columns", skipna=False).clip(lower=_LEAST_ERROR)
            if suffix == "error":
                axes.scatter(drawn["cost_per_anion"], errors, s=10, color=PALE)
            middle = pd.DataFrame({"cost": drawn["cost_per_anion"], "error": errors})
            middle = middle.groupby(classes, observed=True).median()
            axes.plot(middle["cost"], middle["error"], color=colour, marker=marker, label=label)
        axes.axvline(TRUSTED_COST, color=GREY, linewidth=1, linestyle="--")
        axes.set_xscale("symlog", linthresh=0.1)
        axes.set(title=title, xlabel="Cost for each anion", ylabel="Relative error", yscale="log")
        axes.set_xlim(left=0)
        axes.set_ylim(bottom=_LEAST_ERROR / 1.3)
        axes.xaxis.set_major_formatter("{x:g}")
        axes.yaxis.set_major_formatter(lambda error, _: f"{100 * error:g} %")
        grid(axes, "both")
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=3)
    return figure


def beside_evolution(history: pd.DataFrame) -> pd.Series:
    """Return how far the best prototype lies above the best of all other candidates, in meV/atom.

    Args:
        history: a frame as `tables.generated.SEARCH_HISTORY`.

    Returns:
        By formula, of the compositions whose searches have both; lowest first.
    """
    sound = history[history["failure"].isna()].dropna(subset="enthalpy_ev_per_atom")
    is_prototype = sound["operator"] == Operator.PROTOTYPE
    best, best_of_others = (
        sound[part].groupby("formula")["enthalpy_ev_per_atom"].min() for part in (is_prototype, ~is_prototype)
    )
    return (1000 * (best - best_of_others)).dropna().sort_values()


@house_style
def energy_beside_evolution(history: pd.DataFrame) -> Figure:
    """Draw the best prototype against the best of evolution, one point a composition; `beside_evolution`."""
    above = beside_evolution(history)
    named = len(above) <= _MOST_NAMES
    height = 1.4 + 0.26 * max(len(above), 3) if named else 5.0
    figure = Figure(figsize=(7.2, height), layout="constrained")
    axes = figure.add_subplot(xlabel="Best prototype − best of evolution (meV/atom)")
    axes.axvline(0, color=GREY, linewidth=0.8)
    axes.scatter(above, range(len(above)), color=np.where(above <= 0, BLUE, VERMILLION), s=30)
    axes.set_xscale("symlog", linthresh=1)
    axes.xaxis.set_major_formatter("{x:g}")
    axes.set_yticks(range(len(above)) if named else [], list(above.index) if named else [])
    axes.margins(y=0.1)
    grid(axes, "both" if named else "x")
    return figure
