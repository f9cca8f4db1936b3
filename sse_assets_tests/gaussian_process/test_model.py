import time

import numpy as np
import pandas as pd
import pytest
from sklearn.gaussian_process import GaussianProcessRegressor
from sklearn.gaussian_process.kernels import ConstantKernel, Matern, WhiteKernel

from sse_assets.gaussian_process.inputs import paper_numbers
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY


@pytest.fixture(scope="module")
def model(materials: pd.DataFrame, label: pd.Series, dois: pd.Series) -> GaussianProcessModel:
    return fitted(materials.iloc[:50], label, dois)


def fitted(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series, optimise: bool = False
) -> GaussianProcessModel:
    settings = GaussianProcessSettings(optimise=optimise)
    return GaussianProcessModel.fit(materials, label, dois, settings, chemistry=CHEMISTRY, cell=CELL)


def test_a_case_that_scikit_learn_can_do_alone() -> None:
    # Of Li and H alone, with x the fraction of Li: L1 is 2|Δx| and the earth mover moves |Δx| by 91 places.
    x = np.linspace(0.05, 0.95, 15)
    table = pd.DataFrame({"Li": x, "H": 1 - x})
    y = pd.Series(np.sin(5 * x) - 6)
    settings = GaussianProcessSettings(paper_variance=0.0)
    ours = GaussianProcessModel.fit(table, y, pd.Series(None, index=table.index, dtype=object), settings)
    kernel = Matern(0.5 / 2, nu=0.5) + Matern(8 / 91, nu=0.5) + WhiteKernel(settings.noise_variance)
    centred = (y - y.median()).to_numpy()
    variance = float(centred @ np.linalg.solve(kernel(x[:, np.newaxis]), centred)) / len(y)
    theirs = GaussianProcessRegressor(ConstantKernel(variance) * kernel, alpha=0.0, optimizer=None)
    theirs.fit(x[:, np.newaxis], centred)
    new = np.array([0.2, 0.33, 0.71])
    mean, std = theirs.predict(new[:, np.newaxis], return_std=True)
    predicted = ours.predict(pd.DataFrame({"Li": new, "H": 1 - new}))
    np.testing.assert_allclose(predicted["mean"], y.median() + mean)
    np.testing.assert_allclose(predicted["std"], std)


def test_it_learns_and_is_less_sure_far_away(
    model: GaussianProcessModel, materials: pd.DataFrame, label: pd.Series
) -> None:
    predicted = model.predict(materials.iloc[50:])
    error = (predicted["mean"] - label.iloc[50:]).abs().mean()
    assert error < 0.6 * (label.iloc[50:] - label.iloc[:50].median()).abs().mean()
    odd = materials.iloc[[0]].assign(Li=0, P=0, Zr=0, S=0, I=1.0, volume=90.0)
    assert model.predict(odd)["std"].item() > predicted["std"].max()


def test_the_search_finds_a_larger_marginal_likelihood(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    start, best = (fitted(materials, label, dois, optimise=flag).regressor for flag in (False, True))
    assert best.log_marginal_likelihood() > start.log_marginal_likelihood() + 1


def test_the_order_of_the_rows_does_not_matter(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    one, other = (fitted(rows, label, dois).predict(materials) for rows in (materials, materials.iloc[::-1]))
    pd.testing.assert_frame_equal(one, other, atol=1e-9)


def test_a_thousand_rows_take_seconds(materials: pd.DataFrame, label: pd.Series) -> None:
    rng = np.random.default_rng(0)
    many = materials.iloc[rng.integers(0, 60, 1000)].reset_index(drop=True)
    many["volume"] += rng.normal(0, 1, 1000)
    y = label.iloc[rng.integers(0, 60, 1000)].reset_index(drop=True)
    started = time.process_time()
    fitted(many, y, pd.Series(None, index=many.index, dtype=object)).predict(many.iloc[:100])
    assert time.process_time() - started < 20  # half a second on an idle core


def test_nothing_to_train_on_is_refused(materials: pd.DataFrame, label: pd.Series, dois: pd.Series) -> None:
    with pytest.raises(ValueError, match="no electrolytes to train on"):
        fitted(materials.iloc[:0], label, dois)


def test_rows_left_out_are_predicted_as_by_a_process_without_them(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    whole = fitted(materials, label, dois)
    held_out = materials.index[9:15]  # papers 3 and 4 as a whole
    train = materials.index.difference(held_out)
    # The same z-scores, as the rows that are left out still count in them.
    rows = whole.inputs.rows(materials.loc[train], paper_numbers(dois.loc[train]))
    without = GaussianProcessModel._of_rows(
        whole.settings, whole.inputs, tuple(train), rows, label.loc[train].to_numpy()
    )
    pd.testing.assert_frame_equal(
        whole.leave_out([(train, held_out)])[0], without.predict(materials.loc[held_out])
    )


def test_other_labels_are_left_out_in_one_go_as_by_themselves(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    whole = fitted(materials, label, dois)
    other = whole.with_labels(label.mask(label.index == "e3", -15.0))
    folds = [(materials.index[4:], materials.index[:4]), (materials.index[:4], materials.index[4:])]
    together = whole.leave_out(folds, also=[other])
    for one, alone in zip(together, (whole.leave_out(folds), other.leave_out(folds)), strict=True):
        pd.testing.assert_frame_equal(one, alone[0], check_exact=True)
    assert not together[0].equals(together[1])


def test_the_mean_alone_is_that_of_a_prediction(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    model = fitted(materials, label, dois)
    pd.testing.assert_series_equal(
        model.predict_mean(materials), model.predict(materials)["mean"], check_exact=True
    )


def test_a_row_that_did_not_train_cannot_be_left_out(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    with pytest.raises(KeyError, match="stranger"):
        fitted(materials, label, dois).leave_out([(materials.index[:9], pd.Index(["stranger"]))])


def test_other_labels_give_what_a_fit_on_them_gives(
    materials: pd.DataFrame, label: pd.Series, dois: pd.Series
) -> None:
    other = label.mask(label.index == "e3", -15.0)
    pd.testing.assert_frame_equal(
        fitted(materials, label, dois).with_labels(other).predict(materials),
        fitted(materials, other, dois).predict(materials),
    )
