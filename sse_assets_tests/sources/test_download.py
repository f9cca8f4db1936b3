import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from sse_assets.sources import download
from sse_assets.sources.columns import SourceError
from sse_assets.sources.download import fetch
from sse_assets.sources.registry import ALL_FILES, RemoteFile
from sse_assets_tests.sources.conftest import LocalServer

CONTENT = b"ID\nabc\n"
SHA256 = hashlib.sha256(CONTENT).hexdigest()


def remote(server: LocalServer) -> RemoteFile:
    return RemoteFile("some/ids.csv", f"{server.url}/ids.csv", SHA256, "CC BY 4.0", "nobody")


def put(folder: Path, content: bytes) -> Path:
    path = folder / "some" / "ids.csv"
    path.parent.mkdir(parents=True)
    path.write_bytes(content)
    return path


def test_a_download_is_cached_and_not_repeated(server: LocalServer, tmp_path: Path) -> None:
    server.respond = lambda path, query: (200, CONTENT)
    first = fetch(remote(server), mirror=None, cache=tmp_path)
    assert first.read_bytes() == CONTENT
    assert fetch(remote(server), mirror=None, cache=tmp_path) == first
    assert [path for path, _ in server.requests] == ["/ids.csv"]


def test_the_mirror_is_tried_before_cache_and_network(server: LocalServer, tmp_path: Path) -> None:
    in_mirror = put(tmp_path / "mirror", CONTENT)
    put(tmp_path / "cache", b"older")
    assert fetch(remote(server), mirror=tmp_path / "mirror", cache=tmp_path / "cache") == in_mirror
    assert server.requests == []


def test_a_mirror_without_the_file_is_passed_over(server: LocalServer, tmp_path: Path) -> None:
    in_cache = put(tmp_path / "cache", CONTENT)
    assert fetch(remote(server), mirror=tmp_path / "mirror", cache=tmp_path / "cache") == in_cache


@pytest.mark.parametrize(
    ("place", "remedy"),
    [("mirror", "unset SSE_DATA_MIRROR"), ("cache", "delete it")],
    ids=["mirror", "cache"],
)
def test_a_damaged_file_is_named_with_both_hashes_and_a_remedy(
    server: LocalServer, tmp_path: Path, place: str, remedy: str
) -> None:
    damaged = put(tmp_path / place, CONTENT[:-2])
    with pytest.raises(SourceError) as error:
        fetch(remote(server), mirror=tmp_path / "mirror", cache=tmp_path / "cache")
    found = hashlib.sha256(CONTENT[:-2]).hexdigest()
    for part in (str(damaged), found, SHA256, remedy):
        assert part in str(error.value)
    assert server.requests == []


def test_a_download_with_another_hash_is_refused_and_not_kept(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_RETRIES", 0)
    server.respond = lambda path, query: (200, b"<html>not the file</html>")
    with pytest.raises(SourceError, match="did not give the expected") as error:
        fetch(remote(server), mirror=None, cache=tmp_path)
    assert SHA256 in str(error.value)
    assert hashlib.sha256(b"<html>not the file</html>").hexdigest() in str(error.value)
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == []


def test_a_failing_server_is_asked_again(server: LocalServer, tmp_path: Path) -> None:
    server.respond = lambda path, query: (200, CONTENT) if len(server.requests) > 1 else (503, b"")
    assert fetch(remote(server), mirror=None, cache=tmp_path).read_bytes() == CONTENT


def test_no_network_is_one_sentence_with_the_address_and_the_remedy(
    server: LocalServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(download, "_RETRIES", 0)
    file = remote(server)
    where = rf"cannot download some/ids\.csv from {file.url}"
    with pytest.raises(SourceError, match=rf"{where} \(the answer was 404\): .* set SSE_DATA_MIRROR"):
        fetch(file, mirror=None, cache=tmp_path)
    nowhere = replace(file, url="http://127.0.0.1:9/ids.csv")
    with pytest.raises(
        SourceError, match=r"from http://127.0.0.1:9/ids.csv \(ConnectionError\): check the network"
    ):
        fetch(nowhere, mirror=None, cache=tmp_path)


def test_every_registered_file_is_the_one_in_the_mirror(data_mirror: Path, tmp_path: Path) -> None:
    for file in ALL_FILES:
        assert fetch(file, mirror=data_mirror, cache=tmp_path) == data_mirror / file.mirror_path
