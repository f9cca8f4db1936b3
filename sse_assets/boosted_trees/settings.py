"""Hyperparameters of the boosted trees."""

from dataclasses import dataclass
from typing import Annotated

from annotated_types import Ge, Gt, Le

from sse_assets.ranges import check_ranges


@dataclass(frozen=True)
class BoostedTreesSettings:
    """Parameters of XGBoost; the defaults are the optimum of the paper's Table 1."""

    n_estimators: Annotated[int, Ge(1)] = 242
    """Boosting rounds."""
    reg_lambda: Annotated[float, Ge(0)] = 24.922
    """L2 penalty on leaf values."""
    reg_alpha: Annotated[float, Ge(0)] = 2.345
    """L1 penalty on leaf values."""
    max_depth: Annotated[int, Ge(1)] = 8
    """Largest number of splits between the root and a leaf."""
    num_parallel_tree: Annotated[int, Ge(1)] = 8
    """Trees of each round, a small forest that is averaged."""
    min_child_weight: Annotated[float, Ge(0)] = 1
    """Smallest number of rows in a leaf (sum of second derivatives, which is one a row for squared error)."""
    subsample: Annotated[float, Gt(0), Le(1)] = 0.659
    """Share of the rows that each tree sees."""
    learning_rate: Annotated[float, Gt(0), Le(1)] = 0.084
    """Factor by which each round's correction is shrunk."""
    gamma: Annotated[float, Ge(0)] = 0.015
    """Smallest reduction of the loss for which a leaf is split."""
    seed: Annotated[int, Ge(0)] = 0
    """Seed of the row subsampling; the paper gives none."""

    def __post_init__(self) -> None:
        check_ranges(self)
