"""Questions that need several stages: what a stored model says of a new material, and which model answers.

>>> from sse_assets.screening import Predictor, choose_model, judge_challenger, stored_models
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sse_assets.screening.challenge import judge_challenger
    from sse_assets.screening.model_choice import choose_model, stored_models
    from sse_assets.screening.predictor import Predictor

__all__ = ["Predictor", "choose_model", "judge_challenger", "stored_models"]

_MODULES = {
    "Predictor": "predictor",
    "choose_model": "model_choice",
    "judge_challenger": "challenge",
    "stored_models": "model_choice",
}


def __getattr__(name: str) -> Any:
    if name not in _MODULES:
        raise AttributeError(f"{__name__} has no {name!r}")
    return getattr(import_module(f"{__name__}.{_MODULES[name]}"), name)
