"""Packages, weights and token that the language models need."""

from pathlib import Path

from sse_assets.doctor.findings import Finding, good, limited
from sse_assets.language_models.base_models import BASE_MODELS
from sse_assets.language_models.errors import LanguageModelError, require_packages

_WITHOUT = "`make run`"


def language_models() -> list[Finding]:
    """Look for packages and weights, and for a token to download what is missing."""
    try:
        require_packages()
    except LanguageModelError as error:
        what, _, remedy = str(error).partition(": ")
        return [limited(what, _WITHOUT, remedy)]
    from huggingface_hub import get_token
    from huggingface_hub.constants import HF_HUB_CACHE

    here = [
        base for base in BASE_MODELS.values() if _has_weights(Path(HF_HUB_CACHE), base.hub_id, base.revision)
    ]
    findings = [good("packages of the language models are installed")]
    if here:
        findings.append(good(f"weights in the hub's cache: {', '.join(base.name for base in here)}"))
    absent = [base.name for base in BASE_MODELS.values() if base not in here]
    if absent:
        token = (
            "HF_TOKEN is set"
            if get_token()
            else "without HF_TOKEN, the gated ones among them stay out of reach"
        )
        findings.append(
            limited(
                f"no weights in the hub's cache for {', '.join(absent)} ({token})",
                f"{_WITHOUT} and `make language-models`",
                "a run downloads them; or give a folder with weights as local_path",
            )
        )
    return findings


def _has_weights(cache: Path, hub_id: str, revision: str | None) -> bool:
    snapshot = cache / f"models--{hub_id.replace('/', '--')}" / "snapshots" / str(revision)
    return any(snapshot.glob("model*.safetensors"))
