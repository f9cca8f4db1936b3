"""Contradicted labels come first, with the figures, and none is dropped."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.evaluation.doubtful_labels import doubtful_labels
from sse_assets.tables import metrics

FORMULAS = ["Li6PS5Cl", "Li6PS5Cl", "Li6PS5Cl", "Li6PS5Br", "Li3PO4"]
KEYS = [
    "Cl0.077 Li0.462 P0.077 S0.385",
    "Cl0.077 Li0.462 P0.077 S0.385",
    "Cl0.077 Li0.462 P0.077 S0.385",
    "Br0.077 Li0.462 P0.077 S0.385",
    "Li0.375 O0.500 P0.125",
]
ROWS = pd.DataFrame(
    {
        "electrolyte_id": [f"obelix:{number}" for number in range(5)],
        "formula": FORMULAS,
        "composition_key": KEYS,
        "family": "Argyrodite (Sulfide)",
        "doi": ["p", "q", "r", "r", "s"],
        "log10_sigma": [-2.5, -2.7, -6.7, -3.0, -9.0],
        "censored": [False, False, False, False, True],
    }
)
PAPERS = ROWS.set_index("electrolyte_id")["doi"]
PREDICTED = pd.DataFrame(
    {"predicted": [-3.0, -3.0, -3.0, -3.29, -8.0], "low": -4.645, "high": -1.355},
    index=ROWS["electrolyte_id"],
)


def test_the_label_that_two_papers_contradict_comes_first() -> None:
    found = doubtful_labels(ROWS, PAPERS)
    metrics.DOUBTFUL_LABELS.check(found)
    first = found.iloc[0]
    assert first["electrolyte_id"] == "obelix:2"
    assert first["others_median"] == pytest.approx(-2.6)
    assert first["difference"] == pytest.approx(-4.1)
    assert (first["n_others"], first["n_paper"]) == (2, 1)
    assert np.isnan(first["residual"])
    assert len(found) == 3  # nobody else measured the other two


def test_with_predictions_every_row_is_listed_with_its_residual() -> None:
    found = doubtful_labels(ROWS, PAPERS, PREDICTED).set_index("electrolyte_id")
    assert set(found.index) == set(ROWS["electrolyte_id"])
    # The interval is 3.29 wide, as that of a normal distribution with a standard deviation of 1.
    assert found.loc["obelix:2", "standardised_residual"] == pytest.approx(-3.7)
    assert found.loc["obelix:3", ["residual", "standardised_residual"]].tolist() == pytest.approx([0.29] * 2)
    assert found["doubt"].is_monotonic_decreasing
    assert found.loc["obelix:4", "doubt"] == pytest.approx(1.0)


def test_without_an_interval_the_spread_of_all_residuals_stands_in() -> None:
    found = doubtful_labels(ROWS, PAPERS, PREDICTED.assign(low=np.nan, high=np.nan))
    residuals = ROWS["log10_sigma"].to_numpy() - PREDICTED["predicted"].to_numpy()
    spread = 1.4826 * np.median(np.abs(residuals))
    by_id = found.set_index("electrolyte_id")["standardised_residual"]
    assert by_id[ROWS["electrolyte_id"]].to_numpy() == pytest.approx(residuals / spread)


def test_the_nearest_composition_is_of_another_paper() -> None:
    found = doubtful_labels(ROWS, PAPERS, PREDICTED).set_index("electrolyte_id")
    # The bromide is from the paper of the third chloride, so the other two stand for the chloride.
    assert found.loc["obelix:3", "nearest_formula"] == "Li6PS5Cl"
    assert found.loc["obelix:3", "nearest_distance"] == pytest.approx(2 * 0.077)
    assert found.loc["obelix:3", "nearest_median"] == pytest.approx(-2.6)
    assert found.loc["obelix:2", "nearest_formula"] == "Li3PO4"


def test_a_paper_that_is_off_throughout_is_told_from_one_bad_row() -> None:
    more = pd.concat(
        [
            ROWS.iloc[:3],
            ROWS.iloc[[3]].assign(log10_sigma=-7.0),
            ROWS.iloc[[3]].assign(electrolyte_id="obelix:9", doi="t", log10_sigma=-3.0),
        ],
        ignore_index=True,
    )
    found = doubtful_labels(more, more.set_index("electrolyte_id")["doi"]).set_index("electrolyte_id")
    assert found.loc["obelix:3", "paper_difference"] == pytest.approx((-4.1 - 4.0) / 2)
    assert found.loc["obelix:3", "n_paper"] == 2
