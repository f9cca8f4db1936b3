from pathlib import Path

import pytest

from sse_assets.doctor.findings import Mark
from sse_assets.doctor.language_models import language_models
from sse_assets.language_models import errors
from sse_assets.language_models.base_models import BASE_MODELS

constants = pytest.importorskip("huggingface_hub.constants")


def test_weights_in_the_cache_and_a_token(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    qwen = BASE_MODELS["qwen3-8b"]
    snapshot = tmp_path / f"models--{qwen.hub_id.replace('/', '--')}" / "snapshots" / str(qwen.revision)
    snapshot.mkdir(parents=True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    monkeypatch.setattr("huggingface_hub.get_token", lambda: None)
    packages, absent = language_models()
    assert packages.mark is Mark.GOOD
    assert "for llama-3.1-8b, mistral-7b-v0.3, qwen3-8b (without HF_TOKEN" in str(absent)

    (snapshot / "model-00001-of-00005.safetensors").touch()
    monkeypatch.setattr("huggingface_hub.get_token", lambda: "secret")
    _, here, absent = language_models()
    assert str(here) == "✓ weights in the hub's cache: qwen3-8b"
    assert "for llama-3.1-8b, mistral-7b-v0.3 (HF_TOKEN is set)" in str(absent)
    assert "secret" not in str(absent)


def test_packages_that_are_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(errors, "find_spec", lambda name: None)
    (finding,) = language_models()
    assert finding.mark is Mark.LIMITED
    assert finding.what == "language models need accelerate, bitsandbytes, peft, transformers"
    assert finding.remedy.startswith("run `make language-models` once")
