from pathlib import Path

import pandas as pd
import pytest

from sse_assets.language_models import fits
from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.fits import Fitter
from sse_assets.language_models.held_out import held_out
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.tables.names import PromptCase


@pytest.fixture(scope="module")
def prompts(fifty: TrainingData) -> pd.DataFrame:
    """Fifteen electrolytes; one that trains and one that is tested, 3 and 13, have no space group."""
    rows = [
        {
            "electrolyte_id": example.electrolyte_id,
            "case": "case_2",
            "prompt": None if number in (3, 13) else example.prompt,
            "from_prototype": None,
            "label_obelix": example.answer,
            "label_bound": example.answer,
        }
        for number, example in enumerate(fifty.examples[:15])
    ]
    return pd.DataFrame(rows, dtype="str")


def test_rows_held_out_are_predicted_in_their_order_and_a_fit_is_read_back(
    base: BaseModel, prompts: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    fitter = Fitter(base, LoadSettings(), TrainingSettings(epochs=1), tmp_path)
    labels = prompts.set_index("electrolyte_id")["label_bound"].astype(float)
    train, test = labels.index[:12], labels.index[[14, 13, 12]]

    tested = held_out(fitter, PromptCase.CASE_2, prompts, train, test)

    assert tested.index.tolist() == test.tolist()
    assert tested["log10_sigma"].tolist() == labels[test].tolist()
    assert tested["predicted"].between(-18, 1).all()
    assert tested["predicted"].iloc[1] == labels[train].drop("invented:3").median()
    (answers,) = tmp_path.glob("*/distribution-*.parquet")
    assert set(pd.read_parquet(answers)["electrolyte_id"]) == {"invented:12", "invented:14"}

    monkeypatch.delattr(fits, "load")
    pd.testing.assert_frame_equal(held_out(fitter, PromptCase.CASE_2, prompts, train, test), tested)
