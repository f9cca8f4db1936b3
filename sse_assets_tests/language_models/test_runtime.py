import json
import shutil
from collections.abc import Mapping
from pathlib import Path

import pytest
import torch
from huggingface_hub.errors import GatedRepoError, RepositoryNotFoundError, RevisionNotFoundError
from transformers import LlamaConfig

from sse_assets.language_models.base_models import BASE_MODELS, BaseModel
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.runtime import load, place
from sse_assets.language_models.settings import LoadSettings, Quantisation
from sse_assets_tests.language_models.tiny import TinyFamily

LLAMA = BASE_MODELS["llama-3.1-8b"]
EIGHT_BILLION = 8_030_000_000


@pytest.fixture
def without_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(torch.cuda, "is_available", lambda: False)


@pytest.fixture
def llama_folder(tiny_models: Mapping[TinyFamily, BaseModel], tmp_path: Path) -> Path:
    """A copy of the tiny Llama that a test may spoil."""
    return Path(shutil.copytree(tiny_models[TinyFamily.LLAMA].hub_id, tmp_path / "llama"))


def _raising(error: type[Exception]):
    def snapshot_download(*args: object, **kwargs: object) -> str:
        raise error.__new__(error)  # its own constructor wants the hub's response

    return snapshot_download


@pytest.mark.parametrize(
    ("error", "message"),
    [
        (
            GatedRepoError,
            "is gated: accept its licence at https://huggingface.co/meta-llama/.* and set HF_TOKEN",
        ),
        (RepositoryNotFoundError, "the hub shows no model meta-llama/Llama-3.1-8B-Instruct: check the name"),
        (RevisionNotFoundError, f"has no revision {LLAMA.revision}: set revision"),
    ],
)
def test_what_the_hub_refuses_is_one_sentence(
    error: type[Exception], message: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("sse_assets.language_models.hub.snapshot_download", _raising(error))
    with pytest.raises(LanguageModelError, match=message):
        load(LLAMA, LoadSettings())


def test_a_hub_out_of_reach_and_an_empty_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("huggingface_hub.constants.HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(LanguageModelError, match="is not in the cache and the hub is out of reach: connect"):
        load(LLAMA, LoadSettings())


def test_an_8b_model_without_a_gpu_is_refused_before_its_weights_are_looked_for(
    llama_folder, without_gpu
) -> None:
    real = LlamaConfig(
        vocab_size=128256,
        hidden_size=4096,
        intermediate_size=14336,
        num_hidden_layers=32,
        num_attention_heads=32,
        num_key_value_heads=8,
    )
    real.architectures = ["LlamaForCausalLM"]
    real.save_pretrained(llama_folder)
    (llama_folder / "model.safetensors").unlink()

    with pytest.raises(LanguageModelError, match=r"llama-3.1-8b \(8 billion weights\) needs a CUDA GPU"):
        load(LLAMA, LoadSettings(local_path=str(llama_folder)))


def test_a_tokenizer_without_a_chat_template(llama_folder: Path) -> None:
    (llama_folder / "chat_template.jinja").unlink()
    with pytest.raises(LanguageModelError, match="has no chat template"):
        load(LLAMA, LoadSettings(local_path=str(llama_folder)))


@pytest.mark.parametrize(
    ("pad_token", "message"),
    [
        (None, "has no padding token: name one"),
        ("<fill>", "does not know the padding token '<fill>': name one of its vocabulary"),
    ],
)
def test_a_tokenizer_without_a_padding_token(pad_token: str | None, message: str, llama_folder: Path) -> None:
    _forget_pad_token(llama_folder)
    base = BaseModel("tiny", str(llama_folder), None, "none", pad_token=pad_token)
    with pytest.raises(LanguageModelError, match=message):
        load(base, LoadSettings())


def test_a_known_model_names_the_padding_token_that_its_tokenizer_does_not(llama_folder, without_gpu) -> None:
    _forget_pad_token(llama_folder)
    loaded = load(LLAMA, LoadSettings(local_path=str(llama_folder)))
    assert loaded.tokenizer.pad_token == "<|finetune_right_pad_id|>"
    assert loaded.model.config.pad_token_id == loaded.tokenizer.pad_token_id


def _forget_pad_token(folder: Path) -> None:
    path = folder / "tokenizer_config.json"
    config = json.loads(path.read_text())
    del config["pad_token"]
    path.write_text(json.dumps(config))


def test_missing_files_are_named(llama_folder: Path, tmp_path: Path) -> None:
    index = {"weight_map": {"a": "model-00001-of-00002.safetensors", "b": "model.safetensors"}}
    (llama_folder / "model.safetensors.index.json").write_text(json.dumps(index))
    with pytest.raises(
        LanguageModelError, match=r"lacks the weights model-00001-of-00002\.safetensors: download"
    ):
        load(LLAMA, LoadSettings(local_path=str(llama_folder)))
    with pytest.raises(LanguageModelError, match=r"holds no model: config\.json is missing"):
        load(LLAMA, LoadSettings(local_path=str(tmp_path)))


@pytest.mark.parametrize(
    ("free_gb", "quantisation", "four_bit", "why"),
    [
        (
            140,
            Quantisation.AUTO,
            False,
            "in bf16 on the GPU: 140 GB of GPU memory are free, and bf16 is used from 40",
        ),
        (40, Quantisation.AUTO, False, "in bf16 on the GPU: 40 GB"),
        (39, Quantisation.AUTO, True, "in 4-bit weights on the GPU: 39 GB of GPU memory are free"),
        (24, Quantisation.NONE, False, "in bf16 on the GPU: as quantisation = none asks; 24 GB"),
        (
            140,
            Quantisation.FOUR_BIT,
            True,
            "in 4-bit weights on the GPU: as quantisation = 4-bit asks; 140 GB",
        ),
    ],
)
def test_free_memory_decides_the_quantisation_and_the_run_says_so(
    free_gb: float, quantisation: Quantisation, four_bit: bool, why: str
) -> None:
    placement = place("llama-3.1-8b", EIGHT_BILLION, free_gb * 1e9, quantisation)
    assert (placement.device, placement.dtype, placement.four_bit) == ("cuda", "bfloat16", four_bit)
    assert why in placement.why


def test_one_of_many_gpus_is_used_and_the_run_says_so() -> None:
    why = place("llama-3.1-8b", EIGHT_BILLION, 140e9, Quantisation.AUTO, gpus=4).why
    assert "in bf16 on the first of 4 GPUs: 140 GB" in why


@pytest.mark.parametrize(
    ("free_gb", "quantisation", "message"),
    [
        (
            12,
            Quantisation.NONE,
            "needs about 20 GB and 12 GB of GPU memory are free: set quantisation to 4-bit",
        ),
        (
            8,
            Quantisation.AUTO,
            "needs about 10 GB and 8 GB of GPU memory are free: free the GPU or use a larger",
        ),
    ],
)
def test_a_gpu_that_is_too_small_is_refused(free_gb: float, quantisation: Quantisation, message: str) -> None:
    with pytest.raises(LanguageModelError, match=message):
        place("llama-3.1-8b", EIGHT_BILLION, free_gb * 1e9, quantisation)


@pytest.mark.parametrize("family", TinyFamily)
def test_tiny_models_run_on_a_cpu(family: TinyFamily, tiny_models, without_gpu) -> None:
    loaded = load(tiny_models[family], LoadSettings())
    assert (loaded.placement.device, loaded.placement.dtype) == ("cpu", "float32")
    assert "torch sees no GPU" in loaded.placement.why
    assert type(loaded.model).__name__.lower() == f"{family}forcausallm"
