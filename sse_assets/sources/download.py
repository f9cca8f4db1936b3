"""Getting an upstream file: from a mirror, the cache or the network, and never one with another hash."""

from pathlib import Path

import pooch
import requests

from sse_assets.sources.columns import SourceError, UnreachableError
from sse_assets.sources.registry import RemoteFile

_TIMEOUT_S = 30
"""Longest silence of the server, in seconds, before an attempt counts as failed."""

_RETRIES = 3
"""Attempts after the first; pooch waits 1, 2, 3 … seconds between them."""


def fetch(file: RemoteFile, *, mirror: Path | None, cache: Path) -> Path:
    """A local path of `file`, its SHA-256 checked whichever way it came.

    A mirror that holds the file wins, then the cache; otherwise the file is downloaded into the cache.

    Raises:
        UnreachableError: if the file cannot be downloaded.
        SourceError: if the file found or downloaded has another hash.
    """
    if mirror is not None and (mirror / file.mirror_path).is_file():
        remedy = "replace it, or unset SSE_DATA_MIRROR to download it"
        return _verified(mirror / file.mirror_path, file.sha256, remedy)
    cached = cache / file.mirror_path
    if cached.is_file():
        return _verified(cached, file.sha256, "delete it, and the next run downloads it again")

    store = pooch.create(
        path=cache,
        base_url="",
        registry={file.mirror_path: file.sha256},
        urls={file.mirror_path: file.url},
        retry_if_failed=_RETRIES,
    )
    try:
        return Path(store.fetch(file.mirror_path, downloader=pooch.HTTPDownloader(timeout=_TIMEOUT_S)))
    except requests.RequestException as error:
        answer = error.response
        reason = type(error).__name__ if answer is None else f"the answer was {answer.status_code}"
        raise UnreachableError(
            f"cannot download {file.mirror_path} from {file.url} ({reason}): check the network, or set "
            "SSE_DATA_MIRROR to a folder that holds it"
        ) from error
    except ValueError as error:  # pooch's word for a wrong hash; its first sentence gives both hashes
        detail = str(error).split(". ")[0]
        raise SourceError(
            f"{file.url} did not give the expected {file.mirror_path} ({detail}): try again, or set "
            "SSE_DATA_MIRROR to a folder that holds it"
        ) from error


def _verified(path: Path, sha256: str, remedy: str) -> Path:
    found = pooch.file_hash(str(path), alg="sha256")
    if found != sha256:
        raise SourceError(f"{path} is damaged or another version (SHA-256 {found}, not {sha256}): {remedy}")
    return path
