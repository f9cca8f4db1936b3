import shutil
import time
from pathlib import Path

import duckdb
import pytest
from upath import UPath

from sse_assets.doctor import storage
from sse_assets.doctor.findings import Mark
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.environment import settings_with
from sse_assets_tests.orchestration.test_object_store import settings as bucket
from sse_assets_tests.orchestration.test_warehouse import open_in_another_process
from sse_assets_tests.services.object_store import aws_variables

__all__ = ["bucket"]  # a fixture


def settings_of(home: Path) -> Settings:
    return settings_with(SSE_HOME=home)


def test_a_home_that_is_made_by_the_first_run_is_not_made_by_the_doctor(tmp_path: Path) -> None:
    settings = settings_of(tmp_path / "new" / "home")
    for finding in (
        storage.home(settings),
        storage.blob_root(settings.blob_root),
        storage.warehouse(settings.warehouse),
    ):
        assert finding.mark is Mark.GOOD
    assert list(tmp_path.iterdir()) == []


def test_a_home_that_cannot_be_written(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file" / "home", Path("/proc/no/such/home")):
        finding = storage.home(settings_of(place))
        assert finding.mark is Mark.BROKEN
        assert f"SSE_HOME={place} cannot be written to" in str(finding)
        assert "set SSE_HOME to a folder of your own" in str(finding)
        assert storage.blob_root(UPath(place / "blobs")).mark is Mark.BROKEN


@pytest.mark.parametrize(("free", "mark"), [(1e8, Mark.BROKEN), (5e9, Mark.LIMITED), (1e12, Mark.GOOD)])
def test_room_on_the_disk(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free: float, mark: Mark) -> None:
    usage = shutil.disk_usage(tmp_path)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage._replace(free=int(free)))
    assert storage.disk(settings_of(tmp_path)).mark is mark


def test_a_bucket_that_answers_keeps_nothing(bucket: Settings) -> None:
    finding = storage.blob_root(bucket.blob_root, patience_s=60)
    assert str(finding) == "✓ tables and files can be written, read and removed at s3://electrolytes/sse"
    assert not bucket.blob_root.exists()  # a bucket has no empty folders


def test_a_bucket_that_is_not_there(bucket: Settings) -> None:
    finding = storage.blob_root(UPath("s3://no-such-bucket/sse"), patience_s=60)
    assert finding.mark is Mark.BROKEN
    assert "SSE_BLOB_ROOT=s3://no-such-bucket/sse: cannot be written to" in str(finding)
    assert "check the bucket's name" in str(finding)


def test_an_address_where_nobody_answers_is_not_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in aws_variables("http://127.0.0.1:9").items():
        monkeypatch.setenv(name, value)
    root = UPath("s3://electrolytes/sse", skip_instance_cache=True)
    started = time.monotonic()
    finding = storage.blob_root(root, patience_s=0.5)
    assert time.monotonic() - started < 10
    assert finding.mark is Mark.BROKEN
    assert "AWS_ENDPOINT_URL" in finding.remedy
    assert "a run with SSE_BLOB_ROOT unset" in finding.still_works


def test_a_warehouse_that_a_notebook_holds(tmp_path: Path) -> None:
    warehouse = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(warehouse)).close()
    assert storage.warehouse(warehouse).mark is Mark.GOOD
    with open_in_another_process(warehouse):
        finding = storage.warehouse(warehouse)
    assert finding.mark is Mark.LIMITED
    assert "is held open by python" in str(finding)
    assert "(PID " in str(finding)
    assert "every run; only the SQL copy waits" in str(finding)


def test_a_file_that_is_no_warehouse(tmp_path: Path) -> None:
    (tmp_path / "warehouse.duckdb").write_text("not a database")
    finding = storage.warehouse(tmp_path / "warehouse.duckdb")
    assert finding.mark is Mark.BROKEN
    assert "delete it: it is a copy" in str(finding)
