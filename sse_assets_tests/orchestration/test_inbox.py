"""From the folder to the blob root: nothing lost, nothing read that should not be."""

import os
import shutil
from pathlib import Path

import dagster as dg
import pytest
from upath import UPath

from sse_assets.orchestration import inbox as module
from sse_assets.orchestration.inbox import (
    LISTING_METADATA,
    MAX_FILE_BYTES,
    dropped_files,
    has_news,
    inbox_sensor,
    take_in,
)
from sse_assets.orchestration.settings import Settings
from sse_assets_tests.environment import settings_with
from sse_assets_tests.memory import measured

READER = dg.AssetKey(["raw", "inbox_measurements"])


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    settings = settings_with(SSE_HOME=tmp_path)
    settings.inbox.mkdir()
    return settings


def taken(settings: Settings) -> dict[str, bytes | str | None]:
    """What a step reads: content, or why there is none, by path."""
    take_in(settings.inbox, settings.blob_root)
    files, _ = dropped_files(settings.blob_root)
    return {file.path: file.refused if content is None else content for file, content in files}


def test_files_are_read_as_they_lie_there_now(settings: Settings) -> None:
    (settings.inbox / "lab").mkdir()
    (settings.inbox / "lab" / "a.csv").write_bytes(b"one")
    (settings.inbox / "b.csv").write_bytes(b"two")
    for hidden in (".DS_Store", "~$b.xlsx"):
        (settings.inbox / hidden).write_bytes(b"x")
    assert taken(settings) == {"b.csv": b"two", "lab/a.csv": b"one"}
    (settings.inbox / "b.csv").write_bytes(b"corrected")
    shutil.rmtree(settings.inbox / "lab")
    assert taken(settings) == {"b.csv": b"corrected"}


def test_what_was_once_dropped_is_kept(settings: Settings) -> None:
    (settings.inbox / "a.csv").write_bytes(b"one")
    taken(settings)
    (settings.inbox / "a.csv").unlink()
    assert taken(settings) == {}
    copies = [path.read_bytes() for path in (settings.blob_root / "inbox").iterdir()]
    assert b"one" in copies


def test_a_folder_that_is_gone_withdraws_nothing(settings: Settings) -> None:
    (settings.inbox / "a.csv").write_bytes(b"one")
    taken(settings)
    shutil.rmtree(settings.inbox)
    assert take_in(settings.inbox, settings.blob_root) is None
    assert taken(settings) == {"a.csv": b"one"}


def test_links_pipes_and_giants_are_named_and_not_read(settings: Settings, tmp_path: Path) -> None:
    secret = tmp_path / "secret"
    secret.mkdir()
    (secret / "key.csv").write_text("secret")
    (settings.inbox / "link.csv").symlink_to(secret / "key.csv")
    (settings.inbox / "folder").symlink_to(secret)
    os.mkfifo(settings.inbox / "pipe.csv")
    with (settings.inbox / "giant.cif").open("wb") as file:
        file.truncate(2**30)  # 1 GB that takes no room on the disk
    found, peak = measured(lambda: taken(settings))
    assert peak < 5e6
    assert found == {
        "link.csv": "is a link: put the file itself here",
        "folder": "is a link: put the file itself here",
        "pipe.csv": "is not a plain file",
        "giant.cif": f"has {2**30} bytes, more than {MAX_FILE_BYTES}: divide it",
    }


def test_the_sensor_asks_once_for_each_change(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(module, "_SETTLED_S", 0.0)
    sensor = inbox_sensor(settings, [READER])
    with dg.DagsterInstance.ephemeral() as instance:
        context = dg.build_sensor_context(instance)

        def look() -> bool:
            request = sensor(context)
            asked = isinstance(request, dg.RunRequest)
            if asked:
                assert int(request.tags["dagster/priority"]) < 0  # a run of a person goes before it
                _, listing = dropped_files(settings.blob_root)
                assert has_news(instance, READER, listing)
                made = dg.AssetMaterialization(READER, metadata={LISTING_METADATA: listing})
                instance.report_runless_asset_event(made)
            return asked

        assert [look(), look()] == [True, False]  # an empty inbox is read too: its tables exist from then on
        (settings.inbox / "a.csv").write_text("one")
        assert [look(), look()] == [True, False]
        (settings.inbox / "a.csv").write_text("two")
        assert [look(), look()] == [True, False]
        (settings.inbox / "a.csv").touch()
        assert look() is False  # what it says has not changed
        (settings.inbox / "a.csv").unlink()
        assert [look(), look()] == [True, False]


def test_a_file_on_its_way_is_waited_for(settings: Settings) -> None:
    (settings.inbox / "a.csv").write_text("half a")
    with dg.DagsterInstance.ephemeral() as instance:
        asked = inbox_sensor(settings, [READER])(dg.build_sensor_context(instance))
    assert isinstance(asked, dg.SkipReason)
    assert "still be on its way" in str(asked.skip_message)


def test_a_store_that_holds_no_listing_is_an_empty_inbox(tmp_path: Path) -> None:
    assert dropped_files(UPath(tmp_path))[0] == []
