"""Long dynamics of many crystals at a time, against ASE's one by one."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
import torch
from ase import Atoms
from ase.io import read

from sse_assets.atomistics import batch_dynamics
from sse_assets.atomistics.batch_dynamics import run_dynamics_together
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.dynamics import Dynamics, Run, run_dynamics
from sse_assets.atomistics.potential import Response
from sse_assets.atomistics.settings import AMBIENT
from sse_assets_tests.atomistics.crystals import copper, overlapping
from sse_assets_tests.atomistics.morse import Morse

BRIEF = replace(AMBIENT, duration_ps=0.13)


def runs(folder: Path) -> list[Run]:
    return [Run(atoms, folder / str(seed), seed) for seed, atoms in enumerate(copper())]


def assert_alike(found: list[Dynamics], expected: list[Dynamics]) -> None:
    for one, other in zip(found, expected, strict=True):
        pd.testing.assert_frame_equal(one.table, other.table, rtol=1e-6, atol=1e-8)
        assert one.atoms.positions == pytest.approx(other.atoms.positions, abs=1e-8)
        assert one.atoms.cell.array == pytest.approx(other.atoms.cell.array, abs=1e-8)
        assert one.failure == other.failure


@pytest.fixture(scope="module")
def one_by_one(tmp_path_factory: pytest.TempPathFactory) -> tuple[list[Dynamics], Path]:
    folder = tmp_path_factory.mktemp("one_by_one")
    return [run_dynamics(run, BRIEF, Morse()) for run in runs(folder)], folder


@pytest.mark.parametrize(("atoms_in_a_batch", "in_the_last"), [(1000, 3), (9, 1)])
def test_tables_and_trajectories_are_those_of_single_runs(
    one_by_one: tuple[list[Dynamics], Path], tmp_path: Path, atoms_in_a_batch: int, in_the_last: int
) -> None:
    expected, folder = one_by_one
    seen: list[tuple[int, int, int]] = []
    found = run_dynamics_together(
        runs(tmp_path), BRIEF, Morse(), atoms_in_a_batch, lambda *what: seen.append(what)
    )
    assert_alike(found, expected)
    assert seen[-1] == (in_the_last, 130, 130)
    for seed in "012":
        mine, theirs = (read(where / seed / "trajectory.extxyz", index=":") for where in (tmp_path, folder))
        assert [frame.info["time_ps"] for frame in mine] == [0.05, 0.1]
        for one, other in zip(mine, theirs, strict=True):
            assert one.info["energy_ev"] == pytest.approx(other.info["energy_ev"], abs=1e-6)
            assert one.get_momenta() == pytest.approx(other.get_momenta(), abs=1e-6)


class Dying(Morse):
    """Springs that raise an error after some calls, once or for ever."""

    def __init__(self, calls: int, error: Callable[[Cells], Exception | None]) -> None:
        self._left, self._error = calls, error

    def __call__(self, cells: Cells) -> Response:
        self._left -= 1
        error = self._error(cells) if self._left < 0 else None
        if error is not None:
            raise error
        return super().__call__(cells)


def test_runs_that_were_killed_go_on_from_their_checkpoints_whatever_began_them(
    one_by_one: tuple[list[Dynamics], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_dynamics, "SAVE_EVERY_S", 0.0)
    together = runs(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_dynamics_together(together, BRIEF, Dying(80, lambda _: KeyboardInterrupt()), 1000)
    single = run_dynamics(together[0], BRIEF, Morse())
    seen: list[int] = []
    found = run_dynamics_together(together, BRIEF, Morse(), 1000, lambda _, done, __: seen.append(done))
    assert seen == [100, 130]
    assert_alike(found, one_by_one[0])
    assert np.array_equal(found[0].atoms.positions, single.atoms.positions)
    again = run_dynamics_together(together, BRIEF, Dying(0, lambda _: AssertionError("it moved")), 1000)
    assert_alike(again, one_by_one[0])


def test_a_run_that_is_ahead_of_its_batch_ends_first_and_the_others_go_on(
    one_by_one: tuple[list[Dynamics], Path], tmp_path: Path
) -> None:
    together = runs(tmp_path)
    with pytest.raises(KeyboardInterrupt):
        run_dynamics(together[0], BRIEF, Dying(80, lambda _: KeyboardInterrupt()))
    assert_alike(run_dynamics_together(together[:2], BRIEF, Morse(), 1000), one_by_one[0][:2])


def test_a_batch_that_does_not_fit_the_memory_goes_on_in_halves(
    one_by_one: tuple[list[Dynamics], Path], tmp_path: Path
) -> None:
    full = Dying(20, lambda cells: torch.OutOfMemoryError("full") if len(cells) > 1 else None)
    assert_alike(run_dynamics_together(runs(tmp_path), BRIEF, full, 1000), one_by_one[0])


def test_an_error_over_one_crystal_stops_its_run_alone(
    one_by_one: tuple[list[Dynamics], Path], tmp_path: Path
) -> None:
    broken = Dying(0, lambda cells: RuntimeError("eight") if (cells.sizes == 8).any() else None)
    found = run_dynamics_together(runs(tmp_path), BRIEF, broken, 1000)
    sizes = [len(run.atoms) for run in runs(tmp_path)]
    assert [one.failure for one in found] == ["RuntimeError: eight" if size == 8 else None for size in sizes]
    calm = [index for index, size in enumerate(sizes) if size != 8]
    assert calm
    assert_alike([found[index] for index in calm], [one_by_one[0][index] for index in calm])


def test_a_crystal_that_flies_apart_or_cannot_start_is_kept_with_the_reason(tmp_path: Path) -> None:
    hot = replace(BRIEF, temperature_k=300_000, barostat_damping_ps=0.01)
    thin = Atoms("Cu2", positions=[[0, 0, 0], [2, 2, 2]], cell=[4.4] * 3, pbc=True)
    both = [Run(thin, tmp_path / "thin", 1), Run(overlapping(0.1), tmp_path / "overlapping", 1)]
    flown, overlap = run_dynamics_together(both, hot, Morse(), 1000)
    assert "the cell" in (flown.failure or "")
    assert 0 < len(flown.table) < 14
    assert overlap.failure == "two atoms overlap: 0.10 Å apart"
    assert overlap.table.empty
    again = run_dynamics_together(both, hot, Morse(), 1000)
    assert [one.failure for one in again] == [flown.failure, overlap.failure]


def test_a_crystal_that_the_potential_cannot_judge_stops_before_its_first_row(tmp_path: Path) -> None:
    class Silent(Morse):
        def __call__(self, cells: Cells) -> Response:
            response = super().__call__(cells)
            return replace(response, energies=response.energies * np.nan)

    found = run_dynamics_together(runs(tmp_path), BRIEF, Silent(), 1000)
    assert {one.failure for one in found} == {"CHGNet's energy, forces or stress are not finite numbers"}
    assert all(one.table.empty for one in found)
