"""Backup of a home, and its restoration at another place."""

import io
import itertools
import json
import re
import shutil
import tarfile
import threading
from collections.abc import Callable
from datetime import datetime
from pathlib import Path

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster._core.definitions.data_version import extract_data_version_from_entry
from upath import UPath

from sse_assets.orchestration import backup as module
from sse_assets.orchestration.backup import BackupError, back_up, restore
from sse_assets.orchestration.dagster_home import create_storage
from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.staleness import stale_partitions
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets_tests.environment import settings_with

PARTITIONS = dg.DynamicPartitionsDefinition(name="compositions")
COUNTER = itertools.count()
SOURCE = TableKey("raw", "source")
TRAINED = TableKey("models", "trained")


def settings_of(home: Path, **environment: str) -> Settings:
    return settings_with(SSE_HOME=home, **environment)


def assets() -> list[dg.AssetsDefinition]:
    @dg.asset(key=["raw", "source"], code_version="1")
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"n": [next(COUNTER), 0]}))

    @dg.asset(
        key=["models", "trained"],
        ins={"source": dg.AssetIn(["raw", "source"])},
        partitions_def=PARTITIONS,
        code_version="1",
    )
    def trained(
        context: dg.AssetExecutionContext, source: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(source.assign(partition=context.partition_key))

    return [source, trained]


def instance_of(settings: Settings) -> dg.DagsterInstance:
    return dg.DagsterInstance.from_config(str(settings.dagster_home))


def make(settings: Settings, *names: str, partition: str | None = None) -> dg.ExecuteInProcessResult:
    with instance_of(settings) as instance:
        return dg.materialize(
            assets(),
            selection=[dg.AssetKey(name.split(".")) for name in names],
            partition_key=partition,
            instance=instance,
            resources={"io_manager": TableIOManager(settings, {})},
        )


@pytest.fixture(scope="module")
def made_once(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Make a home with the files that a run, a person and a killed search leave there."""
    settings = settings_of(tmp_path_factory.mktemp("made") / "home")
    settings.dagster_home.mkdir(parents=True)
    create_storage(settings.dagster_home)
    (settings.dagster_home / "dagster.yaml").write_text("telemetry: {enabled: false}\n")
    with instance_of(settings) as instance:
        instance.add_dynamic_partitions("compositions", ["Li3N", "a/b"])
    make(settings, "raw.source")
    for partition in ("Li3N", "a/b"):
        make(settings, "models.trained", partition=partition)
    for path in ("inbox/lab.csv", "downloads/obelix/all.csv", "working/search/journal.jsonl"):
        (settings.home / path).parent.mkdir(parents=True, exist_ok=True)
        (settings.home / path).write_text(path)
    return settings.home


@pytest.fixture
def settings(made_once: Path, tmp_path: Path) -> Settings:
    shutil.copytree(made_once, tmp_path / "home")
    return settings_of(tmp_path / "home")


def contents(home: Path) -> dict[str, bytes]:
    """Return every file that is no database and no copy."""
    left_out = re.compile(r"\.duckdb|\.db|^dagster\.yaml$")
    files = [path for path in home.rglob("*") if path.is_file() and not left_out.search(path.name)]
    return {path.relative_to(home).as_posix(): path.read_bytes() for path in files}


def moved(settings: Settings, tmp_path: Path) -> Settings:
    """Back up, lose the home, and return the settings of the home restored at another place."""
    back_up(settings, tmp_path / "copy.tar.gz")
    settings.home.rename(tmp_path / "lost")
    there = settings_of(tmp_path / "elsewhere" / "home")
    restore(there, tmp_path / "copy.tar.gz")
    return there


def test_a_restored_home_is_the_same_at_another_place(settings: Settings, tmp_path: Path) -> None:
    before = contents(settings.home)
    with instance_of(settings) as instance:
        runs = {run.run_id for run in instance.get_runs()}
    there = moved(settings, tmp_path)
    assert contents(there.home) == before
    graph = dg.Definitions(assets=assets()).resolve_asset_graph()
    with instance_of(there) as instance:
        assert {run.run_id for run in instance.get_runs()} == runs
        assert instance.get_dynamic_partitions("compositions") == ["Li3N", "a/b"]
        assert stale_partitions(graph, instance) == {}
        for run_id in runs:
            assert instance.all_logs(run_id, of_type=dg.DagsterEventType.RUN_SUCCESS)
    trained = TableStore(there.blob_root).read(TRAINED)
    assert trained["partition"].tolist() == ["Li3N"] * 2 + ["a/b"] * 2
    with duckdb.connect(str(there.warehouse), read_only=True) as warehouse:
        pd.testing.assert_frame_equal(warehouse.execute("FROM models.trained").df(), trained)
    # And it goes on from there.
    with instance_of(there) as instance:
        instance.add_dynamic_partitions("compositions", ["c"])
    assert make(there, "models.trained", partition="c").success
    assert len(TableStore(there.blob_root).read(TRAINED)) == 6
    assert [path.name for path in there.home.parent.iterdir()] == ["home"]


def test_a_copy_taken_while_runs_go_on_holds_what_it_says_was_made(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(module, "_PAUSE_S", 0.05)
    stop = threading.Event()

    def go_on() -> None:
        while not stop.is_set():
            make(settings, "raw.source")
            stop.wait(0.3)

    runs = threading.Thread(target=go_on)
    runs.start()
    try:
        copies = [settings_of(tmp_path / f"copy_{number}") for number in range(3)]
        for copy in copies:
            back_up(settings, tmp_path / f"{copy.home.name}.tar.gz")
            restore(copy, tmp_path / f"{copy.home.name}.tar.gz")
    finally:
        stop.set()
        runs.join()
    for copy in copies:
        store = TableStore(copy.blob_root)
        version = store.version(SOURCE)
        assert version is not None
        with instance_of(copy) as instance:
            (made,) = instance.fetch_materializations(dg.AssetKey(["raw", "source"]), limit=1).records
        recorded = extract_data_version_from_entry(made.event_log_entry)
        # Or a step had just written its table and was about to say so, as if it had been killed there.
        just_written = datetime.fromisoformat(version.written_at).timestamp() > made.timestamp
        assert recorded == dg.DataVersion(content_sha256(store.read(SOURCE))) or just_written


def test_databases_and_tables_are_of_one_moment(
    settings: Settings, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    store, copy, late = TableStore(settings.blob_root), module._copy_database, [3, 2]

    def copy_and_be_overtaken(database: Path, place: Path) -> bool:
        if database.name == "index.db" and late:
            store.write(SOURCE, pd.DataFrame({"n": [late.pop()]}))
        return copy(database, place)

    monkeypatch.setattr(module, "_copy_database", copy_and_be_overtaken)
    monkeypatch.setattr(module, "_PAUSE_S", 0.0)
    back_up(settings, tmp_path / "copy.tar.gz")
    assert late == []  # it was overtaken twice and began again
    there = settings_of(tmp_path / "there")
    restore(there, tmp_path / "copy.tar.gz")
    assert TableStore(there.blob_root).read(SOURCE)["n"].tolist() == [3]

    late.extend(range(100))
    with pytest.raises(BackupError, match="tables change faster than they can be copied"):
        back_up(settings, tmp_path / "other.tar.gz")
    assert not (tmp_path / "other.tar.gz").exists()


def test_a_run_that_was_going_on_has_failed_in_the_restored_home(settings: Settings, tmp_path: Path) -> None:
    with instance_of(settings) as instance:
        job = dg.Definitions(assets=assets()[:1], jobs=[dg.define_asset_job("all")]).resolve_job_def("all")
        run = instance.create_run_for_job(job)
        instance.report_run_canceling(instance.get_run_by_id(run.run_id) or run)
    there = moved(settings, tmp_path)
    with instance_of(there) as instance:
        status = instance.get_runs(dg.RunsFilter(run_ids=[run.run_id]))[0].status
    assert status is dg.DagsterRunStatus.FAILURE


def test_blobs_in_a_bucket_and_runs_in_a_server_are_named_and_not_copied(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "home", SSE_BLOB_ROOT="memory://bucket/sse")
    (settings.home / "inbox").mkdir(parents=True)
    made = back_up(settings, tmp_path / "copy.tar.gz")
    blobs, runs = made.label.elsewhere
    assert blobs.startswith("Tables and files lie in memory://bucket/sse and are not part of it")
    assert "pg_dump" in runs
    there = settings_of(tmp_path / "there", SSE_BLOB_ROOT="memory://bucket/sse")
    assert restore(there, tmp_path / "copy.tar.gz").label.elsewhere == [blobs, runs]


def test_blobs_outside_the_home_come_back_below_it(settings: Settings, tmp_path: Path) -> None:
    settings.blob_root.rename(UPath(tmp_path / "large_disk"))
    apart = settings_of(settings.home, SSE_BLOB_ROOT=str(tmp_path / "large_disk"))
    back_up(apart, tmp_path / "copy.tar.gz")
    there = settings_of(tmp_path / "there")
    with pytest.raises(BackupError, match="lies outside SSE_HOME: unset it"):
        restore(settings_of(tmp_path / "there", SSE_BLOB_ROOT=str(tmp_path / "x")), tmp_path / "copy.tar.gz")
    restore(there, tmp_path / "copy.tar.gz")
    assert len(TableStore(there.blob_root).read(TRAINED)) == 4


def test_links_are_left_out_and_named(settings: Settings, tmp_path: Path) -> None:
    (settings.inbox / "link.csv").symlink_to(tmp_path / "secret")
    made = back_up(settings, tmp_path / "copy.tar.gz")
    assert made.skipped == [str(settings.inbox / "link.csv")]


@pytest.mark.parametrize(
    ("spoil", "place", "message"),
    [
        (lambda s: shutil.rmtree(s.home), "copy.tar.gz", "there is no .* to back up: set SSE_HOME"),
        (
            lambda s: (s.home.parent / "copy.tar.gz").touch(),
            "copy.tar.gz",
            "there already: choose another name",
        ),
        (lambda s: None, "home/copy.tar.gz", "choose a place outside SSE_HOME"),
    ],
)
def test_a_backup_that_cannot_be_made_is_one_sentence(
    settings: Settings, tmp_path: Path, spoil: Callable[[Settings], object], place: str, message: str
) -> None:
    spoil(settings)
    with pytest.raises(BackupError, match=message):
        back_up(settings, tmp_path / place)


def test_a_home_with_something_in_it_is_not_written_over(settings: Settings, tmp_path: Path) -> None:
    back_up(settings, tmp_path / "copy.tar.gz")
    before = contents(settings.home)
    with pytest.raises(BackupError, match="is not empty, and nothing is written over"):
        restore(settings, tmp_path / "copy.tar.gz")
    assert contents(settings.home) == before
    (tmp_path / "empty").mkdir()
    restore(settings_of(tmp_path / "empty"), tmp_path / "copy.tar.gz")
    assert contents(tmp_path / "empty") == before


LABEL = json.dumps({"format": 1, "made_at": "then", "elsewhere": []}).encode()


def archive(path: Path, *members: tarfile.TarInfo, label: bytes | None = LABEL) -> Path:
    with tarfile.open(path, "w:gz") as tar:
        if label is not None:
            info = tarfile.TarInfo("backup.json")
            info.size = len(label)
            tar.addfile(info, io.BytesIO(label))
        for info in members:
            tar.addfile(info, io.BytesIO(b"x" * info.size))
    return path


def member(name: str, kind: bytes = tarfile.REGTYPE, size: int = 0, target: str = "") -> tarfile.TarInfo:
    info = tarfile.TarInfo(name)
    info.type, info.size, info.linkname = kind, size, target
    return info


@pytest.mark.parametrize(
    ("evil", "reason"),
    [
        (member("../evil", size=1), "leads out of the archive"),
        (member("inbox/../../evil", size=1), "leads out of the archive"),
        (member("/tmp/evil", size=1), "leads out of the archive"),
        (member("inbox/link", tarfile.SYMTYPE, target="/etc"), "is not a plain file"),
        (member("inbox/link", tarfile.LNKTYPE, target="backup.json"), "is not a plain file"),
        (member("inbox/device", tarfile.CHRTYPE), "is not a plain file"),
        (member("inbox/pipe", tarfile.FIFOTYPE), "is not a plain file"),
        (member("inbox/good", size=1), "comes twice"),
    ],
)
def test_an_archive_that_no_backup_wrote_leaves_nothing_behind(
    tmp_path: Path, evil: tarfile.TarInfo, reason: str
) -> None:
    path = archive(tmp_path / "evil.tar.gz", member("inbox/good", size=1), evil)
    with pytest.raises(BackupError, match=reason) as error:
        restore(settings_of(tmp_path / "home"), path)
    assert repr(evil.name) in str(error.value)
    assert list(tmp_path.iterdir()) == [path]


def test_an_archive_that_would_fill_the_disk_is_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = archive(tmp_path / "bomb.tar.gz", member("inbox/a", size=2000), member("inbox/b", size=2000))
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=3000))
    with pytest.raises(BackupError, match="needs more room than there is"):
        restore(settings_of(tmp_path / "home"), path)
    assert list(tmp_path.iterdir()) == [path]


def test_the_settings_of_dagster_in_an_archive_are_not_taken(tmp_path: Path) -> None:
    path = archive(tmp_path / "a.tar.gz", member("dagster/dagster.yaml", size=1), member("inbox/a", size=1))
    restore(settings_of(tmp_path / "home"), path)
    assert (tmp_path / "home" / "inbox" / "a").is_file()
    assert not (tmp_path / "home" / "dagster").exists()


@pytest.mark.parametrize(
    ("label", "message"),
    [
        (None, "was not written by"),
        (b"[]", "was not written by"),
        (b'{"format": 99, "made_at": "", "elsewhere": []}', "format 99 of another version"),
    ],
)
def test_another_archive_is_told_from_a_backup(tmp_path: Path, label: bytes | None, message: str) -> None:
    path = archive(tmp_path / "a.tar.gz", member("inbox/a", size=1), label=label)
    with pytest.raises(BackupError, match=message):
        restore(settings_of(tmp_path / "home"), path)


def test_an_archive_cut_short_restores_nothing(settings: Settings, tmp_path: Path) -> None:
    whole = tmp_path / "copy.tar.gz"
    back_up(settings, whole)
    there = settings_of(tmp_path / "there")
    for content in (whole.read_bytes()[:-20], b"<html>404</html>", b""):
        whole.write_bytes(content)
        with pytest.raises(BackupError, match="is not a whole archive"):
            restore(there, whole)
        assert not there.home.exists()
    with pytest.raises(BackupError, match="is not there"):
        restore(there, tmp_path / "absent.tar.gz")
