"""What counts as drift of the data and of the scores, and how it is said."""

import pandas as pd
import pytest

from sse_assets.evaluation.drift import NOTHING_BEFORE, data_drift, score_drift

FORMULAS = ["Li3PS4", "Li6PS5Cl", "Li7La3Zr2O12", "LiTi2P3O12"]


def electrolytes(n: int = 40) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "electrolyte_id": [f"x:{number}" for number in range(n)],
            "formula": [FORMULAS[number % 4] for number in range(n)],
            "log10_sigma": [-10 + 9 * number / n for number in range(n)],
            "censored": False,
            "family": ["sulfide" if number % 4 < 2 else "oxide" for number in range(n)],
        }
    )


def scores(mae: float, *, protocol: str = "grouped", half_width: float = 0.3) -> pd.DataFrame:
    row = {"protocol": protocol, "model": "boosted_trees", "variant": "all", "role": "test", "metric": "mae"}
    row |= {"value": mae, "low": mae - half_width, "high": mae + half_width}
    other = row | {"model": "train_median", "variant": "none", "value": 10 * mae}
    return pd.DataFrame([row, other]).merge(
        pd.DataFrame({"label_convention": ["obelix", "bound"]}), how="cross"
    )


def test_the_first_tables_have_nothing_to_be_compared_with() -> None:
    assert score_drift(None, scores(1.0)) is NOTHING_BEFORE
    assert data_drift(None, electrolytes()) is NOTHING_BEFORE
    assert "Nothing to compare with" in NOTHING_BEFORE.sentence
    elsewhere = score_drift(scores(1.0, protocol="diversity"), scores(1.0))
    assert not elsewhere.drifted
    assert "Nothing to compare with" in elsewhere.sentence


@pytest.mark.parametrize(
    ("change", "half_width", "drifted"),
    [(0.09, 0.3, False), (0.11, 0.3, True), (-0.11, 0.3, True), (0.04, 0.03, True), (0.11, None, True)],
)
def test_an_error_may_move_by_a_tenth_or_half_its_interval(
    change: float, half_width: float | None, drifted: bool
) -> None:
    now = scores(1.5 + change, half_width=float("nan") if half_width is None else half_width)
    found = score_drift(scores(1.5), now)
    assert found.drifted is drifted
    assert found.figures["change_grouped_bound"] == pytest.approx(change)
    assert found.figures["largest_change"] == pytest.approx(abs(change))
    assert (f"{change:+.2f} to {1.5 + change:.2f} under grouped (bound)" in found.sentence) is drifted


def test_a_few_new_rows_are_no_drift() -> None:
    now = electrolytes()
    row = now.iloc[[20]].assign(electrolyte_id="mine:1")
    found = data_drift(electrolytes(), pd.concat([now, row]))
    assert not found.drifted
    assert found.sentence == "1 rows new, 0 withdrawn, 0 relabelled, of 40: no drift."
    assert found.figures["rows_added"] == 1


def test_many_changed_rows_are() -> None:
    now = electrolytes()
    now.loc[:1, "log10_sigma"] += 0.01
    now.loc[2, "censored"] = True
    found = data_drift(electrolytes(), now.iloc[:-2])
    assert found.drifted
    assert found.sentence.startswith("0 rows new, 2 withdrawn, 3 relabelled, of 40: 12% of the rows changed")
    assert found.figures["share_of_rows_changed"] == pytest.approx(5 / 40)


def test_labels_elements_and_families_are_looked_at() -> None:
    now = electrolytes()
    assert not data_drift(electrolytes(), now).drifted
    moved = data_drift(electrolytes(), now.assign(log10_sigma=now["log10_sigma"] + 1.5))
    assert "the labels moved by 0.1" in moved.sentence
    assert moved.figures["median_shift"] == pytest.approx(1.5)
    now.loc[0, "formula"] = "Li3YCl6"
    assert "no row held Y before" in data_drift(electrolytes(), now).sentence
    renamed = electrolytes().assign(family=lambda rows: rows["family"].where(rows.index > 11, "glass"))
    assert "the share of glass moved by +30 percentage points" in data_drift(electrolytes(), renamed).sentence
    assert "new_elements" in moved.figures
