"""Figures of structure generation: the paper's Figures 2(b), 2(c), 5 and 6 from this run's searches.

Two tables run through here: structures, one row a composition (formula, cell_atoms, generations, converged,
space_group, valid, cif), and the search history, one row a candidate (formula, search, generation, operator,
enthalpy_ev_per_atom, delta_ev_per_atom, failure).
"""

import numpy as np
import pandas as pd
from ase.build import cut
from ase.data import atomic_numbers
from ase.data.colors import jmol_colors
from ase.visualize.plot import plot_atoms_raw
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.patches import Circle
from matplotlib.ticker import MaxNLocator
from pymatgen.core import Structure

from sse_assets.materials.crystal import read_cif
from sse_assets.report.figure_style import (
    BLUE,
    GREEN,
    GREY,
    INK,
    ORANGE,
    PALE,
    SKY,
    VERMILLION,
    grid,
    house_style,
)

_LINES = (BLUE, VERMILLION, GREEN, ORANGE, SKY, GREY)
_OPERATORS = ("heredity", "rattle", "strain", "permutation", "dynamics")
"""Operators that have a parent, in the order in which they are drawn."""
_PANELS_A_ROW = 3
_MOST_PANELS = 12
"""Number of compositions that are drawn one by one; the tables hold the others."""
_VIEW = "14z,-78x"
"""Turn about the vertical and tilt towards the reader: close to the view along a cell axis, but not on it."""
_EDGE = 0.02
"""Fractional coordinate at which an atom counts as on the cell's face, and is drawn on both."""
_GAIN_EV = 1e-3
"""Energy per atom that a child must gain; a smaller change means that the child is its parent again."""
_CLEAREST_DROP_EV = 0.5
"""Half the height of Figure 5(b), per atom; candidates further from their parent are drawn at its rim."""


@house_style
def atoms_per_cell(structures: pd.DataFrame) -> Figure:
    """Draw Figure 2(b): how many atoms the cells of the found structures hold."""
    found = structures["cell_atoms"].dropna()
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="Atoms in the cell", ylabel="Structures")
    top = max(10, int(found.max()) if len(found) else 0)
    width = max(1, top // 15)
    axes.hist(
        found, bins=[edge - 0.5 for edge in range(1, top + width + 1, width)], color=BLUE, edgecolor="white"
    )
    _whole_numbers(axes)
    grid(axes, "y")
    return figure


@house_style
def generations_by_size(structures: pd.DataFrame) -> Figure:
    """Draw Figure 2(c): generations that a search took against the atoms in its cell."""
    found = structures.dropna(subset=["cell_atoms", "generations"])
    figure = Figure(figsize=(5.4, 3.6), layout="constrained")
    axes = figure.add_subplot(xlabel="Atoms in the cell", ylabel="Generations")
    for converged, face, label in ((True, BLUE, "converged"), (False, "none", "ended at its limit")):
        rows = found[found["converged"].astype(bool) == converged]
        if len(rows):
            axes.scatter(
                rows["cell_atoms"], rows["generations"], facecolor=face, edgecolor=BLUE, s=36, label=label
            )
    axes.set_ylim(bottom=0)
    _whole_numbers(axes)
    grid(axes, "both")
    if len(found):
        axes.set_xlim(found["cell_atoms"].min() - 1, found["cell_atoms"].max() + 1)
        axes.legend(loc="best")
    return figure


@house_style
def enthalpy_by_generation(history: pd.DataFrame) -> Figure:
    """Draw Figure 5(a): every candidate, and the best so far of each search; one panel a composition.

    Energies are relative to the composition's best. A history without formulas is one composition's.
    """
    sound = history[history["failure"].isna()].dropna(subset=["enthalpy_ev_per_atom"])
    named = sound if "formula" in sound else sound.assign(formula="")
    figure, panels = _panels(list(named["formula"].drop_duplicates()), height=2.8)
    for formula, axes in panels.items():
        rows = named[named["formula"] == formula]
        relative = 1000 * (rows["enthalpy_ev_per_atom"] - rows["enthalpy_ev_per_atom"].min())
        axes.scatter(rows["generation"], relative, s=8, color=PALE)
        for number, (search, values) in enumerate(relative.groupby(rows["search"], sort=False)):
            best = values.groupby(rows["generation"]).min().cummin()
            axes.plot(
                best.index,
                best,
                marker="o",
                markersize=3,
                color=_LINES[number % len(_LINES)],
                label=str(search),
            )
        axes.set(title=formula, xlabel="Generation", ylabel="Enthalpy (meV/atom)")
        axes.set_yscale("symlog", linthresh=10)
        axes.set_ylim(bottom=-2)
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))
        axes.legend(loc="upper right", ncols=2)
        grid(axes, "both")
    return figure


@house_style
def enthalpy_changes(history: pd.DataFrame) -> Figure:
    """Draw Figure 5(b): child minus better parent for every operator; below zero, the child is better."""
    rows = history[history["failure"].isna()].dropna(subset=["delta_ev_per_atom"])
    operators = [operator for operator in _OPERATORS if operator in set(rows["operator"])]
    figure = Figure(figsize=(6.4, 3.8), layout="constrained")
    axes = figure.add_subplot(ylabel="Child − better parent (eV/atom)")
    axes.axhline(0, color=GREY, linewidth=0.8)
    scatter = np.random.default_rng(0)
    for position, operator in enumerate(operators):
        changes = rows.loc[rows["operator"] == operator, "delta_ev_per_atom"].to_numpy(dtype=float)
        drawn = changes.clip(-_CLEAREST_DROP_EV, _CLEAREST_DROP_EV)
        across = position + scatter.uniform(-0.25, 0.25, len(changes))
        better = changes < -_GAIN_EV
        axes.scatter(across, drawn, s=9, color=np.where(better, BLUE, PALE))
        axes.annotate(
            f"{better.mean():.0%} better\nof {len(changes)}".replace("%", " %"),
            (position, 1),
            xycoords=("data", "axes fraction"),
            ha="center",
            va="bottom",
            fontsize=8.5,
        )
    axes.set_xticks(range(len(operators)), operators)
    axes.set_xlim(-0.6, max(len(operators), 1) - 0.4)
    axes.set_ylim(-1.05 * _CLEAREST_DROP_EV, 1.05 * _CLEAREST_DROP_EV)
    grid(axes, "y")
    return figure


@house_style
def crystal_drawings(structures: pd.DataFrame) -> Figure:
    """Draw Figure 5(c): each structure's cell with its atoms in parallel projection; elements in colour.

    Generated structures are ordered: one element a site.
    """
    found = structures.dropna(subset=["cif"]).head(_MOST_PANELS).to_dict("records")
    figure, panels = _panels([row["formula"] for row in found], height=3.4)
    for row in found:
        axes = panels[row["formula"]]
        _draw_crystal(axes, read_cif(row["cif"]))
        axes.set_title(f"{row['formula']}, {row['space_group']}")
    return figure


@house_style
def ambient_run(dynamics: pd.DataFrame) -> Figure:
    """Draw Figure 6: potential energy, temperature and volume of each structure in its run at 300 K, 1 atm.

    Args:
        dynamics: columns formula, conditions, time_ps, energy_ev_per_atom, temperature_k, volume_a3_per_atom.
    """
    rows = dynamics[dynamics["conditions"] == "ambient"]
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    quantities = {
        "energy_ev_per_atom": "Energy − first (eV/atom)",
        "temperature_k": "Temperature (K)",
        "volume_a3_per_atom": "Volume / first",
    }
    for axes, (column, title) in zip(
        figure.subplots(len(quantities), 1, sharex=True), quantities.items(), strict=True
    ):
        for number, (formula, run) in enumerate(rows.groupby("formula", sort=False)):
            values = run[column]
            if column == "energy_ev_per_atom":
                values = values - values.iloc[0]
            elif column == "volume_a3_per_atom":
                values = values / values.iloc[0]
            axes.plot(
                run["time_ps"],
                values,
                linewidth=1,
                color=_LINES[number % len(_LINES)],
                linestyle=("-", "--", ":")[number // len(_LINES) % 3],
                label=str(formula),
            )
        axes.set_ylabel(title)
        grid(axes, "both")
    axes.set_xlabel("Time (ps)")
    if len(rows):
        figure.axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _panels(names: list[str], height: float) -> tuple[Figure, dict[str, Axes]]:
    """Return a figure with a panel for each of the first names, three a row."""
    shown = names[:_MOST_PANELS]
    columns = max(1, min(_PANELS_A_ROW, len(shown)))
    rows = max(1, -(-len(shown) // columns))
    figure = Figure(figsize=(0.6 + 3.5 * columns, height * rows), layout="constrained")
    return figure, {
        name: figure.add_subplot(rows, columns, position) for position, name in enumerate(shown, start=1)
    }


def _draw_crystal(axes: Axes, crystal: Structure) -> None:
    """Draw the cell and its atoms; an atom on a face, an edge or a corner is drawn on all of them."""
    atoms = cut(crystal.to_ase_atoms(), c=(0, 0, 1), origo=[-_EDGE] * 3, extend=1 + 2 * _EDGE)
    atoms.translate(-_EDGE * atoms.cell.sum(axis=0))
    plot_atoms_raw(atoms, axes, rotation=_VIEW, radii=0.5)
    for patch in axes.patches:
        patch.set(edgecolor=INK if isinstance(patch, Circle) else GREY, linewidth=0.6)
    for element in dict.fromkeys(atoms.symbols):
        colour = [jmol_colors[atomic_numbers[element]]]
        axes.scatter([], [], s=45, color=colour, edgecolor=INK, linewidth=0.5, label=element)
    axes.set_axis_off()
    axes.legend(loc="upper center", bbox_to_anchor=(0.5, 0.02), ncols=5, handletextpad=0.1, columnspacing=0.8)


def _whole_numbers(axes: Axes) -> None:
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True))
