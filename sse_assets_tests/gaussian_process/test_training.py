"""Training under protocols, with intervals from papers held out, and what is stored of it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd
import pytest

from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.gaussian_process.trained import TrainedProcess
from sse_assets.gaussian_process.training import Fold, TrainedProcesses, train_gaussian_process
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import models
from sse_assets.tables.names import Protocol, Role
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY


def thirds(train: pd.Index) -> list[Fold]:
    """Hold out one row of three in turn: these materials have no paper in common."""
    return [(train[np.arange(len(train)) % 3 != n], train[np.arange(len(train)) % 3 == n]) for n in range(3)]


def trained(
    materials: pd.DataFrame,
    label: pd.Series,
    censored: int = 0,
    designs: Mapping[LabelConvention, ProcessDesign] | None = None,
) -> TrainedProcesses:
    ids = materials.index
    obelix = label.mask(np.arange(len(label)) < censored, -15.0)
    official = pd.DataFrame(
        {
            "protocol": Protocol.OFFICIAL,
            "fold": 0,
            "electrolyte_id": ids,
            "role": np.where(np.arange(60) % 4, Role.TRAIN, Role.TEST),
        }
    )
    every = official.assign(protocol=Protocol.ALL_ROWS, role=Role.TRAIN)
    return train_gaussian_process(
        materials,
        pd.DataFrame({"obelix": obelix, "bound": label}),
        pd.Series(None, index=ids, dtype="str"),
        pd.concat([official, every]),
        designs=dict.fromkeys(LabelConvention, ProcessDesign(CHEMISTRY, CELL)) | dict(designs or {}),
        hold_out_papers=thirds,
    )


@pytest.fixture(scope="module")
def outcome(materials: pd.DataFrame, label: pd.Series) -> TrainedProcesses:
    return trained(materials, label, censored=4)


def test_each_fold_is_predicted_under_both_conventions(outcome: TrainedProcesses) -> None:
    models.GAUSSIAN_PROCESS_PREDICTIONS.check(outcome.predictions)
    models.GAUSSIAN_PROCESS.check(outcome.fits)
    rows = outcome.predictions
    assert rows.groupby(["protocol", "label_convention", "role"]).size().to_dict() == {
        ("official", convention, role): n
        for convention in ("bound", "obelix")
        for role, n in (("test", 15), ("train", 45))
    }
    test = rows[rows["role"] == Role.TEST]
    assert (test["low"] < test["low_50"]).all()
    assert (test["low_50"] < test["predicted"]).all()
    assert (test["predicted"] < test["high_50"]).all()
    assert (test["high_50"] < test["high"]).all()
    assert rows.loc[rows["role"] == Role.TRAIN, ["low", "nearest_distance"]].isna().all(axis=None)
    assert (test["nearest_distance"] > 0).all()


def test_each_convention_has_the_design_that_was_chosen_for_it(
    materials: pd.DataFrame, label: pd.Series
) -> None:
    designs = {
        LabelConvention.BOUND: ProcessDesign(CHEMISTRY, CELL),
        LabelConvention.OBELIX: ProcessDesign(CHEMISTRY),
    }
    processes = trained(materials, label, censored=4, designs=designs).processes
    for convention, design in designs.items():
        inputs = processes[convention].model.inputs
        assert ProcessDesign(inputs.chemistry, inputs.cell) == design


def test_a_label_of_the_test_rows_changes_nothing(
    outcome: TrainedProcesses, materials: pd.DataFrame, label: pd.Series
) -> None:
    tested = outcome.predictions.loc[outcome.predictions["role"] == Role.TEST, "electrolyte_id"]
    other = trained(materials, label.mask(label.index.isin(tested), 5.0), censored=4)
    columns = ["predicted", "std", "low", "high", "low_50", "high_50"]
    pd.testing.assert_frame_equal(other.predictions[columns], outcome.predictions[columns])


def test_where_nothing_is_censored_one_fit_serves_both(materials: pd.DataFrame, label: pd.Series) -> None:
    rows = trained(materials, label).predictions.drop(columns="label_convention")
    half = len(rows) // 2
    pd.testing.assert_frame_equal(rows[:half], rows[half:].reset_index(drop=True))


def test_a_row_without_features_is_named(materials: pd.DataFrame, label: pd.Series) -> None:
    with pytest.raises(ValueError, match="e3 has no feature row"):
        train_gaussian_process(
            materials.drop("e3"),
            pd.DataFrame({"obelix": label, "bound": label}),
            pd.Series(None, index=materials.index, dtype="str"),
            pd.DataFrame(
                {"protocol": "official", "fold": 0, "electrolyte_id": materials.index, "role": "train"}
            ),
            designs=dict.fromkeys(LabelConvention, ProcessDesign()),
            hold_out_papers=thirds,
        )


def test_too_few_residuals_give_no_interval(materials: pd.DataFrame, label: pd.Series) -> None:
    outcome = trained(materials, label)
    process = outcome.processes[LabelConvention.BOUND]
    few = type(process.intervals).fit(np.zeros(3), np.ones(3), np.ones(3))
    answer = TrainedProcess(process.model, few, process.domain).predict(materials.iloc[:1]).iloc[0]
    assert np.isnan(answer["low"])
    assert answer["low_50"] < answer["predicted"]
