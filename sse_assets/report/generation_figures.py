"""Figures of structure generation: the paper's Figures 2(b), 2(c), 5 and 6 from this run's searches.

Two tables run through here: structures, one row a composition (formula, cell_atoms, generations, converged,
space_group, valid, cif), and the search history, one row a candidate (formula, search, generation, operator,
enthalpy_ev_per_atom, delta_ev_per_atom, failure). A composition may have come from prototypes alone: then
its history has no candidate of an evolution.
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
from pymatgen.core import Lattice, Structure

from sse_assets.materials.crystal import read_cif
from sse_assets.materials.formula import parse_composition
from sse_assets.materials.solids import G_CM3_PER_DALTON_A3
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
from sse_assets.tables.names import Operator

_LINES = (BLUE, VERMILLION, GREEN, ORANGE, SKY, GREY)
_OPERATORS = ("heredity", "rattle", "strain", "permutation", "dynamics")
"""Operators that have a parent, in the order in which they are drawn."""
_PANELS_A_ROW = 3
_MOST_PANELS = 12
"""Number of compositions that are drawn one by one; the tables hold the others."""
_CELL = ("a", "b", "c", "alpha", "beta", "gamma")
_VIEW = "14z,-78x"
"""Turn about the vertical and tilt towards the reader: close to the view along a cell axis, but not on it."""
_EDGE = 0.02
"""Fractional coordinate at which an atom counts as on the cell's face, and is drawn on both."""
_GAIN_EV = 1e-3
"""Energy per atom that a child must gain; a smaller change means that the child is its parent again."""
_CLEAREST_DROP_EV = 0.5
"""Half the height of Figure 5(b), per atom; candidates further from their parent are drawn at its rim."""


@house_style
def atoms_per_cell(structures: pd.DataFrame, history: pd.DataFrame, prototypes: pd.DataFrame) -> Figure:
    """Draw Figure 2(b): how many atoms the cells hold, of found structures and of trusted prototypes.

    Args:
        structures: structures that were found.
        history: search history.
        prototypes: a frame as `tables.generated.PROTOTYPES`.
    """
    found = structures.dropna(subset=["cell_atoms"])
    evolved = ~found["formula"].isin(_from_prototypes_alone(history))
    series = [(found.loc[evolved, "cell_atoms"], BLUE, "by evolution")]
    if not evolved.all():
        series.append((found.loc[~evolved, "cell_atoms"], SKY, "from prototypes alone"))
    placed = _atoms_of_prototypes(prototypes)
    figure = Figure(figsize=(9.6 if len(placed) else 5.4, 3.6), layout="constrained")
    panels = figure.subplots(1, 2 if len(placed) else 1, squeeze=False)[0]
    panels[0].set_title("Found, ordered cells")
    _histogram(panels[0], series)
    if len(placed):
        panels[1].set_title("Trusted prototypes, conventional cells")
        _histogram(panels[1], [(placed, GREEN, "partly occupied sites")])
    return figure


def _histogram(axes: Axes, series: list[tuple[pd.Series, str, str]]) -> None:
    """Draw numbers of atoms of several kinds of cells, one kind upon the other."""
    values, colours, labels = zip(*series, strict=True)
    top = max([10, *(int(of.max()) for of in values if len(of))])
    width = max(1, top // 15)
    bins = [edge - 0.5 for edge in range(1, top + width + 1, width)]
    axes.hist(values, bins, stacked=True, color=colours, label=labels, edgecolor="white")
    axes.set(xlabel="Atoms in the cell", ylabel="Structures")
    if len(series) > 1:
        axes.legend(loc="upper right")
    _whole_numbers(axes)
    grid(axes, "y")


def _from_prototypes_alone(history: pd.DataFrame) -> set[str]:
    """Return the formulas for which nothing but prototypes was tried."""
    return set(history["formula"]) - set(history.loc[history["operator"] != Operator.PROTOTYPE, "formula"])


def _atoms_of_prototypes(prototypes: pd.DataFrame) -> pd.Series:
    """Count the atoms in the cells of trusted prototypes, from volume, density and mean atomic mass."""
    counts = {}
    for row in prototypes[prototypes["trusted"]].dropna(subset="density_g_cm3").to_dict("records"):
        volume = Lattice.from_parameters(*(row[name] for name in _CELL)).volume
        composition = parse_composition(row["formula"])
        mass_of_an_atom = float(composition.weight) / composition.num_atoms
        counts[row["electrolyte_id"]] = (
            row["density_g_cm3"] * volume / (G_CM3_PER_DALTON_A3 * mass_of_an_atom)
        )
    return pd.Series(counts, dtype=float)


@house_style
def generations_by_size(structures: pd.DataFrame, history: pd.DataFrame) -> Figure:
    """Draw Figure 2(c): generations that an evolution took against the atoms in its cell."""
    found = structures.dropna(subset=["cell_atoms", "generations"])
    found = found[~found["formula"].isin(_from_prototypes_alone(history))]
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

    Energies are relative to the composition's best. A history without formulas is one composition's. A
    composition with one generation alone has no panel beside others with more. Where there are too many for a
    panel each, those with the most generations have one.
    """
    sound = history[history["failure"].isna()].dropna(subset=["enthalpy_ev_per_atom"])
    named = sound if "formula" in sound else sound.assign(formula="")
    lengths = named["generation"].astype(int).groupby(named["formula"], sort=False).max()
    lengths = lengths[lengths > 0] if lengths.any() else lengths
    longest = lengths.nlargest(_MOST_PANELS).index
    figure, panels = _panels([formula for formula in lengths.index if formula in longest], height=2.8)
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
        axes.xaxis.set_major_locator(MaxNLocator(integer=True, min_n_ticks=1))
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

    Generated structures are ordered: one element a site. Where there are too many for a panel each, the
    smallest cells have one, of those that hold first.
    """
    drawn = structures.dropna(subset=["cif"])
    if len(drawn) > _MOST_PANELS:
        drawn = drawn.sort_values(["valid", "cell_atoms"], ascending=[False, True], kind="stable")
    found = drawn.head(_MOST_PANELS).to_dict("records")
    figure, panels = _panels([row["formula"] for row in found], height=3.4)
    for row in found:
        axes = panels[row["formula"]]
        _draw_crystal(axes, read_cif(row["cif"]))
        axes.set_title(f"{row['formula']}, {row['space_group']}")
    return figure


@house_style
def ambient_run(dynamics: pd.DataFrame) -> Figure:
    """Draw Figure 6: potential energy, temperature and volume of each structure in its run at 300 K, 1 atm.

    Where there are too many structures for a legend, all are pale, and lines mark median and middle 90 %.

    Args:
        dynamics: columns formula, conditions, time_ps, energy_ev_per_atom, temperature_k, volume_a3_per_atom.
    """
    rows = dynamics[dynamics["conditions"] == "ambient"].sort_values("time_ps", kind="stable")
    of_run = rows.groupby("formula", sort=False)
    rows = rows.assign(
        energy=rows["energy_ev_per_atom"] - of_run["energy_ev_per_atom"].transform("first"),
        volume=rows["volume_a3_per_atom"] / of_run["volume_a3_per_atom"].transform("first"),
    )
    runs = dict(list(rows.groupby("formula", sort=False)))
    crowded = len(runs) > _MOST_PANELS
    figure = Figure(figsize=(7.2, 6.4), layout="constrained")
    quantities = {
        "energy": "Energy − first (eV/atom)",
        "temperature_k": "Temperature (K)",
        "volume": "Volume / first",
    }
    for axes, (column, title) in zip(
        figure.subplots(len(quantities), 1, sharex=True), quantities.items(), strict=True
    ):
        for number, (formula, run) in enumerate(runs.items()):
            axes.plot(
                run["time_ps"],
                run[column],
                linewidth=0.5 if crowded else 1,
                color=PALE if crowded else _LINES[number % len(_LINES)],
                linestyle="-" if crowded else ("-", "--")[number // len(_LINES) % 2],
                label=None if crowded else str(formula),
            )
        if crowded:
            _draw_middle(axes, rows, column)
        axes.set_ylabel(title)
        grid(axes, "both")
    axes.set_xlabel("Time (ps)")
    if runs:
        figure.axes[0].legend(loc="center left", bbox_to_anchor=(1.0, 0.5))
    return figure


def _draw_middle(axes: Axes, rows: pd.DataFrame, column: str) -> None:
    """Draw median and middle 90 % of the runs by tenths of a picosecond, as long as half of them go on."""
    moments = rows.groupby(rows["time_ps"].round(1))
    runs = moments["formula"].nunique()
    there = runs[runs >= runs.max() / 2].index
    for share, style, label in ((0.5, "-", "median"), (0.05, "--", "middle 90 %"), (0.95, "--", None)):
        values = moments[column].quantile(share).loc[there]
        axes.plot(values.index, values, color=BLUE, linestyle=style, linewidth=1.4, label=label)


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
