import os
import tempfile
from datetime import timedelta
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from upath import UPath

from sse_assets.orchestration import blobs, tables
from sse_assets.orchestration.tables import TableError, TableKey, TableStore, content_sha256

KEY = TableKey("metrics", "scores")
ONE = pd.DataFrame({"model": ["a"], "value": [0.5]})
TWO = pd.DataFrame({"model": ["a", "b"], "value": [0.5, None]})


@pytest.fixture
def store(tmp_path: Path) -> TableStore:
    return TableStore(UPath(tmp_path))


def test_a_table_is_read_back_as_it_was_written(store: TableStore) -> None:
    store.write(KEY, TWO)
    pd.testing.assert_frame_equal(store.read(KEY), TWO)


def test_partitions_are_read_together_or_apart(store: TableStore) -> None:
    for name in ("all", "../evil/name"):
        store.write(TableKey("models", "trees", name), ONE.assign(variant=name))
    assert store.read(TableKey("models", "trees"))["variant"].tolist() == ["../evil/name", "all"]
    assert store.read(TableKey("models", "trees", "all"))["variant"].tolist() == ["all"]


def test_a_partition_name_cannot_leave_its_folder(store: TableStore, tmp_path: Path) -> None:
    store.write(TableKey("models", "trees", "../../outside"), ONE)
    assert {path.name for path in tmp_path.iterdir()} == {"tables"}
    assert {path.name for path in (tmp_path / "tables").iterdir()} == {"models"}


HOSTILE = [".", "..", "current.json", "x.parquet", "a/b", "../up", "a\nb", "a\0b", 'a"; DROP', "%2E"]
HOSTILE += ["llama|case_2", "\ud800"]


@pytest.mark.parametrize("partition", HOSTILE)
def test_any_text_may_name_a_partition(store: TableStore, tmp_path: Path, partition: str) -> None:
    keys = [TableKey("models", "trees", name) for name in (partition, "all")]
    for number, key in enumerate(keys):
        store.write(key, pd.DataFrame({"n": [number]}))
    assert [store.read(key)["n"].tolist() for key in keys] == [[0], [1]]
    assert sorted(store.read(TableKey("models", "trees"))["n"]) == [0, 1]
    assert list(store.current_versions()) == [TableKey("models", "trees")]
    folder = tmp_path / "tables" / "models" / "trees"
    assert len(list(folder.iterdir())) == 2
    assert {path.parent.parent for path in tmp_path.rglob("*.parquet") if path.is_file()} == {folder}


@settings(max_examples=40, deadline=None)
@given(st.text(st.characters(), min_size=1, max_size=20))
def test_a_partition_keeps_its_name_and_its_place(partition: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        store = TableStore(UPath(folder))
        store.write(TableKey("models", "trees", partition), ONE)
        (part,) = store._parts(TableKey("models", "trees"))
        assert part.partition == partition
        assert store.location(part).parent == UPath(folder) / "tables" / "models" / "trees"


@pytest.mark.parametrize("partition", ["", "x" * 256, "/" * 90])
def test_a_partition_without_a_name_or_with_too_long_a_one_is_refused(partition: str) -> None:
    with pytest.raises(TableError, match="none or too many for the name of a folder"):
        TableKey("models", "trees", partition)


@pytest.mark.parametrize("name", ["", "..", "a/b", 'a"; DROP TABLE x; --', "a\n", "a b"])
def test_a_table_has_a_plain_name(name: str) -> None:
    for group, table in ((name, "trees"), ("models", name)):
        with pytest.raises(TableError, match="cannot name a table"):
            TableKey(group, table)


def test_a_missing_table_is_named(store: TableStore) -> None:
    with pytest.raises(TableError, match=r"no table metrics\.scores"):
        store.read(KEY)


def write_and_be_killed(
    store: TableStore, frame: pd.DataFrame, monkeypatch: pytest.MonkeyPatch, *, at_manifest: bool
) -> None:
    replace = Path.replace

    def killed(source: Path, target: Path) -> Path:
        if at_manifest == (target.name == "current.json"):
            raise KeyboardInterrupt
        return replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(Path, "replace", killed)
        with pytest.raises(KeyboardInterrupt):
            store.write(KEY, frame)


@pytest.mark.parametrize("kill_at", ["data", "manifest"])
def test_a_killed_write_leaves_the_old_version_readable(
    store: TableStore, monkeypatch: pytest.MonkeyPatch, kill_at: str
) -> None:
    store.write(KEY, ONE)
    write_and_be_killed(store, TWO, monkeypatch, at_manifest=kill_at == "manifest")
    pd.testing.assert_frame_equal(store.read(KEY), ONE)
    store.write(KEY, TWO)
    pd.testing.assert_frame_equal(store.read(KEY), TWO)


def test_a_file_is_never_half_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = UPath(tmp_path / "model.ubj")
    blobs.write_bytes(path, b"old")

    def full_disk(_: int) -> None:
        raise OSError("no space left on device")

    monkeypatch.setattr(os, "fsync", full_disk)
    with pytest.raises(OSError, match="no space"):
        blobs.write_bytes(path, b"new and longer")
    assert path.read_bytes() == b"old"
    assert [file.name for file in tmp_path.iterdir()] == ["model.ubj"]


def test_old_versions_are_forgotten(store: TableStore, monkeypatch: pytest.MonkeyPatch) -> None:
    def versions() -> int:
        return len([f for f in store.location(KEY).iterdir() if f.name.endswith(".parquet")])

    for _ in range(6):
        store.write(KEY, ONE)
    assert versions() == 6  # somebody may be about to name or to read one of them
    monkeypatch.setattr(tables, "_YOUNG", timedelta(0))
    store.write(KEY, ONE)
    assert versions() == 3


def test_a_version_survives_others_that_come_between_it_and_its_manifest(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    write, others = blobs.write_bytes, [TWO] * 5

    def crowded(path: UPath, data: bytes) -> None:
        while path.name == "current.json" and others:
            store.write(KEY, others.pop())
        write(path, data)

    monkeypatch.setattr(tables, "write_bytes", crowded)
    store.write(KEY, ONE)
    pd.testing.assert_frame_equal(store.read(KEY), ONE)


def test_what_a_table_held_before_it_changed_is_found_however_often_it_is_written(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(tables, "_YOUNG", timedelta(0))
    assert store.read_previous(KEY) is None
    store.write(KEY, ONE)
    assert store.read_previous(KEY) is None
    for _ in range(5):
        store.write(KEY, TWO)
    previous = store.read_previous(KEY)
    assert previous is not None
    pd.testing.assert_frame_equal(previous, ONE)
    store.write(KEY, ONE)
    assert len(store.read_previous(KEY)) == len(TWO)  # type: ignore[arg-type]


def test_a_version_that_a_killed_write_left_is_not_the_previous_one(
    store: TableStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    store.write(KEY, ONE)
    store.write(KEY, TWO)
    write_and_be_killed(store, ONE.assign(value=0.7), monkeypatch, at_manifest=True)
    assert store.read_previous(KEY)["value"].tolist() == [0.5]  # type: ignore[index]


def test_content_hash_depends_on_content_alone() -> None:
    assert content_sha256(ONE) == content_sha256(ONE.copy())
    assert content_sha256(ONE) != content_sha256(ONE.assign(value=0.6))
    assert content_sha256(ONE) != content_sha256(ONE.rename(columns={"value": "mae"}))
