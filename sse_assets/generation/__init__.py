"""Crystal structures for compositions that have none: evolutionary search with CHGNet (paper, II.B, III.B).

The package lists the measured compositions that are worth a search, searches a crystal for each by
generations of candidates, and tests in dynamics whether the crystal holds. Every candidate leaves a line in a
journal, from which a search that was killed goes on.
"""

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from sse_assets.generation.composition_search import search_composition, search_compositions

__all__ = ["search_composition", "search_compositions"]


def __getattr__(name: str) -> object:
    if name not in __all__:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    from sse_assets.generation import composition_search  # with torch, which takes seconds

    return getattr(composition_search, name)
