from pathlib import Path

import numpy as np
import pytest

from sse_assets.language_models.adapters import load_adapter, read_run
from sse_assets.language_models.encoding import prompt_ids
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prediction import predict_new
from sse_assets.language_models.regression_head import LabelScale, regress
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, LoraSettings, TrainingSettings
from sse_assets.language_models.training import fine_tune
from sse_assets.tables.names import NumberMode, Task
from sse_assets_tests.language_models.test_prediction import LICL

ADAPTER = TrainingSettings(learning_rate=1e-3, epochs=30, lora=LoraSettings(dropout=0.0))
WHOLE = TrainingSettings(learning_rate=1e-3, epochs=30, lora=None)


@pytest.mark.parametrize("settings", [ADAPTER, WHOLE], ids=["adapter", "whole"])
def test_a_head_learns_its_examples_and_is_kept(
    settings: TrainingSettings, twelve, base, tmp_path: Path
) -> None:
    loaded = load(base, LoadSettings(), regression=True)
    tuned = fine_tune(loaded, base, twelve, settings, tmp_path, task=Task.REGRESSION)
    assert len(tuned.losses) == 60
    assert read_run(tmp_path) == tuned.run
    scale = tuned.run.label_scale
    assert scale is not None

    prompts = [
        prompt_ids(loaded.tokenizer, example.prompt, base.chat_template_kwargs) for example in twelve.examples
    ]
    labels = np.array([float(example.answer) for example in twelve.examples])
    predicted = regress(tuned.model, loaded.tokenizer, prompts, scale)
    by_median = np.abs(labels - np.median(labels)).mean()
    assert np.abs(predicted - labels).mean() < 0.4 * by_median
    alone = regress(tuned.model, loaded.tokenizer, prompts[::-1], scale, batch_size=1)[::-1]
    np.testing.assert_allclose(predicted, alone, atol=1e-4)

    kept = load_adapter(tmp_path, LoadSettings())
    np.testing.assert_array_equal(regress(kept.model, kept.tokenizer, prompts, scale), predicted)
    new = predict_new(tmp_path, formula="LiCl", cif=LICL)
    assert np.isfinite(new["predicted"].item())
    with pytest.raises(
        LanguageModelError, match="trained for regression and cannot answer in the mode sample"
    ):
        predict_new(tmp_path, formula="LiCl", cif=LICL, mode=NumberMode.SAMPLE)


def test_a_model_that_predicts_tokens_is_refused(twelve, base, tmp_path: Path) -> None:
    loaded = load(base, LoadSettings())
    with pytest.raises(LanguageModelError, match="load it with regression=True"):
        fine_tune(loaded, base, twelve, ADAPTER, tmp_path, task=Task.REGRESSION)
    with pytest.raises(LanguageModelError, match="load it with regression=True"):
        regress(loaded.model, loaded.tokenizer, [[1]], LabelScale(0.0, 1.0))


def test_labels_all_alike_have_a_scale() -> None:
    assert LabelScale.of([-4.0, -2.0]) == LabelScale(-3.0, 1.0)
    assert LabelScale.of([-4.0, -4.0]) == LabelScale(-4.0, 1.0)
