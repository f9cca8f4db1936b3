"""Room that a home takes, by folder."""

from pathlib import Path

import pytest

from sse_assets.orchestration.room import room_taken
from sse_assets.orchestration.settings import Settings


@pytest.mark.parametrize("elsewhere", [False, True])
def test_each_folder_counts_once_and_the_largest_comes_first(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, elsewhere: bool
) -> None:
    home = tmp_path / "home"
    blobs = tmp_path / "elsewhere" if elsewhere else home / "blobs"
    for file, size in {
        blobs / "models" / "trees" / "a.json": 300,
        blobs / "models" / "b.json": 200,
        blobs / "tables" / "c.parquet": 40,
        home / "dagster" / "runs.db": 100,
        home / "warehouse.duckdb": 7,
    }.items():
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(b"x" * size)
    monkeypatch.setenv("SSE_HOME", str(home))
    monkeypatch.setenv("SSE_BLOB_ROOT", str(blobs) if elsewhere else "")
    taken = room_taken(Settings.from_environment())
    assert list(taken.items()) == [
        ("blobs/models", 500),
        ("dagster", 100),
        ("blobs/tables", 40),
        ("warehouse.duckdb", 7),
    ]
