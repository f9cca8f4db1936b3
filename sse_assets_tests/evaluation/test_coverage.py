"""How often intervals hold, on rows worked by hand and on synthetic data with a known answer."""

import numpy as np
import pandas as pd
import pytest
from scipy.stats import norm

from sse_assets.evaluation.coverage import coverage
from sse_assets.tables import metrics, models


def process_predictions(n: int, **columns: object) -> pd.DataFrame:
    """Test rows of the process in one fold, whose label is 0 and whose intervals are −2 to 2 and −1 to 1."""
    rows = pd.DataFrame(
        {
            "protocol": "grouped",
            "fold": 0,
            "model": "gaussian_process",
            "variant": "none",
            "label_convention": "bound",
            "electrolyte_id": [f"e{position}" for position in range(n)],
            "role": "test",
            "log10_sigma": 0.0,
            "predicted": 0.0,
            "low": -2.0,
            "high": 2.0,
            "low_50": -1.0,
            "high_50": 1.0,
            "std": 1.0,
            "nearest_distance": np.arange(n, dtype=float),
            "outside_domain": False,
        }
    )
    return models.GAUSSIAN_PROCESS_PREDICTIONS.frame(rows.assign(**columns))


def one_group_each(rows: pd.DataFrame) -> dict[str, pd.Series]:
    return {"grouped": pd.Series(range(len(rows)), index=rows["electrolyte_id"])}


def test_rows_inside_are_counted_for_models_that_state_an_interval(run) -> None:
    found = run.coverage
    metrics.COVERAGE.check(found)
    assert set(found["model"]) == {"train_median", "boosted_trees"}
    assert set(found["coverage_of"]) == {"whole"}
    trees = found.query("model == 'boosted_trees'")
    assert trees["mean_width"].to_numpy() == pytest.approx(3.2)
    assert trees["coverage_50"].isna().all()


def test_the_share_and_the_width_by_hand() -> None:
    rows = process_predictions(4, log10_sigma=[-3.0, -2.0, 0.5, 3.0])
    only = coverage(rows.drop(columns=["low_50", "high_50"]), one_group_each(rows)).iloc[0]
    assert (only["coverage"], only["mean_width"]) == (0.5, 4.0)  # the end of an interval is in it


def test_each_part_is_worked_by_hand() -> None:
    process = process_predictions(
        6,
        log10_sigma=[0.5, 1.5, -3.0, 0.0, 5.0, -1.0],
        outside_domain=[False, False, False, False, True, True],
    )
    families = pd.Series(["garnet", "garnet", "garnet", "argyrodite"], index=["e0", "e1", "e2", "e3"])
    found = coverage(process, one_group_each(process), families=families, process=process)
    metrics.COVERAGE.check(found)
    by_part = found.set_index("part")
    assert by_part["coverage"].to_dict() == pytest.approx(
        {
            "all": 4 / 6,
            "garnet": 2 / 3,
            "argyrodite": 1.0,
            "near": 1.0,  # e0, e1
            "middle": 0.5,  # e2, e3
            "far": 0.5,  # e4, e5
            "inside": 0.75,
            "outside": 0.5,
        }
    )
    assert by_part.loc["garnet", ["coverage_50", "mae", "mean_distance"]].tolist() == pytest.approx(
        [1 / 3, 5 / 3, 1.0]
    )
    assert by_part.loc[["inside", "outside"], "mae"].tolist() == [1.25, 3.0]
    assert by_part["n"].to_dict()["inside"] == 4
    assert (by_part["mean_width"] == 4).all()
    assert (by_part["mean_width_50"] == 2).all()


def test_intervals_that_are_right_hold_what_they_state() -> None:
    """Errors of a normal law: near rows as stated, far ones twice as large as stated."""
    n = 9000
    far = np.arange(n) >= 2 * n / 3
    label = np.random.default_rng(0).normal(size=n) * np.where(far, 2.0, 1.0)
    half_90, half_50 = norm.ppf(0.95), norm.ppf(0.75)
    process = process_predictions(
        n, log10_sigma=label, low=-half_90, high=half_90, low_50=-half_50, high_50=half_50
    )
    by_part = coverage(process, one_group_each(process), process=process, n_bootstrap=20).set_index("part")
    for part in ("near", "middle"):
        assert by_part.loc[part, "coverage"] == pytest.approx(0.9, abs=0.02)
        assert by_part.loc[part, "coverage_50"] == pytest.approx(0.5, abs=0.03)
    too_narrow = 2 * norm.cdf([half_90 / 2, half_50 / 2]) - 1
    assert by_part.loc["far", ["coverage", "coverage_50"]].tolist() == pytest.approx(too_narrow, abs=0.03)
    assert by_part.loc["far", "mae"] == pytest.approx(2 * np.sqrt(2 / np.pi), abs=0.06)


def test_the_parts_of_the_process_serve_the_other_models() -> None:
    process = process_predictions(6)
    trees = process.assign(model="boosted_trees", variant="all", log10_sigma=[0, 0, 9, 9, 0, 9])
    predictions = metrics.PREDICTIONS.frame(pd.concat([process, trees]))
    found = coverage(predictions, one_group_each(process), process=process, n_bootstrap=20)
    of_trees = found[found["model"] == "boosted_trees"].set_index("part")
    assert of_trees.loc[["near", "middle", "far"], "coverage"].tolist() == [1.0, 0.0, 0.5]
    assert of_trees["coverage_50"].isna().all()


def test_whole_groups_are_resampled_under_grouped_alone() -> None:
    """Two groups, one held and one not: a resample holds all, half or none."""
    process = process_predictions(40, log10_sigma=[0.0] * 20 + [9.0] * 20)
    groups = {"grouped": pd.Series([0] * 20 + [1] * 20, index=process["electrolyte_id"])}
    whole = coverage(process, groups).iloc[0]
    assert (whole["coverage_low"], whole["coverage_high"]) == (0.0, 1.0)
    single_rows = coverage(process.assign(protocol="official"), groups).iloc[0]
    assert 0.3 < single_rows["coverage_low"] < single_rows["coverage_high"] < 0.7


def test_training_rows_have_no_part() -> None:
    process = process_predictions(3)
    trained = process.assign(role="train", nearest_distance=np.nan, electrolyte_id=["t0", "t1", "t2"])
    median = pd.concat([process, trained]).assign(model="train_median")
    families = pd.Series("garnet", index=median["electrolyte_id"])
    groups = {"grouped": pd.Series(0, index=median["electrolyte_id"])}
    found = coverage(median, groups, families=families, process=process, n_bootstrap=20)
    assert found.loc[found["role"] == "train", "part"].tolist() == ["all"]


def test_a_protocol_by_itself_comes_out_as_beside_others() -> None:
    """So that the run keeps each protocol by its own rows."""
    process = pd.concat(
        [
            process_predictions(7, log10_sigma=[0.5, 1.5, -3.0, 0.0, 5.0, -1.0, 2.5]),
            process_predictions(5, protocol="papers", nearest_distance=[4.0, 0.0, 1.0, 9.0, 2.0]),
        ],
        ignore_index=True,
    )
    families = pd.Series(
        {f"e{position}": "garnet" if position % 2 else "argyrodite" for position in range(7)}
    )
    units = {"grouped": pd.Series([0, 0, 1, 1, 2, 2, 3], index=[f"e{position}" for position in range(7)])}
    together = coverage(process, units, families=families, process=process)
    one_by_one = [
        coverage(
            process[process["protocol"] == protocol].reset_index(drop=True),
            units,
            families=families,
            process=process[process["protocol"] == protocol],
        )
        for protocol in ("grouped", "papers")
    ]
    pd.testing.assert_frame_equal(pd.concat(one_by_one, ignore_index=True), together, check_exact=True)
