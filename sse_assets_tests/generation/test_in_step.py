"""Searches beside one another: what one finds, and what becomes of the others when one cannot go on."""

from dataclasses import replace
from pathlib import Path

import pytest
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.generation.in_step import run_in_step
from sse_assets.generation.journal import JournalError
from sse_assets.generation.search import SearchOutcome
from sse_assets.generation.seeds import SeedMaker
from sse_assets.generation.structures import (
    JOURNALS,
    NO_STARTING_CELLS,
    Found,
    StartingCells,
    find_structures,
)
from sse_assets_tests.atomistics.crystals import antifluorite
from sse_assets_tests.generation import toy_search
from sse_assets_tests.generation.toy_search import kill_once_it_has, lines


def test_a_search_among_others_that_is_killed_and_goes_on_is_the_search_alone_to_the_bit(
    uninterrupted: tuple[SearchOutcome, Path], tmp_path: Path
) -> None:
    outcome, whole = uninterrupted
    journal = tmp_path / "journal.jsonl"
    kill_once_it_has(12, journal, "in step")
    others = [path for path in tmp_path.glob("*.jsonl") if path != journal]
    assert any(len(lines(path)) > 1 for path in others)  # they advance together
    assert lines(journal) == lines(whole)[: len(lines(journal))]
    searches = toy_search.searches_in_step(journal)
    ended = dict(run_in_step(searches, toy_search.springs, side_processes=2))
    assert ended == dict.fromkeys(searches)
    assert lines(journal) == lines(whole)
    assert searches[0].outcome.history.best == outcome.history.best
    assert searches[0].outcome.history.duplicates == outcome.history.duplicates


def test_a_search_that_cannot_go_on_stops_no_other(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def cell(maker: SeedMaker, composition: Composition, seed: int) -> Atoms:
        atoms = antifluorite("S", 5.7) if "S" in composition else antifluorite("O", 4.62)
        atoms.rattle(0.1, seed=seed)
        return atoms

    monkeypatch.setattr(SeedMaker, "random_cell", cell)
    folders = {formula: tmp_path / formula for formula in ("Li2S", "Li3N", "Li2O")}
    damaged = folders["Li2S"] / JOURNALS / "z1-r0.jsonl"
    damaged.parent.mkdir(parents=True)
    damaged.write_text("no journal\n")
    settings = replace(
        toy_search.SETTINGS, population=2, max_generations=2, formula_units=(1,), dynamics=None
    )

    def starting_cells(formula: str) -> StartingCells:
        if formula == "Li3N":
            raise ValueError("no library")
        return NO_STARTING_CELLS

    found = dict(find_structures(folders, settings, toy_search.springs, starting_cells=starting_cells))
    assert str(found["Li3N"]) == "no library"
    assert isinstance(found["Li2S"], JournalError)
    assert len(lines(damaged.with_name("z1-r1.jsonl"))) == 1 + 2 * 2  # it goes on from there another time
    sound = found["Li2O"]
    assert isinstance(sound, Found)
    assert [search.plan.name for search in sound.searches] == ["z1-r0", "z1-r1"]
    assert all(search.best is not None for search in sound.searches)
