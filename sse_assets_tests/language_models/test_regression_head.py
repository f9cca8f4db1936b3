from collections.abc import Mapping

import numpy as np
import pytest

from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.encoding import prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.regression_head import LabelScale, fit_regression_head, regress
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, LoraSettings, TrainingSettings
from sse_assets.language_models.tiny import TinyFamily

SETTINGS = TrainingSettings(learning_rate=1e-3, epochs=30, lora=LoraSettings(dropout=0.0))


def test_a_head_learns_its_examples(
    twelve: TrainingData, tiny_models: Mapping[TinyFamily, BaseModel]
) -> None:
    base = tiny_models[TinyFamily.MISTRAL]
    loaded = load(base, LoadSettings(), regression=True)
    seen: list[tuple[int, int]] = []
    head = fit_regression_head(loaded, base, twelve, SETTINGS, progress=lambda *done: seen.append(done))
    assert seen[-1] == (60, 60)
    assert len(head.losses) == 60

    prompts = [
        prompt_ids(loaded.tokenizer, example.prompt, base.chat_template_kwargs) for example in twelve.examples
    ]
    labels = np.array([float(example.answer) for example in twelve.examples])
    predicted = regress(head.model, loaded.tokenizer, prompts, head.scale)
    by_median = np.abs(labels - np.median(labels)).mean()
    assert np.abs(predicted - labels).mean() < 0.4 * by_median
    alone = regress(head.model, loaded.tokenizer, prompts[::-1], head.scale, batch_size=1)[::-1]
    np.testing.assert_allclose(predicted, alone, atol=1e-4)


def test_a_model_that_predicts_tokens_is_refused(
    twelve: TrainingData, tiny_models: Mapping[TinyFamily, BaseModel]
) -> None:
    base = tiny_models[TinyFamily.MISTRAL]
    loaded = load(base, LoadSettings())
    with pytest.raises(LanguageModelError, match="load it with regression=True"):
        fit_regression_head(loaded, base, twelve, SETTINGS)
    with pytest.raises(LanguageModelError, match="load it with regression=True"):
        regress(loaded.model, loaded.tokenizer, [[1]], LabelScale(0.0, 1.0))


def test_labels_all_alike_have_a_scale() -> None:
    assert LabelScale.of([-4.0, -2.0]) == LabelScale(-3.0, 1.0)
    assert LabelScale.of([-4.0, -4.0]) == LabelScale(-4.0, 1.0)
