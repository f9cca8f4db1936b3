"""A stored process answers as the trained one does."""

import json
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process.kernels import RBF

from sse_assets.gaussian_process.conformal import ConformalIntervals
from sse_assets.gaussian_process.covariances import covariances
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.files import CALIBRATION_FILE, CARD_FILE
from sse_assets.gaussian_process.kernels import described
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.served import ServedProcess
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.gaussian_process.trained import TrainedProcess
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY


@pytest.fixture(scope="module", params=[False, True], ids=["as_set", "optimised"])
def process(
    request: pytest.FixtureRequest, materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> TrainedProcess:
    settings = GaussianProcessSettings(optimise=request.param)
    rows = materials.iloc[:50]
    model = GaussianProcessModel.fit(rows, label, dois, settings, chemistry=CHEMISTRY, cell=CELL)
    domain = Domain.fit(rows, dois, model.inputs, settings.lengths)
    return TrainedProcess(model, ConformalIntervals({0.5: 0.6, 0.9: 2.0}), domain)


def test_what_is_stored_answers_the_same(
    process: TrainedProcess, materials: pd.DataFrame, tmp_path: Path
) -> None:
    process.save(str(tmp_path))
    served = ServedProcess.load(str(tmp_path))
    asked = materials.assign(Cs=[0.5, *[0.0] * 59])
    expected = process.predict(asked)
    answers = served.predict(asked)
    pd.testing.assert_frame_equal(answers[list(expected)], expected, rtol=0, atol=1e-10)
    assert answers["unseen_elements"].tolist() == ["Cs", *[""] * 59]
    assert answers["nearest_distance"].iloc[1:50].max() == 0
    (tmp_path / CALIBRATION_FILE).unlink()
    with pytest.raises(FileNotFoundError, match="no complete model"):
        ServedProcess.load(str(tmp_path))


def test_more_rows_than_are_held_at_a_time_answer_the_same(
    process: TrainedProcess, materials: pd.DataFrame, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    process.save(str(tmp_path))
    served = ServedProcess.load(str(tmp_path))
    whole, carried = served.predict(materials), served.carrying(materials, 2)
    monkeypatch.setattr("sse_assets.gaussian_process.served._ROWS_AT_A_TIME", 7)
    pd.testing.assert_frame_equal(served.predict(materials), whole)
    assert [[name for name, _ in row] for row in served.carrying(materials, 2)] == [
        [name for name, _ in row] for row in carried
    ]


def test_the_weights_of_the_training_rows_carry_the_answer(
    process: TrainedProcess, materials: pd.DataFrame, label: pd.Series, tmp_path: Path
) -> None:
    process.save(str(tmp_path))
    served = ServedProcess.load(str(tmp_path))
    found = served.carrying(materials, 50)
    answer = [
        served.centre + sum(weight * (label[name] - served.centre) for name, weight in row) for row in found
    ]
    np.testing.assert_allclose(answer, served.predict(materials)["predicted"])
    assert [row[0][0] for row in found[:50]] == list(materials.index[:50])
    sizes = np.abs([[weight for _, weight in row] for row in found])
    assert (np.diff(sizes, axis=1) <= 0).all()


def test_a_kernel_that_nobody_can_write_down_or_read_is_refused(
    process: TrainedProcess, tmp_path: Path
) -> None:
    with pytest.raises(TypeError, match="cannot be written down"):
        described(RBF())
    process.save(str(tmp_path))
    card = json.loads((tmp_path / CARD_FILE).read_text())
    rows = np.zeros((2, 400))
    assert covariances(card["kernel"], rows).shape == (2, 2)
    with pytest.raises(ValueError, match="no covariance is known by the name 'cosine': train"):
        covariances(["sum", card["kernel"], ["cosine", 1]], rows)
