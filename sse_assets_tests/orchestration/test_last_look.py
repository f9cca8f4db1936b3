"""A look that can be saved, and every change after which it cannot."""

import os
import sqlite3
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.orchestration.dagster_home import create_dagster_home
from sse_assets.orchestration.last_look import fingerprint, is_as_it_was, remember
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.environment import settings_with


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    (tmp_path / "home" / "inbox").mkdir(parents=True)
    (tmp_path / "mirror").mkdir()
    settings = settings_with(SSE_HOME=tmp_path / "home", SSE_DATA_MIRROR=tmp_path / "mirror")
    create_dagster_home(settings.dagster_home)
    return settings


def drop_a_file(settings: Settings) -> None:
    (settings.inbox / "lab.csv").write_text("id,formula,conductivity_s_cm\n")


def change_the_mirror(settings: Settings) -> None:
    assert settings.data_mirror is not None
    (settings.data_mirror / "all.csv").write_text("")


def write_a_table(settings: Settings) -> None:
    folder = Path(settings.blob_root.path) / "tables" / "metrics"
    folder.mkdir(parents=True)
    (folder / "current.json").write_text("{}")


def make_an_asset(settings: Settings) -> None:
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.report_runless_asset_event(dg.AssetMaterialization("table"))


def add_a_partition(settings: Settings) -> None:
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.add_dynamic_partitions("compositions", ["Li3N"])


def start_a_run(settings: Settings) -> None:
    with dg.DagsterInstance.from_config(str(settings.dagster_home)) as instance:
        instance.create_run_for_job(dg.job(name="empty")(lambda: None))


@pytest.mark.parametrize(
    "change",
    [drop_a_file, change_the_mirror, write_a_table, make_an_asset, add_a_partition, start_a_run],
)
def test_after_a_change_a_run_looks_again(settings: Settings, change: Callable[[Settings], None]) -> None:
    remember(settings, fingerprint(settings))
    assert is_as_it_was(settings, fingerprint(settings))
    change(settings)
    assert not is_as_it_was(settings, fingerprint(settings))


def test_after_a_change_of_the_code_a_run_looks_again(
    settings: Settings, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    package = tmp_path / "sse_assets"
    package.mkdir()
    module = package / "__init__.py"
    module.write_text("")
    monkeypatch.setattr("sse_assets.__file__", str(module))
    remember(settings, fingerprint(settings))
    os.utime(module, (1, 1))
    assert not is_as_it_was(settings, fingerprint(settings))


def test_what_cannot_be_read_saves_no_look(settings: Settings, tmp_path: Path) -> None:
    with sqlite3.connect(settings.dagster_home / "history" / "runs.db") as storage:
        storage.execute("DROP TABLE runs")
    remember(settings, fingerprint(settings))
    assert fingerprint(settings) is None
    assert not is_as_it_was(settings, fingerprint(settings))
    elsewhere = settings_with(SSE_HOME=settings.home, SSE_BLOB_ROOT="memory://blobs")
    assert fingerprint(elsewhere) is None
