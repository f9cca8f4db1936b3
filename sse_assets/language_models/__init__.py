"""Language models on prompts: fine-tuning, answers as numbers, and predictions for new materials.

PyTorch is imported when a function that needs it is first asked for.

>>> from sse_assets.language_models import run_case
"""

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from sse_assets.language_models.protocols import run_case

__all__ = ["run_case"]


def __getattr__(name: str) -> Any:
    if name not in __all__:
        raise AttributeError(f"{__name__} has no {name!r}")
    return getattr(import_module(f"{__name__}.protocols"), name)
