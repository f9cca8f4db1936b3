"""Gradient-boosted trees on descriptors: training, Bayesian tuning and SHAP (paper, sections II.C, III.C).

XGBoost, scikit-optimize and SHAP are imported when a function that needs them is first asked for.

>>> from sse_assets.boosted_trees import train_feature_set, tune, shap_values
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sse_assets.boosted_trees.explanation import shap_values
    from sse_assets.boosted_trees.training import train_feature_set
    from sse_assets.boosted_trees.tuning import tune

__all__ = ["shap_values", "train_feature_set", "tune"]

_MODULES = {"shap_values": "explanation", "train_feature_set": "training", "tune": "tuning"}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"{__name__} has no {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
