"""Room that a home takes on its disk or in its object store, by folder."""

from collections import Counter

from fsspec.implementations.local import LocalFileSystem

from sse_assets.orchestration.blobs import is_remote
from sse_assets.orchestration.settings import Settings


def room_taken(settings: Settings) -> dict[str, int]:
    """Return the bytes in each folder of the home and of the blob root, the largest first.

    Folders of the blob root are named `blobs/…`, wherever it is.
    """
    home, blob_root = str(settings.home), settings.blob_root
    taken: Counter[str] = Counter()
    for path, found in LocalFileSystem().find(home, detail=True).items():
        if is_remote(blob_root) or not path.startswith(f"{blob_root.path}/"):
            taken[path.removeprefix(f"{home}/").partition("/")[0]] += found["size"]
    root = blob_root.path.rstrip("/")
    for path, found in blob_root.fs.find(root, detail=True).items():
        taken["blobs/" + path.removeprefix(f"{root}/").partition("/")[0]] += found["size"]
    return dict(taken.most_common())
