"""What a home forgets, and what it never does."""

import os
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest
from upath import UPath

from sse_assets.orchestration import pruning
from sse_assets.orchestration.dagster_home import create_dagster_home
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.pruning import forget_kept, forget_models, forget_runs
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.tables import models


@pytest.fixture
def blob_root(tmp_path: Path) -> UPath:
    return UPath(tmp_path / "blobs")


def stored(blob_root: UPath, place: str, *, young: bool = False) -> Path:
    """Store a model of two files, a week ago unless it is young."""
    folder = Path(blob_root.path) / place
    folder.mkdir(parents=True)
    for name in ("model.json", "training_rows.parquet"):
        (folder / name).write_text("")
        if not young:
            os.utime(folder / name, (1e9, 1e9))
    return folder


def champions(*places: str) -> object:
    return models.CHAMPIONS.frame([{"feature_set": "all", "model_path": place} for place in places])


def test_a_model_stays_while_a_table_names_it(blob_root: UPath) -> None:
    first, second, third = (f"models/boosted_trees/all/{name}/all_rows-bound" for name in "123")
    folders = {place: stored(blob_root, place) for place in (first, second, third)}
    store = TableStore(blob_root)
    store.write(
        TableKey("models", "boosted_trees", "all"), models.BOOSTED_TREES.frame([{"model_path": third}])
    )
    store.write(TableKey("models", "champions", "all"), champions(first, second))
    assert forget_models(blob_root) == 2
    assert {place for place, folder in folders.items() if folder.exists()} == {second, third}
    assert not folders[first].parent.exists()
    assert forget_models(blob_root) == 0


def test_a_model_whose_table_is_yet_to_be_written_stays(blob_root: UPath) -> None:
    folder = stored(blob_root, "models/gaussian_process/1/all_rows-bound", young=True)
    assert forget_models(blob_root) == 0
    assert folder.exists()


def test_a_language_model_and_everything_else_stays(blob_root: UPath) -> None:
    kept = [
        stored(blob_root, place)
        for place in ("models/language_models/llama/case_1", "generated/Li3N/1", "inbox/1", "reports/1")
    ]
    assert forget_models(blob_root) == 0
    assert all(folder.exists() for folder in kept)


def test_of_kept_answers_those_used_last_stay(blob_root: UPath) -> None:
    kept = kept_in(blob_root)
    for number in range(4):
        kept.keep([number], pd.DataFrame({"answer": [number]}))
    files = [file for file in (Path(blob_root.path) / "kept").rglob("*") if file.is_file()]
    one = files[0].stat().st_size
    assert forget_kept(blob_root, room=one) == 0  # all are young
    for file in files:
        os.utime(file, (1e9, 1e9))
    answer = kept.get([2])
    assert answer is not None  # and it is young again
    assert forget_kept(blob_root, room=4 * one) == 0
    assert forget_kept(blob_root, room=2 * one) == 2
    assert forget_kept(blob_root, room=0) == 1
    assert [number for number in range(4) if kept.get([number]) is not None] == [2]


def test_models_of_a_store_without_folders_are_forgotten_too(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pruning.time, "time", lambda: 4e9)
    root = UPath("memory://forgotten")
    file = root / "models" / "boosted_trees" / "all" / "1" / "model.json"
    file.write_bytes(b"")
    assert forget_models(root) == 1
    assert not file.exists()


@dg.asset
def table() -> dg.MaterializeResult[None]:
    return dg.MaterializeResult(data_version=dg.DataVersion("1"))


@dg.asset
def once() -> None:
    return None


def test_the_newest_runs_stay_and_what_made_what_is_there(tmp_path: Path) -> None:
    home = tmp_path / "dagster"
    home.mkdir()
    create_dagster_home(home)
    with dg.DagsterInstance.from_config(str(home)) as instance:
        ids = [dg.materialize([once], instance=instance).run_id]
        ids += [dg.materialize([table], instance=instance).run_id for _ in range(4)]
        assert forget_runs(instance, home, keep=2) == 2
        left = [run.run_id for run in instance.get_runs()]
        assert left == [ids[4], ids[3], ids[0]]
        assert instance.get_latest_data_version_record(dg.AssetKey("once")).run_id == ids[0]
        files = {file.name.split(".")[0] for file in (home / "history" / "runs").iterdir()}
        assert files - {"index"} == set(left)
        assert forget_runs(instance, home, keep=2) == 0
