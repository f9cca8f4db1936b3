"""Shares of the classes, against distributions whose quantiles are known."""

import math

import numpy as np
import pytest
from scipy.stats import norm, t

from sse_assets.materials.conductivity import ConductivityClass
from sse_assets.screening.class_probabilities import class_probabilities, degrees_of_freedom


@pytest.mark.parametrize("freedom", [1.5, 3.0, 10.0])
def test_the_distribution_has_both_intervals(freedom: float) -> None:
    ratio = t.ppf(0.95, freedom) / t.ppf(0.75, freedom)
    assert degrees_of_freedom(ratio) == pytest.approx(freedom, rel=1e-6)


def test_shares_are_those_of_the_distribution() -> None:
    # A t distribution of three degrees around -4 with scale 1: half lies below 1e-4 S/cm.
    half_50, half_90 = np.array([t.ppf(0.75, 3)]), np.array([t.ppf(0.95, 3)])
    (shares,) = class_probabilities(np.array([-4.0]), half_50, half_90)
    assert list(shares) == list(ConductivityClass)
    assert shares[ConductivityClass.LOW] == pytest.approx(t.cdf(-2, 3))
    assert shares[ConductivityClass.LOW] + shares[ConductivityClass.MODERATE] == pytest.approx(0.5)
    assert shares[ConductivityClass.SUPERIONIC] == pytest.approx(t.sf(1, 3))


def test_one_interval_or_narrow_tails_give_a_normal_distribution() -> None:
    half = np.array([norm.ppf(0.95), math.nan])
    for half_50 in (None, np.array([1.0, math.nan])):
        known, unknown = class_probabilities(np.array([-6.0, -6.0]), half_50, half)
        assert known[ConductivityClass.LOW] == pytest.approx(0.5)
        assert known[ConductivityClass.MODERATE] == pytest.approx(norm.cdf(2) - 0.5, abs=1e-5)
        assert unknown == {}
