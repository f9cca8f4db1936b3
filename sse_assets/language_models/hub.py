"""Files of a base model, from a local folder, the hub or the hub's cache."""

import hashlib
import json
from pathlib import Path

from huggingface_hub import snapshot_download
from huggingface_hub.errors import (
    GatedRepoError,
    LocalEntryNotFoundError,
    RepositoryNotFoundError,
    RevisionNotFoundError,
)

from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.settings import LoadSettings

TEXT_FILES = ("*.json", "*.jinja", "tokenizer.model")
"""Configuration and tokenizer: a few MB, enough to check a model before its weights are fetched."""
WEIGHT_FILES = ("model*.safetensors",)
"""Weights; some repositories hold them a second time in their author's own format."""

_MIB = 2**20


def model_folder(base: BaseModel, settings: LoadSettings, *, with_weights: bool) -> Path:
    """Return the local folder with a model's files, after a download if they are not there.

    Raises:
        LanguageModelError: if the folder has no such files; if the model is gated, unknown, or neither within
            reach nor in the cache.
    """
    folder = _local_folder(base, settings)
    if folder is None:
        patterns = TEXT_FILES + WEIGHT_FILES if with_weights else TEXT_FILES
        folder = _download(base.hub_id, settings.revision or base.revision, patterns)
    if not (folder / "config.json").is_file():
        raise LanguageModelError(
            f"{folder} holds no model: config.json is missing; "
            "point local_path at a folder that save_pretrained or a download from the hub has written"
        )
    if with_weights and (missing := _missing_weights(folder)):
        raise LanguageModelError(f"{folder} lacks the weights {missing}: download the model again")
    return folder


def weights_identity(base: BaseModel, settings: LoadSettings) -> str:
    """Return the identity of a set of weights: the commit on the hub, or a hash of a local folder.

    The hash covers the whole configuration and tokenizer. For the weights, which may take minutes to read, it
    covers the size and the first and last MiB of each file.
    """
    folder = _local_folder(base, settings)
    if folder is None:
        return f"{base.hub_id}@{settings.revision or base.revision}"
    digest = hashlib.sha256()
    for pattern in TEXT_FILES + WEIGHT_FILES:
        for file in sorted(folder.glob(pattern)):
            size = file.stat().st_size
            digest.update(f"{file.name} {size}".encode())
            with file.open("rb") as content:
                digest.update(content.read(_MIB if pattern in WEIGHT_FILES else size))
                content.seek(max(size - _MIB, 0))
                digest.update(content.read())
    return digest.hexdigest()


def _local_folder(base: BaseModel, settings: LoadSettings) -> Path | None:
    """Return the folder of a model; None if it comes from the hub."""
    if settings.local_path is not None or base.revision is None:
        return Path(settings.local_path or base.hub_id)
    return None


def _download(hub_id: str, revision: str | None, patterns: tuple[str, ...]) -> Path:
    try:
        return Path(snapshot_download(hub_id, revision=revision, allow_patterns=list(patterns)))
    except GatedRepoError as error:
        raise LanguageModelError(
            f"{hub_id} is gated: accept its licence at https://huggingface.co/{hub_id} and set HF_TOKEN to "
            "a token of that account, or set local_path to a folder with the weights"
        ) from error
    except RevisionNotFoundError as error:
        raise LanguageModelError(
            f"{hub_id} has no revision {revision}: set revision to one of its commits"
        ) from error
    except RepositoryNotFoundError as error:
        raise LanguageModelError(
            f"the hub shows no model {hub_id}: check the name, or set HF_TOKEN if it is private"
        ) from error
    except LocalEntryNotFoundError as error:
        raise LanguageModelError(
            f"{hub_id} at {revision} is not in the cache and the hub is out of reach: connect and unset "
            "HF_HUB_OFFLINE, or set local_path to a folder with the weights"
        ) from error


def _missing_weights(folder: Path) -> str | None:
    """Return the names of the missing weight files; None if all are there."""
    index = folder / "model.safetensors.index.json"
    if index.is_file():
        expected = sorted(set(json.loads(index.read_text())["weight_map"].values()))
    else:
        expected = ["model.safetensors"]
    return ", ".join(name for name in expected if not (folder / name).is_file()) or None
