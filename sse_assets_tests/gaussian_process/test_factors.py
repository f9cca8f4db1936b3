"""The process with some of its factors: what is left out has no say."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.gaussian_process.factors import Coalition, predict_with_factors
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.tables.names import KernelFactor
from sse_assets_tests.gaussian_process.conftest import CELL, CHEMISTRY

COLUMNS = {
    KernelFactor.CHEMISTRY: CHEMISTRY,
    KernelFactor.CELL: CELL[:1],
    KernelFactor.PROTOTYPE: CELL[1:],
}
COMPOSITION, EVERY = KernelFactor.COMPOSITION, frozenset(KernelFactor)


def predicted(materials: pd.DataFrame, label: pd.Series) -> dict[Coalition, pd.Series]:
    ids = materials.index
    folds = [(ids[np.arange(60) % 3 != n], ids[np.arange(60) % 3 == n]) for n in range(3)]
    dois = pd.Series(None, index=ids, dtype="str")
    return predict_with_factors(
        materials, label, dois, folds, columns=COLUMNS, settings=GaussianProcessSettings()
    )


@pytest.fixture(scope="module")
def outcome(materials: pd.DataFrame, label: pd.Series) -> dict[Coalition, pd.Series]:
    return predicted(materials, label)


def test_every_subset_predicts_every_row(outcome, materials: pd.DataFrame) -> None:
    assert len(outcome) == 16
    assert all(set(mean.index) == set(materials.index) for mean in outcome.values())


def test_all_factors_are_the_process_itself(outcome, materials: pd.DataFrame, label: pd.Series) -> None:
    ids = materials.index
    model = GaussianProcessModel.fit(
        materials,
        label,
        pd.Series(None, index=ids, dtype="str"),
        GaussianProcessSettings(),
        chemistry=CHEMISTRY,
        cell=CELL,
    )
    first = ids[np.arange(60) % 3 == 0]
    own = model.leave_out([(ids.difference(first), first)])[0]["mean"]
    np.testing.assert_allclose(outcome[EVERY].loc[first], own)


def test_without_factors_all_materials_get_one_answer_in_a_fold(outcome) -> None:
    assert outcome[frozenset()].round(9).nunique() == 3


@pytest.mark.parametrize(
    ("factor", "column"),
    [
        (KernelFactor.CHEMISTRY, "oxide_share"),
        (KernelFactor.CELL, "volume"),
        (KernelFactor.PROTOTYPE, "system"),
    ],
)
def test_a_factor_left_out_has_no_say(
    outcome, materials: pd.DataFrame, label: pd.Series, factor: KernelFactor, column: str
) -> None:
    other = predicted(materials.assign(**{column: materials[column].to_numpy()[::-1]}), label)
    for factors, mean in outcome.items():
        assert np.allclose(other[factors], mean) == (factor not in factors)


def test_composition_left_out_has_no_say(outcome, materials: pd.DataFrame, label: pd.Series) -> None:
    elements = ["Li", "P", "Zr", "S"]
    other = predicted(
        materials.assign(**dict(zip(elements, materials[elements[::-1]].T.to_numpy(), strict=True))), label
    )
    for factors, mean in outcome.items():
        assert np.allclose(other[factors], mean) == (COMPOSITION not in factors)
