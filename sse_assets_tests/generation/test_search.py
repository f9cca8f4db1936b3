from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial
from math import ceil, inf
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms
from ase.build import bulk
from pymatgen.core import Composition

from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.atomistics.settings import SEARCH
from sse_assets.generation.history import History
from sse_assets.generation.in_step import run_search
from sse_assets.generation.journal import Candidate, JournalError
from sse_assets.generation.plan import Plan
from sse_assets.generation.progress import Progress
from sse_assets.generation.search import SearchOutcome
from sse_assets.generation.seeds import SeedMaker
from sse_assets.generation.settings import OperatorShares, SearchSettings
from sse_assets.tables.names import Operator
from sse_assets_tests.atomistics.crystals import antifluorite
from sse_assets_tests.generation import toy_search
from sse_assets_tests.generation.toy_search import kill_once_it_has, lines


def test_a_killed_search_goes_on_and_ends_bit_identical(
    uninterrupted: tuple[SearchOutcome, Path], tmp_path: Path
) -> None:
    outcome, whole = uninterrupted
    journal = tmp_path / "journal.jsonl"
    for count in (4, 14):  # in the first generation, and among the children
        kill_once_it_has(count, journal, "alone")
        left = lines(journal)
        assert left == lines(whole)[: len(left)]
        assert len(left) < len(lines(whole))
    resumed = toy_search.search(journal)
    assert lines(journal) == lines(whole)
    assert resumed.history.best == outcome.history.best
    assert resumed.history.duplicates == outcome.history.duplicates


def test_every_operator_has_its_share_and_every_child_its_parents(
    uninterrupted: tuple[SearchOutcome, Path],
) -> None:
    outcome, _ = uninterrupted
    by_id = {candidate.candidate_id: candidate for candidate in outcome.candidates}
    assert {candidate.operator for candidate in outcome.candidates} == set(Operator)
    for generation in range(1, len(outcome.history.best)):
        members = [c for c in outcome.candidates if c.generation == generation]
        fresh = sum(c.operator is Operator.SEED for c in members)
        assert fresh >= ceil(0.15 * toy_search.SETTINGS.population)
    for candidate in outcome.candidates:
        parents = [by_id[parent] for parent in candidate.parents]
        assert all(parent.generation < candidate.generation for parent in parents)
        if parents and candidate.failure is None:
            better = min(parent.enthalpy_ev_per_atom for parent in parents)
            assert candidate.delta_ev_per_atom == candidate.enthalpy_ev_per_atom - better
        moved = candidate.operator is Operator.DYNAMICS and candidate.failure is None
        assert np.isfinite(candidate.mean_temperature_k) == moved


def test_the_population_is_distinct_and_in_order(uninterrupted: tuple[SearchOutcome, Path]) -> None:
    history = uninterrupted[0].history
    enthalpies = [candidate.enthalpy_ev_per_atom for candidate in history.population]
    assert enthalpies == sorted(enthalpies)
    assert history.best == sorted(history.best, reverse=True)
    assert history.duplicates
    assert not {candidate.candidate_id for candidate in history.population} & set(history.duplicates)


@pytest.fixture
def any_cell(monkeypatch: pytest.MonkeyPatch) -> None:
    """Make fresh cells without PyXtal, for searches that only a stub evaluates."""

    def cell(maker: SeedMaker, composition: Composition, seed: int) -> Atoms:
        atoms = bulk("LiS", "rocksalt", 5.2)
        atoms.rattle(0.1, seed=seed)
        return atoms

    monkeypatch.setattr(SeedMaker, "random_cell", cell)


class Stub(Evaluator):
    """Evaluator that gives the answers it was told, cell after cell."""

    has_room = True

    def __init__(self, *answers: Evaluation) -> None:
        self.answers, self.asked = answers, 0
        self.queue: list[tuple[int, Evaluation]] = []

    def submit(self, atoms: Atoms, seed: int) -> int:
        answer = self.answers[self.asked % len(self.answers)]
        self.asked += 1
        self.queue.append((self.asked, replace(answer, atoms=atoms)))
        return self.asked

    def finished(self, patience_s: float = inf) -> list[tuple[int, Evaluation]]:
        return [self.queue.pop(0)] if self.queue else []

    def forget(self) -> None:
        self.queue.clear()


def stub_search(stub: Stub, journal: Path, **settings: object) -> SearchOutcome:
    return run_search(Plan("Li2S", 1, 0), SearchSettings(population=4, **settings), journal, lambda _: stub)


@pytest.mark.usefixtures("any_cell")
def test_failures_are_lines_with_their_reason_and_end_nothing(tmp_path: Path) -> None:
    stub = Stub(Evaluation(failure="the cell exploded"), Evaluation(enthalpy_ev_per_atom=-1.0))
    outcome = stub_search(stub, tmp_path / "journal.jsonl", flat_generations=1)
    assert outcome.failure is None
    assert outcome.best is not None
    failed = [candidate for candidate in outcome.candidates if candidate.failure]
    assert {candidate.failure for candidate in failed} == {"the cell exploded"}
    assert len(failed) == len(outcome.candidates) / 2
    assert all(candidate.atoms is not None for candidate in failed)


@pytest.mark.usefixtures("any_cell")
def test_a_search_in_which_nothing_survives_ends_with_the_commonest_reason(tmp_path: Path) -> None:
    odd, usual = Evaluation(failure="the cell is a needle"), Evaluation(failure="the cell exploded")
    outcome = stub_search(Stub(odd, usual, usual), tmp_path / "journal.jsonl")
    assert outcome.best is None
    assert outcome.failure == "none of 12 candidates became a structure; 8 times: the cell exploded"


@pytest.mark.usefixtures("any_cell")
def test_the_first_generation_begins_in_starting_cells(tmp_path: Path) -> None:
    stub = Stub(Evaluation(enthalpy_ev_per_atom=-1.0))
    settings = SearchSettings(population=4, flat_generations=1)
    cells = [bulk("LiS", "rocksalt", 5.2), bulk("SLi", "rocksalt", 5.6)]

    def search(journal: str, starting_cells: Sequence[Atoms]) -> SearchOutcome:
        path = tmp_path / journal
        return run_search(Plan("Li2S", 1, 0), settings, path, lambda _: stub, starting_cells=starting_cells)

    outcome = search("begun", cells)
    first = [c for c in outcome.candidates if c.generation == 0]
    assert [c.operator for c in first] == [Operator.PROTOTYPE] * 2 + [Operator.SEED] * 2
    later = {c.operator for c in outcome.candidates if c.generation > 0}
    assert Operator.PROTOTYPE not in later
    for candidate, cell in zip(first, cells, strict=False):
        assert candidate.atoms is not None
        ordered = cell[np.argsort(cell.numbers)]  # as heredity wants its parents
        assert candidate.atoms.numbers.tolist() == ordered.numbers.tolist()
        moved = np.abs(candidate.atoms.positions - ordered.positions)
        assert 0 < moved.max() < 0.3  # off its exact symmetry, and still the same crystal
        assert candidate.atoms.cell.array == pytest.approx(cell.cell.array)
    with pytest.raises(JournalError):
        search("begun", cells[:1])
    with pytest.raises(JournalError):
        search("begun", ())


@pytest.mark.usefixtures("any_cell")
def test_progress_says_where_the_search_is(tmp_path: Path) -> None:
    seen: list[Progress] = []
    stub = Stub(Evaluation(enthalpy_ev_per_atom=-1.0))
    settings = SearchSettings(population=4, flat_generations=2)
    run_search(Plan("Li2S", 1, 0), settings, tmp_path / "journal.jsonl", lambda _: stub, seen.append)
    assert [(p.generation, p.done) for p in seen[:5]] == [(0, 1), (0, 2), (0, 3), (0, 4), (1, 1)]
    assert {p.of for p in seen} == {4}
    to_come = [p.least_seconds_left * p.candidates_per_minute / 60 for p in seen]
    assert to_come == pytest.approx(range(11, -1, -1))
    assert "Li2S z1-r0: generation 2, 4 of 4, best -1.0000 eV/atom" in str(seen[-1])
    assert "best" not in str(seen[0])


@pytest.mark.parametrize(
    ("best", "flat"),
    [([-1.0, -1.2, -1.2004, -1.2008], 2), ([-1.0], 0), ([float("inf"), float("inf")], 0), ([-1.0, -1.1], 0)],
)
def test_how_long_the_best_enthalpy_has_been_flat(best: list[float], flat: int) -> None:
    history = History(SearchSettings(flat_generations=2))
    history.best.extend(best)
    assert history.flat_generations == flat
    assert history.converged == (flat >= 2)


def test_shares_become_whole_numbers_of_candidates() -> None:
    shares = OperatorShares(seed=0.15, heredity=0.45, rattle=0.2, strain=0.0, permutation=0.2)
    counts = Counter(shares.operators(8))
    # 0.15 of 8 is 1.2, rounded up; 0.45 : 0.2 : 0.2 of the other six are 3.2, 1.4 and 1.4.
    assert counts == {Operator.SEED: 2, Operator.HEREDITY: 3, Operator.RATTLE: 2, Operator.PERMUTATION: 1}
    assert OperatorShares(1.0, 0.0, 0.0, 0.0, 0.0).operators(3) == [Operator.SEED] * 3


@pytest.mark.parametrize(
    ("settings", "values", "reason"),
    [
        (OperatorShares, {"seed": 0.1, "heredity": 0.5}, r"the share of fresh cells is 0\.1: at least 0\.15"),
        (OperatorShares, {"seed": 0.5}, "add up to 1"),
        (SearchSettings, {"replicates": 0}, "replicates is 0: it must be at least 1"),
        (SearchSettings, {"max_generations": -1}, "max_generations is -1: it must be at least 1"),
        (SearchSettings, {"formula_units": ()}, r"formula_units is \(\): it must hold whole numbers above 0"),
        (SearchSettings, {"flat_within_ev_per_atom": 0.0}, "flat_within_ev_per_atom must be more than 0"),
        (partial(replace, SEARCH), {"timestep_fs": 0.0}, "timestep_fs is 0.0: it must be more than zero"),
    ],
)
def test_settings_that_make_no_sense_are_refused(
    settings: Callable[..., object], values: dict[str, object], reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        settings(**values)


def test_a_pressure_may_be_zero() -> None:
    assert replace(SEARCH, pressure_gpa=0.0).pressure_gpa == 0


def test_a_duplicate_of_lower_enthalpy_takes_the_place_of_the_other() -> None:
    first = Candidate(
        candidate_id="a",
        generation=0,
        index=0,
        operator=Operator.SEED,
        atoms=antifluorite("S", 5.6),
        enthalpy_ev_per_atom=-1.0,
    )
    history = History(SearchSettings())
    history.close_generation([first])
    history.close_generation([replace(first, candidate_id="b", generation=1, enthalpy_ev_per_atom=-1.002)])
    assert [candidate.candidate_id for candidate in history.population] == ["b"]
    assert history.duplicates == {"a": "b"}
