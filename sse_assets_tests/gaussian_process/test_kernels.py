import numpy as np
import pandas as pd
import pytest
from scipy.optimize import approx_fprime
from scipy.stats import wasserstein_distance
from sklearn.base import clone
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from sse_assets.gaussian_process.inputs import Inputs, paper_numbers
from sse_assets.gaussian_process.kernels import AbsoluteExponential, SamePaper
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.materials.pettifor import MODIFIED_PETTIFOR_SCALE
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY


def test_on_one_column_it_is_scikit_learns_matern_of_one_half() -> None:
    X = np.random.default_rng(0).normal(size=(8, 3))
    ours, theirs = AbsoluteExponential(1, 2, 0.7), Matern(length_scale=0.7, nu=0.5)
    np.testing.assert_allclose(ours(X, X[:3]), theirs(X[:, 1:2], X[:3, 1:2]))
    covariance, gradient = ours(X, eval_gradient=True)
    expected, expected_gradient = theirs(X[:, 1:2], eval_gradient=True)
    np.testing.assert_allclose(covariance, expected)
    np.testing.assert_allclose(gradient, expected_gradient, atol=1e-12)


def test_the_gradient_of_the_whole_kernel_is_its_slope(materials: pd.DataFrame, dois: pd.Series) -> None:
    inputs = Inputs.fit(materials, CHEMISTRY, CELL)
    rows = inputs.rows(materials, paper_numbers(dois))[:12]
    kernel = GaussianProcessSettings().kernel(inputs)
    _, gradient = kernel(rows, eval_gradient=True)
    assert gradient.shape[2] == len(kernel.theta) == 6
    slopes = approx_fprime(kernel.theta, lambda theta: kernel.clone_with_theta(theta)(rows).ravel(), 1e-6)
    np.testing.assert_allclose(gradient.reshape(-1, 6), slopes, atol=1e-5)


def test_a_fixed_length_scale_is_no_hyperparameter() -> None:
    kernel = AbsoluteExponential(0, 1, 2.0, "fixed")
    assert len(kernel.theta) == 0
    assert kernel(np.zeros((3, 1)), eval_gradient=True)[1].shape == (3, 3, 0)


def test_the_kernels_can_be_cloned_and_combined() -> None:
    kernel = ConstantKernel(0.3) * AbsoluteExponential(0, 2, 3.0) + SamePaper(2) + WhiteKernel(0.1)
    assert clone(kernel) == kernel
    assert kernel.diag(np.zeros((4, 3))) == pytest.approx(1.4)


def test_rows_of_one_paper_covary_and_new_papers_do_not() -> None:
    rows = np.array([[0.0], [0.0], [1.0], [-1.0], [-1.0]])
    expected = np.eye(5)
    expected[0, 1] = expected[1, 0] = 1
    np.testing.assert_array_equal(SamePaper(0)(rows), expected)
    np.testing.assert_array_equal(SamePaper(0)(rows[3:], rows), np.zeros((2, 5)))


def test_papers_are_numbered_whatever_their_spelling() -> None:
    dois = pd.Series(["10.1/a", " 10.1/A", None, "", "10.1/a|10.1/b", "10.1/b"])
    assert paper_numbers(dois).tolist() == [0, 0, -1, -1, -1, 1]


def test_the_scale_has_each_element_once_with_h_after_f() -> None:
    assert len(MODIFIED_PETTIFOR_SCALE) == len(set(MODIFIED_PETTIFOR_SCALE)) == 103
    numbers = {symbol: place for place, symbol in enumerate(MODIFIED_PETTIFOR_SCALE)}
    known = {"He": 0, "Li": 11, "La": 31, "Zr": 48, "Ti": 50, "Ge": 83, "P": 88, "S": 95, "O": 96, "H": 102}
    assert {symbol: numbers[symbol] for symbol in known} == known


def test_the_distance_of_two_blocks_is_the_earth_movers() -> None:
    rng = np.random.default_rng(1)
    fractions = pd.DataFrame(rng.dirichlet([1, 1, 1, 1], size=2), columns=["Li", "La", "Zr", "O"])
    inputs = Inputs.fit(fractions, (), ())
    first, last = inputs.blocks["cumulative"]
    one, other = inputs.rows(fractions)[:, first:last]
    places = [MODIFIED_PETTIFOR_SCALE.index(symbol) for symbol in fractions]
    expected = wasserstein_distance(places, places, *fractions.to_numpy())
    assert np.abs(one - other).sum() == pytest.approx(expected)


def test_an_unknown_number_is_refused(materials: pd.DataFrame) -> None:
    inputs = Inputs.fit(materials, CHEMISTRY, CELL)
    with pytest.raises(ValueError, match="impute it from the composition first"):
        inputs.rows(materials.assign(volume=np.nan))
    with pytest.raises(ValueError, match="lacks: volume"):
        inputs.rows(materials.drop(columns="volume"))
