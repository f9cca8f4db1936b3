"""Choice of the compounds with Li that a database is asked for."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge

from sse_assets.ranges import check_ranges


@dataclass(frozen=True)
class LithiumCompounds:
    """Compounds with Li that are asked for."""

    least_elements: Annotated[int, Ge(1)] = 3
    without: tuple[str, ...] = ("H",)
    """Elements that may not be there."""
    most: Annotated[int, Ge(1)] = 1000
    """Structures that are taken; the provider's order decides which."""

    def __post_init__(self) -> None:
        check_ranges(self)

    @property
    def filter(self) -> str:
        """The question in OPTIMADE's language."""
        excluded = ",".join(f'"{symbol}"' for symbol in self.without)
        parts = ['elements HAS "Li"', f"nelements>={self.least_elements}"]
        return " AND ".join([*parts, f"NOT (elements HAS ANY {excluded})"] if excluded else parts)
