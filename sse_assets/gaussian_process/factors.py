"""What the process says with some of its factors only, of materials whose paper it did not see."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from itertools import combinations

import pandas as pd

from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.gaussian_process.training import Fold
from sse_assets.tables.names import KernelFactor

Coalition = frozenset[KernelFactor]
"""Factors that compare; the others take all materials for alike."""
_ALIKE = math.inf
"""Length at which the composition's factor takes any two materials for alike."""


def predict_with_factors(
    features: pd.DataFrame,
    label: pd.Series,
    dois: pd.Series,
    folds: Sequence[Fold],
    *,
    columns: Mapping[KernelFactor, tuple[str, ...]],
    settings: GaussianProcessSettings,
) -> dict[Coalition, pd.Series]:
    """Predict held-out rows by the process with each subset of its factors.

    A factor that is left out is one for any two materials. The constants of the others stay as they are.

    Args:
        features: columns as `inputs.Inputs.rows` asks; index electrolyte_id.
        label: log10(σ / (S/cm)); index as that of features.
        dois: paper of each row, missing where unknown; index as that of features.
        folds: ids that train, and ids that are predicted; no paper may be on both sides.
        columns: of chemistry, cell and prototype; composition has the elements. A factor that is not named is
            left out.
        settings: of the kernel.

    Returns:
        Predicted log10(σ / (S/cm)) by coalition, 16 where all four factors are there; index the rows that are
        predicted.
    """
    factors = [KernelFactor.COMPOSITION, *columns]
    predicted = {}
    for size in range(len(factors) + 1):
        for coalition in combinations(factors, size):
            of_columns = {name: columns[name] for name in coalition if name in columns}
            model = GaussianProcessModel.fit(
                features,
                label,
                dois,
                settings if KernelFactor.COMPOSITION in coalition else _without_composition(settings),
                chemistry=of_columns.pop(KernelFactor.CHEMISTRY, ()),
                cell=tuple(name for names in of_columns.values() for name in names),
            )
            (left_out,) = model.leave_out(folds)
            predicted[frozenset(coalition)] = left_out["mean"]
    return predicted


def _without_composition(settings: GaussianProcessSettings) -> GaussianProcessSettings:
    return replace(settings, fractions_length=_ALIKE, cumulative_length=_ALIKE)
