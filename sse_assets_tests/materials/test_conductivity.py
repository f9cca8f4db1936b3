import math

import pandas as pd
import pytest

from sse_assets.materials.conductivity import (
    Conductivity,
    ConductivityError,
    conductivity_class,
    labels,
    parse_conductivity,
)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("1.58489e-06", Conductivity(1.58489e-06)),
        (0.012, Conductivity(0.012)),
        ("<1E-10", Conductivity(1e-10, censored=True)),
        (" < 1e-8 ", Conductivity(1e-8, censored=True)),
        (".5", Conductivity(0.5)),
    ],
)
def test_reported_values(text: str | float, expected: Conductivity) -> None:
    assert parse_conductivity(text) == expected


@pytest.mark.parametrize("text", ["0", "-1e-5", "<0", "high", "", "nan", "inf", "1e-5 S/cm", "1e999"])
def test_values_that_are_none(text: str) -> None:
    with pytest.raises(ConductivityError, match="conductivity"):
        parse_conductivity(text)


@pytest.mark.parametrize(
    ("sigma", "expected"),
    [
        (9.9e-7, "low"),
        (1e-6, "moderate"),
        (9.9e-5, "moderate"),
        (1e-4, "high"),
        (9.9e-4, "high"),
        (1e-3, "superionic"),
    ],
)
def test_classes_of_figure_4b(sigma: float, expected: str) -> None:
    assert conductivity_class(sigma) == expected


def test_the_conventions_differ_in_censored_rows_alone() -> None:
    electrolytes = pd.DataFrame(
        {"electrolyte_id": ["x", "y"], "sigma_s_cm": [1e-4, 1e-10], "censored": [False, True]}
    )
    table = labels(electrolytes)
    assert table.loc["x"].tolist() == pytest.approx([-4, -4])
    assert table.loc["y", "bound"] == pytest.approx(-10)
    assert table.loc["y", "obelix"] == pytest.approx(math.log10(1e-15))
