"""A run after a small change computes what the change touches, and ends as a run from nothing."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.command_line import Run, environment_of, small_run_config, sse_assets

pytestmark = pytest.mark.services  # eight whole runs, which are killed, take ten minutes
CRYSTAL = Structure.from_spacegroup("Fm-3m", Lattice.cubic(6.012), ["Li", "I"], [[0, 0, 0], [0.5, 0.5, 0.5]])
"""Crystal that no published row has, so that whatever learns from it changes."""
ADDED = (
    "id,formula,conductivity_s_cm,structure\n"
    "crystal,LiI,9.0E-07,lii.cif\n"
    "formula,Li6PS5Cl,2.0E-03,\n"
    "wrong,Li6PS5Cl,much,\n"
)
CHANGED = ADDED.replace("9.0E-07", "7.0E-07")
OF_THE_HOME = {"models.champions", "metrics.submitted_predictions"}
"""Tables that hold the history of a home, which a new one does not have."""
OF_THE_DAY = ["seconds", "decided_at", "record"]
"""Columns that say when something was done, how long it took, or in which run."""


def leave(home: Path, table: str) -> None:
    """Leave a table and its crystal in the inbox, and candidates to rank."""
    (home / "inbox").mkdir(parents=True, exist_ok=True)
    (home / "inbox" / "lab.csv").write_text(table)
    (home / "inbox" / "lii.cif").write_text(CRYSTAL.to(fmt="cif"))
    (home / "candidates").mkdir(exist_ok=True)
    (home / "candidates" / "series.csv").write_text("formula\nLi5.5PS4.5Cl1.5\nLi3InBr6\n")


def brought_up_to_date(home: Path) -> Run:
    run = sse_assets(home, "run", "--config", str(small_run_config(home.parent / "small.yaml")))
    assert run.exit_code == 0, run.output
    return run


def tables(store: TableStore) -> dict[str, pd.DataFrame]:
    """Return every table without what belongs to a home or a day."""
    read = {key.table: store.read(key) for key in store.current_versions() if key.table not in OF_THE_HOME}
    return {name: table.drop(columns=OF_THE_DAY, errors="ignore") for name, table in read.items()}


def assert_equal(one: TableStore, other: TableStore) -> None:
    found, expected = tables(one), tables(other)
    assert found.keys() == expected.keys()
    for name, table in expected.items():
        pd.testing.assert_frame_equal(found[name], table, check_exact=True, obj=name)


@pytest.fixture(scope="module")
def from_nothing(tmp_path_factory: pytest.TempPathFactory) -> Run:
    """A new home with the rows in its inbox."""
    home = tmp_path_factory.mktemp("from_nothing") / "home"
    leave(home, ADDED)
    return brought_up_to_date(home)


def test_added_changed_and_withdrawn_rows_give_what_a_run_from_nothing_gives(
    sample_run: Run, from_nothing: Run, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_run.home, home)
    before = set((home / "blobs" / "models" / "boosted_trees").rglob("diversity-*"))
    leave(home, CHANGED)
    store = brought_up_to_date(home).store
    changed = store.read(TableKey("curated", "electrolytes")).set_index("electrolyte_id")
    assert changed.loc["inbox:crystal", "sigma_s_cm"] == 7e-7
    leave(home, ADDED)
    brought_up_to_date(home)
    assert_equal(store, from_nothing.store)
    after = set((home / "blobs" / "models" / "boosted_trees").rglob("diversity-*"))
    assert after == before  # the paper's protocol is about published rows
    shutil.rmtree(home / "inbox")
    shutil.rmtree(home / "candidates")
    brought_up_to_date(home)
    assert_equal(store, sample_run.store)


def killed_at(home: Path, sign: str) -> None:
    """Start a run, and kill it with all its processes as soon as it prints this."""
    config = str(small_run_config(home.parent / "small.yaml"))
    with subprocess.Popen(
        [sys.executable, "-m", "sse_assets.cli", "run", "--config", config],
        env=environment_of(home),
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        start_new_session=True,
    ) as run:
        assert run.stdout is not None
        seen = any(sign in line for line in run.stdout)
        os.killpg(run.pid, signal.SIGKILL)
    assert seen, f"the run ended without {sign}"


def test_killed_at_any_stage_the_next_run_ends_as_a_run_from_nothing(
    sample_run: Run, from_nothing: Run, tmp_path: Path
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_run.home, home)
    leave(home, ADDED)
    for sign in (
        "✓ curated.measurements",
        "✓ descriptors.cell",
        "✓ models.boosted_trees_predictions [geometric]",
        "✓ models.choice",
        "✓ metrics.report",
        "✓ models.boosted_trees_shap [all]",
    ):
        killed_at(home, sign)
    assert_equal(brought_up_to_date(home).store, from_nothing.store)
