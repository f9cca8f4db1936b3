"""Public data: the mirror, the cache of downloads, and the servers."""

from collections.abc import Iterable
from urllib.parse import urlsplit

import pooch
import requests

from sse_assets.doctor.findings import Finding, broken, good, limited
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.sources import optimade, recorded
from sse_assets.sources.registry import ALL_FILES

_TIMEOUT_S = 2.0
_WITHOUT_OBELIX = "the sample; not DATASET=obelix"


def files(settings: Settings) -> list[Finding]:
    """Look whether the files of OBELiX and LiIon are here, with the right hashes."""
    findings, absent = [], []
    for file in ALL_FILES:
        places = [settings.downloads / file.mirror_path]
        if settings.data_mirror:
            places.insert(0, settings.data_mirror / file.mirror_path)
        found = next((place for place in places if place.is_file()), None)
        if found is None:
            absent.append(file.mirror_path)
        elif pooch.file_hash(str(found), alg="sha256") != file.sha256:
            wrong = broken if settings.dataset is Dataset.OBELIX else limited
            remedy = "replace it, or unset SSE_DATA_MIRROR"
            if found == places[-1]:
                remedy = "delete it, and it is downloaded again"
            findings.append(wrong(f"{found} is damaged or another version", _WITHOUT_OBELIX, remedy))
    if absent:
        findings.append(
            limited(
                f"not on this machine: {', '.join(absent)}",
                "the sample; with a network DATASET=obelix too, which downloads them",
                "set SSE_DATA_MIRROR to a folder with them",
            )
        )
    return findings or [good(f"OBELiX and LiIon: {len(ALL_FILES)} files with the right hashes")]


def reference_structures(settings: Settings) -> Finding:
    """Look whether structures of databases are recorded here."""
    mirror = settings.data_mirror
    if mirror and (mirror / recorded.FOLDER / recorded.INDEX).is_file():
        return good(f"reference structures are recorded in {mirror / recorded.FOLDER}")
    return limited(
        "no recorded reference structures",
        "the sample; with a network DATASET=obelix too, which asks OPTIMADE for them",
        f"set SSE_DATA_MIRROR to a folder with {recorded.FOLDER}/",
    )


def network(urls: Iterable[str] | None = None) -> list[Finding]:
    """Look whether the servers answer at all."""
    if urls is None:
        providers = (optimade.MATERIALS_PROJECT, optimade.OQMD)
        urls = [ALL_FILES[0].url, *(provider.base_url for provider in providers), "https://huggingface.co"]
    findings = []
    for url in urls:
        host = urlsplit(url).netloc
        try:
            requests.head(url, timeout=_TIMEOUT_S)
        except requests.RequestException as error:
            findings.append(
                limited(
                    f"{host} does not answer ({type(error).__name__})",
                    "all that is on this machine already",
                    "check the network and the proxy",
                )
            )
        else:
            findings.append(good(f"{host} answers"))
    return findings
