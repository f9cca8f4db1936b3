"""The three models of the paper: their weights, licences and chat templates."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sse_assets.tables.names import ModelName


@dataclass(frozen=True)
class BaseModel:
    """A chat model to fine-tune."""

    name: str
    """Name in the tables of scores, such as `llama-3.1-8b`."""
    hub_id: str
    """Repository on the Hugging Face hub, or a local folder."""
    revision: str | None
    """Commit of the repository; None for a local folder."""
    licence: str
    chat_template_kwargs: Mapping[str, Any] = field(default_factory=dict)
    """Arguments of its chat template, the same in training and in use."""
    pad_token: str | None = None
    """Token of its vocabulary that fills up batches, for a tokenizer that names none. The model does not see
    it and the loss does not count it."""


BASE_MODELS: Mapping[str, BaseModel] = {
    base.name: base
    for base in (
        BaseModel(
            name=ModelName.LLAMA,
            hub_id="meta-llama/Llama-3.1-8B-Instruct",
            revision="0e9e39f249a16976918f6564b8830bc894c89659",
            licence="Llama 3.1 Community License",
            # Otherwise the template prints today's date, and use would see other prompts than training.
            chat_template_kwargs={"date_string": "26 Jul 2024"},
            pad_token="<|finetune_right_pad_id|>",
        ),
        BaseModel(
            name=ModelName.MISTRAL,
            hub_id="mistralai/Mistral-7B-Instruct-v0.3",
            revision="c170c708c41dac9275d15a8fff4eca08d52bab71",
            licence="Apache-2.0",
            pad_token="<unk>",
        ),
        BaseModel(
            name=ModelName.QWEN,
            hub_id="Qwen/Qwen3-8B",
            revision="b968826d9c46dd6066d109eabc6255188de91218",
            licence="Apache-2.0",
            chat_template_kwargs={"enable_thinking": False},
        ),
    )
}
"""The paper's three by their names (section II.C)."""
