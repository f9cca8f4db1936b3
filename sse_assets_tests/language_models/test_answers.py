import math

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from sse_assets.language_models.answers import answer_scores, impute, parse_answer


@pytest.mark.parametrize(
    ("text", "value"),
    [("-5.50", -5.5), (" -5.5\n", -5.5), ("-7", -7), ("0.00", 0), ("+0.3", 0.3), ("-20", -20), ("2.0", 2)],
)
def test_a_plain_number_is_read(text: str, value: float) -> None:
    assert parse_answer(text) == value


@pytest.mark.parametrize(
    "text",
    [
        *("-5.5.0", "-5.5 S/cm", "1e-4", "-5.5 -5.5", "log10 = -5.5", "- 5.5", "--5.5", "-5,5", "-5.", ".5"),
        *("", "-", "nan"),
        *("-20.01", "2.01", "5.5", "-55.0"),  # numbers, but no conductivities
        "-५.५",  # digits of another script, which Python's float would read
    ],
)
def test_anything_else_is_refused(text: str) -> None:
    assert parse_answer(text) is None


@given(st.floats(-18, 1))
def test_what_a_label_says_is_read_back_with_its_sign(log10_sigma: float) -> None:
    text = f"{log10_sigma:.2f}"
    assert parse_answer(text) == float(text)


@given(st.text(alphabet="+-.e0123456789 \n", max_size=12))
def test_no_text_breaks_the_reader(text: str) -> None:
    value = parse_answer(text)
    assert value is None or -20 <= value <= 2


def test_missing_numbers_become_the_median_and_are_flagged() -> None:
    table = impute([-3.0, None, -7.0], train_median=-5.5)
    assert table["predicted"].tolist() == [-3.0, -5.5, -7.0]
    assert table["imputed"].tolist() == [False, True, False]


def test_scores_worked_by_hand() -> None:
    """Errors 1, 0.5 and 3; the second answer was retried, the third was none."""
    predictions = pd.DataFrame(
        {
            "electrolyte_id": ["a", "b", "c"],
            "predicted": [-3.0, -4.5, -6.0],
            "valid": [True, False, False],
        }
    )
    truth = pd.Series({"c": -9.0, "b": -4.0, "a": -4.0, "unused": 0.0})
    scores = answer_scores(predictions, truth)
    assert (scores.n_total, scores.n_valid) == (3, 1)
    assert scores.mae_valid == pytest.approx(1.0)
    assert scores.mae_all == pytest.approx(1.5)


def test_without_a_valid_answer_there_is_no_mae_of_valid_ones() -> None:
    predictions = pd.DataFrame({"electrolyte_id": ["a"], "predicted": [-5.0], "valid": [False]})
    assert math.isnan(answer_scores(predictions, pd.Series({"a": -4.0})).mae_valid)
