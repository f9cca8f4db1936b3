"""Searches of one composition: its prototypes alone, or an evolution."""

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import pytest
from ase import Atoms

from sse_assets.generation import tables
from sse_assets.generation.journal import Journal
from sse_assets.generation.structures import (
    JOURNALS,
    NO_STARTING_CELLS,
    Found,
    Start,
    StartingCells,
    find_structure,
    planned_searches,
)
from sse_assets.tables.names import Operator
from sse_assets_tests.atomistics.crystals import antifluorite, lithium_fluoride
from sse_assets_tests.generation import toy_search

SETTINGS = replace(toy_search.SETTINGS, dynamics=None, formula_units=(1,), replicates=1, prototypes=3)
SMALL, LARGE = antifluorite("S", 5.7), antifluorite("S", 5.8).repeat((2, 1, 1))


def cheap(*cells: Atoms) -> StartingCells:
    """Return a library whose only cheap prototypes are these cells."""
    starts = [Start(atoms, f"x:{number}", 0.1 * number) for number, atoms in enumerate(cells)]
    return StartingCells(of_cheap_prototypes=lambda formula, below, most: starts[:most])


def found_in(folder: Path, cells: StartingCells, formula: str = "Li2S") -> Found:
    return find_structure(formula, SETTINGS, folder, toy_search.springs, starting_cells=cells)


def enthalpies(found: Found) -> list[float]:
    return [c.enthalpy_ev_per_atom for search in found.searches for c in search.candidates]


def test_cheap_prototypes_are_relaxed_and_nothing_evolves(tmp_path: Path) -> None:
    found = found_in(tmp_path, cheap(LARGE, SMALL))
    assert [search.plan.name for search in found.searches] == ["z1-r0", "z2-r0"]
    operators = [c.operator for search in found.searches for c in search.candidates]
    assert operators == [Operator.PROTOTYPE] * 2
    assert found.best is not None
    assert found.best.enthalpy_ev_per_atom == min(enthalpies(found))
    row = tables.structure(found, None)
    parent = {"z1-r0": ("x:1", 0.1), "z2-r0": ("x:0", 0.0)}[found.winner.plan.name] if found.winner else None
    assert (row["parent_id"], row["cost_per_anion"]) == parent
    assert row["composition_difference"] == 0
    assert set(tables.candidates(found)["formula"]) == {"Li2S"}


def test_a_killed_search_goes_on_with_the_cells_that_it_began_with(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = found_in(tmp_path / "whole", cheap(SMALL, SMALL, LARGE))
    kept: list[object] = []
    add = Journal.add

    def add_one(journal: Journal, candidate: object) -> None:
        if kept:
            raise KeyboardInterrupt
        kept.append(candidate)
        add(journal, candidate)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(Journal, "add", add_one)
        with pytest.raises(KeyboardInterrupt):
            found_in(tmp_path / "killed", cheap(SMALL, SMALL, LARGE))
    resumed = found_in(tmp_path / "killed", cheap(LARGE))  # a library that has changed since
    assert enthalpies(resumed) == enthalpies(whole)
    assert len(enthalpies(whole)) == 3


def test_a_start_that_explodes_is_a_row_with_its_reason_and_stops_no_other(tmp_path: Path) -> None:
    exploded = antifluorite("S", 40.0)
    found = found_in(tmp_path, cheap(exploded, SMALL))
    failures = tables.candidates(found).set_index("candidate_id")["failure"]
    assert "exploded" in failures["z1-r0-g00-00"]
    assert found.best is not None
    assert found.best.candidate_id == "z1-r0-g00-01"
    assert tables.structure(found, None)["parent_id"] == "x:1"
    nothing = found_in(tmp_path / "all", cheap(exploded))
    assert nothing.failure is not None
    assert "exploded" in nothing.failure
    assert tables.structure(nothing, None)["parent_id"] is None


def test_a_composition_that_fits_nearly_says_what_its_cell_holds(tmp_path: Path) -> None:
    found = found_in(tmp_path, cheap(LARGE), "Li199S100")
    row = tables.structure(found, None)
    assert (row["formula"], row["cell_composition"], row["z"]) == ("Li199S100", "Li4S2", 2)
    assert row["composition_difference"] == pytest.approx(2 / 3 - 199 / 299, abs=1e-6)


def test_without_a_cheap_prototype_an_evolution_begins(tmp_path: Path) -> None:
    seen: list[tuple[float, int]] = []

    def none(formula: str, below: float, most: int) -> Sequence[Start]:
        seen.append((below, most))
        return ()

    def of_content(content: object, most: int) -> Sequence[Start]:
        return [Start(SMALL, "x:dear", 0.9)]

    cells = StartingCells(of_content, none)
    (search,) = planned_searches("Li2S", SETTINGS, tmp_path, cells)
    assert seen == [(SETTINGS.evolve_above_cost, SETTINGS.prototypes)]
    assert search.settings == SETTINGS
    assert [start.parent_id for start in search.starts] == ["x:dear"]


@pytest.mark.parametrize(
    ("cost", "largest_cell", "evolves"), [(0.2, 3, False), (0.3, 3, True), (0.3, 2, False)]
)
def test_a_small_formula_evolves_beside_prototypes_that_may_miss(
    tmp_path: Path, cost: float, largest_cell: int, evolves: bool
) -> None:
    starts = [Start(SMALL, "x:small", cost), Start(LARGE, "x:large", cost)]
    cells = StartingCells(lambda *_: starts[:1], lambda *_: starts)
    settings = replace(SETTINGS, largest_cell=largest_cell, formula_units=(1,), max_generations=5)
    planned = planned_searches("Li2S", settings, tmp_path, cells)
    generations = {one.plan.name: one.settings.max_generations for one in planned}
    assert generations == {"z1-r0": 5 if evolves else 1, "z2-r0": 1}
    assert [start.parent_id for start in planned[0].starts + planned[1].starts].count("x:small") == 1


def test_an_evolution_on_demand_asks_for_no_cheap_prototype(tmp_path: Path) -> None:
    for settings in (replace(SETTINGS, evolve_above_cost=0.0), replace(SETTINGS, prototypes=0)):
        (search,) = planned_searches("Li2S", settings, tmp_path / "x", cheap(lithium_fluoride()))
        assert search.settings.max_generations == SETTINGS.max_generations
        assert not search.starts


def test_the_last_bits_of_a_starting_cell_make_no_other_search(tmp_path: Path) -> None:
    larger = SMALL.copy()
    larger.set_cell(SMALL.cell.array * (1 + 1e-15), scale_atoms=True)
    larger.positions -= 1e-17
    one, other = (
        planned_searches("Li2S", SETTINGS, tmp_path / name, cheap(atoms))[0].starts[0].atoms
        for name, atoms in (("one", SMALL), ("other", larger))
    )
    assert one.positions.tobytes() == other.positions.tobytes()  # −0.0 is no 0.0 to the name of a search
    assert one.cell.array.tobytes() == other.cell.array.tobytes()


def test_a_composition_that_nothing_holds_is_a_row_with_its_reason(tmp_path: Path) -> None:
    found = find_structure(
        "Li199S100", SETTINGS, tmp_path, toy_search.springs, starting_cells=NO_STARTING_CELLS
    )
    assert found.searches == []
    assert not (tmp_path / JOURNALS).exists()
    assert "no cell is small enough to evolve" in tables.structure(found, None)["failure"]
