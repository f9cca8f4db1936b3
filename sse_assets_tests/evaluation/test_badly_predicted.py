"""Families that are badly predicted, on errors that can be counted by hand."""

import pandas as pd
import pytest

from sse_assets.evaluation.badly_predicted import badly_predicted, is_badly_predicted

ELECTROLYTES = pd.DataFrame(
    {
        "electrolyte_id": [f"e{number}" for number in range(16)],
        "family": ["Garnet (Oxide)"] * 10 + ["Argyrodite (Sulfide)"] * 6,
        "chemical_group": ["Oxide"] * 10 + ["Sulfide (halide)"] * 6,
    }
)


def predictions(**values: object) -> pd.DataFrame:
    """Garnets are missed by 0.5, argyrodites by 3: two of three too low."""
    error = [0.5] * 10 + [-3.0, -3.0, -3.0, -3.0, 3.0, 3.0]
    return pd.DataFrame(
        {
            "protocol": "grouped",
            "model": "boosted_trees",
            "variant": "all",
            "label_convention": "bound",
            "role": "test",
            "electrolyte_id": ELECTROLYTES["electrolyte_id"],
            "log10_sigma": -5.0,
            "predicted": [-5.0 + one for one in error],
        }
    ).assign(**values)


def test_the_family_with_the_large_error_is_found_with_its_side() -> None:
    found = badly_predicted(predictions(), ELECTROLYTES, "grouped").set_index("kind")
    assert found["part"].to_dict() == {"family": "Argyrodite (Sulfide)", "chemical_group": "Sulfide (halide)"}
    row = found.loc["family"]
    assert (row["n"], row["mae"], row["bias"]) == (6, 3.0, -1.0)
    assert row["mae_of_all"] == pytest.approx(23 / 16)


@pytest.mark.parametrize(
    "values", [{"role": "train"}, {"label_convention": "obelix"}, {"protocol": "diversity"}]
)
def test_other_rows_do_not_count(values: dict[str, str]) -> None:
    assert badly_predicted(predictions(**values), ELECTROLYTES, "grouped").empty


@pytest.mark.parametrize(("mae", "n", "is_bad"), [(1.25, 5, True), (1.24, 5, False), (9.0, 4, False)])
def test_a_verdict_needs_a_clear_difference_and_enough_rows(mae: float, n: int, is_bad: bool) -> None:
    assert is_badly_predicted(mae, n, 1.0) is is_bad
