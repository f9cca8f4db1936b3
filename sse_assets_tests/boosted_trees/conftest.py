"""A made-up feature set with a signal, and trees small enough to fit in no time."""

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees.settings import BoostedTreesSettings

N_ROWS = 90


@pytest.fixture(scope="session")
def settings() -> BoostedTreesSettings:
    return BoostedTreesSettings(
        n_estimators=12, num_parallel_tree=2, max_depth=3, reg_lambda=1.0, learning_rate=0.3
    )


@pytest.fixture(scope="session")
def features() -> pd.DataFrame:
    """Three features in very different units, one of them unknown in places, and a constant one."""
    random = np.random.default_rng(0)
    ids = pd.Index([f"made-up:{number:02}" for number in range(N_ROWS)], name="electrolyte_id")
    table = pd.DataFrame(
        {
            "O": random.uniform(0, 1, N_ROWS),
            "a": random.uniform(5e3, 20e3, N_ROWS),
            "poav": random.uniform(0, 1e-3, N_ROWS),
            "Xe": 0.0,
        },
        index=ids,
    )
    table.loc[ids[::9], "poav"] = np.nan
    return table


@pytest.fixture(scope="session")
def labels(features: pd.DataFrame) -> pd.DataFrame:
    """log10 σ from O and a, with noise; every tenth row is censored at 1e-10."""
    noise = np.random.default_rng(1).normal(0, 0.2, N_ROWS)
    bound = -3 - 4 * features["O"] + features["a"] / 1e4 + noise
    obelix = bound.copy()
    bound.iloc[::10], obelix.iloc[::10] = -10.0, -15.0
    return pd.DataFrame({"obelix": obelix, "bound": bound})


@pytest.fixture(scope="session")
def groups(features: pd.DataFrame) -> pd.Series:
    return pd.Series(np.arange(N_ROWS) // 3, index=features.index)


@pytest.fixture(scope="session")
def assignments(features: pd.DataFrame) -> pd.DataFrame:
    """`diversity` with one fold, `random` with three."""
    folds = [("diversity", 0, features.index[:18])]
    folds += [("random", fold, features.index[fold::3]) for fold in range(3)]
    return pd.concat(
        pd.DataFrame(
            {
                "protocol": protocol,
                "fold": fold,
                "electrolyte_id": features.index,
                "role": np.where(features.index.isin(test), "test", "train"),
            }
        )
        for protocol, fold, test in folds
    )
