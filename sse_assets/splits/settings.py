"""What the protocols leave open."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Lt

from sse_assets.ranges import check_ranges


@dataclass(frozen=True)
class SplitSettings:
    """Settings that the protocols leave open; the paper's 80/20 is the default."""

    test_share: Annotated[float, Gt(0), Lt(1)] = 0.2
    """Share of the rows that `diversity` tests on."""
    folds: Annotated[int, Ge(2)] = 5
    """Number of folds of `random` and of `grouped`."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of `random`, `papers` and `grouped`; the other two protocols draw nothing."""

    def __post_init__(self) -> None:
        check_ranges(self)
