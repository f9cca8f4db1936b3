"""Hyperparameters of the boosted trees."""

from dataclasses import dataclass


@dataclass(frozen=True)
class BoostedTreesSettings:
    """Parameters of XGBoost; the defaults are the optimum of the paper's Table 1."""

    n_estimators: int = 242
    """Boosting rounds."""
    reg_lambda: float = 24.922
    """L2 penalty on leaf values."""
    reg_alpha: float = 2.345
    """L1 penalty on leaf values."""
    max_depth: int = 8
    """Largest number of splits between the root and a leaf."""
    num_parallel_tree: int = 8
    """Trees of each round, a small forest that is averaged."""
    min_child_weight: float = 1
    """Smallest number of rows in a leaf (sum of second derivatives, which is one a row for squared error)."""
    subsample: float = 0.659
    """Share of the rows that each tree sees."""
    learning_rate: float = 0.084
    """Factor by which each round's correction is shrunk."""
    gamma: float = 0.015
    """Smallest reduction of the loss for which a leaf is split."""
    seed: int = 0
    """Seed of the row subsampling; the paper gives none."""
