"""Structure generation in tables, figures and the report."""

import re
from collections import Counter
from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from matplotlib.figure import Figure
from matplotlib.patches import Circle, PathPatch

from sse_assets.generation.records import COMPARISON_COLUMNS
from sse_assets.generation.stability import validation_table
from sse_assets.report import generation_figures, generation_tables
from sse_assets.report.figure_style import png_bytes
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.page import render_report
from sse_assets.tables import generated
from sse_assets_tests.report.generated_examples import (
    NOTHING_GENERATED,
    ROCK_SALT,
    dynamics,
    history,
    structures,
)

NO_PROTOTYPES = generated.PROTOTYPES.frame()
KNOWN = pd.DataFrame(
    [("Li3N", "alpha", "P-3m1", "P6/mmm", -1.25, True, 0.05, 0.12, 10.9, 10.9, 11.5, 10.94, 10.94, 11.6)],
    columns=COMPARISON_COLUMNS,
)


def test_the_table_says_what_is_used_and_why_not() -> None:
    table = generation_tables.found_structures(structures())
    by_formula = {row[0].text: row for row in table.rows}
    assert list(by_formula) == ["Li2S", "LiCl"]  # small cells first
    assert (by_formula["LiCl"][-1].text, by_formula["LiCl"][-1].note) == ("holds", "the models read it")
    assert by_formula["Li2S"][-1].note == "at 300 K an atom is lost"
    assert by_formula["LiCl"][0].note == "this run"


def test_a_cell_of_prototypes_alone_and_one_that_fits_nearly_are_named_so() -> None:
    table = generation_tables.found_structures(
        structures().assign(
            parent_id=["obelix:x", None],
            generations=1,
            cell_composition="Li8Cl8",
            composition_difference=[0.004, 0.0],
        )
    )
    notes = {row[0].text: [cell.note for cell in row] for row in table.rows}
    assert "Li8Cl8, off by 0.004" in notes["LiCl"]
    assert "prototypes alone" in notes["LiCl"]
    assert notes["LiCl"][-1] == "ordered, so the models do not read it"
    assert not {"Li8Cl8, off by 0.000", "prototypes alone"} & set(notes["Li2S"])


def test_table_6_has_both_rmsds_and_both_cells() -> None:
    (row,) = generation_tables.found_beside_known(KNOWN).rows
    assert [cell.text for cell in row[2:6]] == ["−1.2", "0.050", "0.120", "10.90"]
    assert row[5].note == "10.94"


def test_a_formula_is_written_as_chemists_write_it() -> None:
    (row,) = generation_tables.found_beside_known(KNOWN.assign(formula="LiO")).rows
    assert row[0].text == "Li2O2"


def test_the_best_enthalpy_of_a_search_never_rises() -> None:
    (axes,) = generation_figures.enthalpy_by_generation(history()).axes
    (line,) = axes.lines
    assert line.get_xdata().tolist() == [0, 1, 2]
    assert line.get_ydata() == pytest.approx([300, 0, 0])  # meV/atom above the best; the failed one is out
    assert axes.get_title(loc="left") == "LiCl"


def test_a_child_like_its_parent_is_no_gain() -> None:
    (axes,) = generation_figures.enthalpy_changes(history()).axes
    said = [text.get_text().split("\n") for text in axes.texts]
    assert said == [["50 % better", "of 2"], ["0 % better", "of 1"]]  # heredity, rattle


def test_a_drawing_has_the_cells_edges_and_atoms_on_every_face() -> None:
    (axes,) = generation_figures.crystal_drawings(structures().head(1)).axes
    # Of rock salt's cell: 8 corners, 6 faces, 12 edges and the centre.
    assert sum(isinstance(patch, Circle) for patch in axes.patches) == 27
    dashes = [patch.get_path().vertices for patch in axes.patches if isinstance(patch, PathPatch)]
    directions = Counter(tuple(np.round(end - start, 6)) for start, end in dashes)
    # Four edges in each of three directions, with as many dashes on each.
    assert len(directions) == 3
    assert len(set(directions.values())) == 1
    assert len(dashes) % 12 == 0
    _, elements = axes.get_legend_handles_labels()
    assert set(elements) == {element.symbol for element in ROCK_SALT.elements}


def hundred(rows: pd.DataFrame) -> pd.DataFrame:
    """The first composition of a table a hundred times, under other names."""
    one = rows[rows["formula"] == "LiCl"]
    return pd.concat([one.assign(formula=f"Li{number}Cl") for number in range(1, 101)], ignore_index=True)


def test_a_hundred_structures_from_prototypes_alone_are_drawn_as_such() -> None:
    many = hundred(structures())
    relaxed = many[["formula"]].assign(search="z1-r0", generation=0, operator="prototype")
    relaxed = generated.SEARCH_HISTORY.frame(relaxed.assign(enthalpy_ev_per_atom=-3.0))
    every = pd.concat([structures().head(1), many]), pd.concat([history(), relaxed])
    cells = generation_figures.atoms_per_cell(*every, NO_PROTOTYPES)
    evolution, prototypes = cells.axes[0].containers
    assert sum(bar.get_height() for bar in evolution) == 1
    assert sum(bar.get_height() for bar in prototypes) == 100
    (points,) = generation_figures.generations_by_size(*every).axes[0].collections
    assert len(points.get_offsets()) == 1
    (enthalpy,) = generation_figures.enthalpy_by_generation(every[1]).axes
    assert enthalpy.get_title(loc="left") == "LiCl"
    assert len(generation_figures.enthalpy_by_generation(relaxed).axes) == 12
    assert len(generation_figures.crystal_drawings(every[0]).axes) == 12


def test_a_hundred_runs_of_dynamics_have_a_median_and_no_legend_of_names() -> None:
    many = hundred(dynamics())
    longer = many[many["formula"] == "Li1Cl"].assign(formula="Li2S")
    longer["time_ps"] *= 10
    axes = generation_figures.ambient_run(pd.concat([many, longer])).axes[0]
    assert len(axes.lines) == 104
    _, names = axes.get_legend_handles_labels()
    assert names == ["median", "middle 90 %"]
    median = axes.lines[101]  # it ends where most runs end
    assert median.get_xdata().tolist() == [0.0, 0.4, 1.0, 2.0]
    assert median.get_ydata() == pytest.approx([0.0, 0.11, 0.01, 0.03])


def test_the_atoms_of_a_prototype_are_counted_from_its_density() -> None:
    cell = {"a": 5.13, "b": 5.13, "c": 5.13, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}
    row = {"electrolyte_id": "x:1", "formula": "LiCl", "density_g_cm3": float(ROCK_SALT.density)} | cell
    flags = {"signs_reversed": False, "cell_given": False}
    other = {"electrolyte_id": "x:2", "trusted": False}
    placed = generated.PROTOTYPES.frame([row | flags | {"trusted": True}, row | flags | other])
    _, axes = generation_figures.atoms_per_cell(structures(), history(), placed).axes
    (highest,) = [bar for bar in axes.patches if bar.get_height() > 0]
    assert highest.get_x() < 8 < highest.get_x() + highest.get_width()
    assert highest.get_height() == 1


@pytest.mark.parametrize("nothing", [False, True])
def test_every_figure_draws_also_without_data(nothing: bool) -> None:
    rows = 0 if nothing else 2
    figures: list[Figure] = [
        generation_figures.atoms_per_cell(structures().head(rows), history(), NO_PROTOTYPES),
        generation_figures.generations_by_size(structures().head(rows), history()),
        generation_figures.enthalpy_by_generation(history().head(3 * rows)),
        generation_figures.enthalpy_changes(history().head(3 * rows)),
        generation_figures.crystal_drawings(structures().head(rows)),
        generation_figures.ambient_run(dynamics().head(2 * rows)),
    ]
    assert all(png_bytes(figure, dpi=30) for figure in figures)


def test_the_report_shows_generated_structures_where_there_are_some(inputs: ReportInputs) -> None:
    held = validation_table(structures(), dynamics())
    found = replace(
        NOTHING_GENERATED,
        structures=structures(),
        search_history=history(),
        dynamics=dynamics(),
        validation=held,
        beside_known=KNOWN,
    )
    html = render_report(replace(inputs, generated=found))
    for name in ("Figure 2(b)", "Figure 2(c)", "Figure 5(a)", "Figure 5(b)", "Figure 5(c)", "Figure 6"):
        assert name in html
    assert "Table 6" in html
    figures = re.findall(r"<figcaption><strong>Figure (\d+\(?\w?)", html)
    assert "5(c" in figures
    assert figures == sorted(figures)
    assert "Generated structures" not in render_report(inputs)
