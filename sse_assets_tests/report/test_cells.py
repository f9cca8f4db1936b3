"""How numbers are printed in the tables of the report."""

import pytest

from sse_assets.report.cells import number


@pytest.mark.parametrize(
    ("value", "text"), [(-1.26, "−1.3"), (1.26, "1.3"), (-0.002, "0.0"), (float("nan"), "–")]
)
def test_a_number_has_a_minus_sign_where_its_digits_show_one(value: float, text: str) -> None:
    assert number(value, digits=1).text == text
