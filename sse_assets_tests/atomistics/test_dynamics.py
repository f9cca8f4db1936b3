"""Long dynamics that are killed and taken up again."""

import json
import signal
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from ase.io import read

from sse_assets.atomistics.dynamics import Dynamics, Run, run_dynamics
from sse_assets.atomistics.dynamics_files import COLUMNS
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import AMBIENT
from sse_assets_tests.atomistics.crystals import antifluorite, lithium_fluoride, overlapping

BRIEF = replace(AMBIENT, duration_ps=0.13)
SCRIPT = """
import sys, torch
from dataclasses import replace
from pathlib import Path
from sse_assets.atomistics.dynamics import Run, run_dynamics
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import AMBIENT
from sse_assets_tests.atomistics.crystals import antifluorite
torch.set_num_threads(1)
run_dynamics(
    Run(antifluorite(), Path(sys.argv[1]), seed=7), replace(AMBIENT, duration_ps=0.13), ChgnetPotential()
)
"""


@pytest.fixture(scope="module")
def uninterrupted(tmp_path_factory: pytest.TempPathFactory, chgnet: ChgnetPotential) -> tuple[Path, Dynamics]:
    folder = tmp_path_factory.mktemp("uninterrupted")
    return folder, run_dynamics(Run(antifluorite(), folder, seed=7), BRIEF, chgnet)


def test_the_table_and_the_trajectory_hold_the_run(uninterrupted: tuple[Path, Dynamics]) -> None:
    folder, dynamics = uninterrupted
    assert dynamics.failure is None
    assert tuple(dynamics.table.columns) == COLUMNS
    assert dynamics.table["time_ps"].tolist() == pytest.approx(np.arange(0, 0.131, 0.01))
    assert dynamics.table["temperature_k"].between(5, 1500).all()
    assert dynamics.table["shortest_distance_a"].between(1.6, 2.2).all()
    frames = read(folder / "trajectory.extxyz", index=":")
    assert [frame.info["time_ps"] for frame in frames] == pytest.approx([0.05, 0.10])
    row = dynamics.table[dynamics.table["time_ps"] == 0.1].iloc[0]
    assert frames[-1].info["energy_ev"] / 3 == pytest.approx(row["energy_ev_per_atom"], abs=1e-6)
    assert frames[-1].get_temperature() == pytest.approx(row["temperature_k"], rel=1e-4)


def _saved_step(folder: Path) -> int:
    checkpoint = folder / "checkpoint.json"
    return json.loads(checkpoint.read_text())["step"] if checkpoint.is_file() else 0


def test_a_run_killed_on_its_way_ends_as_if_it_had_not_been(
    uninterrupted: tuple[Path, Dynamics], tmp_path: Path, chgnet: ChgnetPotential
) -> None:
    folder, whole = uninterrupted
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(tmp_path)])
    for _ in range(1200):
        if _saved_step(tmp_path) >= 50:
            break
        time.sleep(0.05)
    process.send_signal(signal.SIGKILL)
    process.wait()
    # As if it had died half-way through writing what follows the checkpoint.
    with (tmp_path / "table.csv").open("a") as table:
        table.write("0.06,-4.7")

    done = []
    taken_up = run_dynamics(
        Run(antifluorite(), tmp_path, seed=7), BRIEF, chgnet, lambda step, total: done.append((step, total))
    )
    assert done[0][0] > 50
    assert done[-1] == (130, 130)
    pd.testing.assert_frame_equal(taken_up.table, whole.table, check_exact=True)
    assert (tmp_path / "trajectory.extxyz").read_bytes() == (folder / "trajectory.extxyz").read_bytes()
    assert np.array_equal(taken_up.atoms.positions, whole.atoms.positions)
    assert np.array_equal(taken_up.atoms.cell.array, whole.atoms.cell.array)


def test_a_finished_run_is_read_and_not_repeated(
    uninterrupted: tuple[Path, Dynamics], chgnet: ChgnetPotential
) -> None:
    folder, whole = uninterrupted
    run = Run(antifluorite(), folder, seed=7)
    again = run_dynamics(run, BRIEF, chgnet, lambda *_: pytest.fail("it moved"))
    pd.testing.assert_frame_equal(again.table, whole.table, check_exact=True)
    assert np.array_equal(again.atoms.positions, whole.atoms.positions)


def test_a_folder_holds_one_run(uninterrupted: tuple[Path, Dynamics], chgnet: ChgnetPotential) -> None:
    folder, _ = uninterrupted
    with pytest.raises(ValueError, match="holds dynamics with other conditions, seed: delete that folder"):
        run_dynamics(Run(antifluorite(), folder, seed=8), AMBIENT, chgnet)


def test_a_crystal_that_flies_apart_is_kept_with_the_reason(tmp_path: Path, chgnet: ChgnetPotential) -> None:
    thin = Run(lithium_fluoride(a=6.9), tmp_path, seed=1)  # 41 Å³ an atom
    hot = replace(AMBIENT, temperature_k=30_000, duration_ps=0.1, barostat_damping_ps=0.01)
    first = run_dynamics(thin, hot, chgnet)
    assert first.failure is not None
    assert 0 < len(first.table) < 10
    assert run_dynamics(thin, hot, chgnet).failure == first.failure


def test_overlapping_atoms_never_start(tmp_path: Path, chgnet: ChgnetPotential) -> None:
    dynamics = run_dynamics(Run(overlapping(0.1), tmp_path, seed=1), AMBIENT, chgnet)
    assert dynamics.failure == "two atoms overlap: 0.10 Å apart"
    assert dynamics.table.empty
