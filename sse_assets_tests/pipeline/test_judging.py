"""Somebody else's model, from the folds to the leaderboard, as its author does it."""

import shutil
from pathlib import Path

import pandas as pd
import pytest

from sse_assets.orchestration.tables import TableKey
from sse_assets_tests.command_line import Run, sse_assets


@pytest.fixture(scope="module")
def home(sample_run: Run, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A finished run of which nobody else relies on anything."""
    copy = tmp_path_factory.mktemp("judged") / "home"
    shutil.copytree(sample_run.home, copy)
    return copy


@pytest.fixture(scope="module")
def folds(home: Path) -> Path:
    folder = home.parent / "folds"
    called = sse_assets(home, "splits", "--output", str(folder))
    assert called.exit_code == 0, called.output
    return folder


def test_the_folder_has_all_that_a_model_needs(folds: Path, home: Path) -> None:
    assert {path.name for path in folds.iterdir()} == {
        "README.md",
        "folds.csv",
        "electrolytes.csv",
        "example.csv",
        "structures",
    }
    paths = pd.read_csv(folds / "electrolytes.csv")["structure_path"].dropna()
    assert len(paths)
    assert all((folds / path).read_text() for path in paths)
    again = sse_assets(home, "splits", "--output", str(folds))
    assert again.exit_code == 1
    assert "is not empty: name a new folder" in again.output


def test_a_submission_joins_the_leaderboard_at_the_next_run(folds: Path, home: Path) -> None:
    scored = sse_assets(home, "score", str(folds / "example.csv"), "--name", "mine", "--add")
    assert scored.exit_code == 0, scored.output
    assert "grouped, censored rows at the limit, 93 test rows" in scored.output
    made = sse_assets(home, "run")
    assert "✓ metrics.leaderboard" in made.output
    assert "✓ metrics.scores" not in made.output
    board = made.store.read(TableKey("metrics", "leaderboard"))
    mae = board[(board["metric"] == "mae") & (board["label_convention"] == "bound")]
    by_model = mae.set_index(["protocol", "model"])["value"]
    for protocol in ("diversity", "random", "papers", "grouped"):
        assert by_model[protocol, "mine"] == by_model[protocol, "train_median"]
    assert "mine" in (home / "blobs" / "reports" / "report.html").read_text()
    assert "Nothing is stale" in sse_assets(home, "run").output
    # The same name again replaces what was there.
    sse_assets(home, "score", str(folds / "example.csv"), "--name", "mine", "--add")
    kept = made.store.read(TableKey("metrics", "submitted_predictions"))
    assert not kept.duplicated(["protocol", "fold", "electrolyte_id"]).any()


def test_a_leaking_file_is_refused_and_not_kept(folds: Path, home: Path) -> None:
    labels = pd.read_csv(folds / "electrolytes.csv").set_index("electrolyte_id")["label_bound"]
    example = pd.read_csv(folds / "example.csv")
    leaking = folds.parent / "leaking.csv"
    example.assign(predicted=labels[example["electrolyte_id"]].to_numpy()).to_csv(leaking, index=False)
    refused = sse_assets(home, "score", str(leaking), "--add")
    assert refused.exit_code == 1
    assert "grouped: this leaks" in refused.output
    assert "Traceback" not in refused.output


def test_before_a_run_there_is_nothing_to_score_against(folds: Path, tmp_path: Path) -> None:
    refused = sse_assets(tmp_path, "score", str(folds / "example.csv"))
    assert refused.exit_code == 1
    assert "call `sse-assets run` first" in refused.output
