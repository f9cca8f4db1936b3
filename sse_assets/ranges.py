"""Ranges of settings: each is declared once, at the type of a field, and read by the check and by the UI.

@dataclass(frozen=True)
class SplitSettings:
    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
"""

import operator
from typing import Any, get_type_hints

from annotated_types import Ge, Gt, Le, Lt

_BOUNDS = {
    Gt: ("gt", "above {}", operator.gt),
    Ge: ("ge", "at least {}", operator.ge),
    Lt: ("lt", "below {}", operator.lt),
    Le: ("le", "at most {}", operator.le),
}


def ranges(settings_type: type) -> dict[str, str]:
    """Return the range of each field that has one, in words.

    >>> from sse_assets.splits.settings import SplitSettings
    >>> ranges(SplitSettings)["test_share"]
    'above 0 and below 1'
    """
    return {
        name: " and ".join(words.format(limit) for words, limit, _ in bounds)
        for name, bounds in _bounds(settings_type).items()
    }


def check_ranges(settings: object) -> None:
    """Refuse settings with a value outside its range.

    Args:
        settings: a dataclass; None is in every range.

    Raises:
        ValueError: naming the first such field, its value and its range. A value that is not a number (NaN)
            is in no range.
    """
    for name, bounds in _bounds(type(settings)).items():
        value = getattr(settings, name)
        if value is not None and not all(holds(value, limit) for _, limit, holds in bounds):
            raise ValueError(f"{name} is {value}: it must be {ranges(type(settings))[name]}")


def _bounds(settings_type: type) -> dict[str, list[tuple[str, Any, Any]]]:
    found = {}
    for name, hint in get_type_hints(settings_type, include_extras=True).items():
        bounds = [
            (words, getattr(bound, attribute), holds)
            for bound in getattr(hint, "__metadata__", ())
            for attribute, words, holds in [_BOUNDS[type(bound)]]
        ]
        if bounds:
            found[name] = bounds
    return found
