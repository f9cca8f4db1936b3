"""Made-up materials: element fractions, one chemistry and two cell numbers, and labels that follow from
them."""

import numpy as np
import pandas as pd
import pytest

CHEMISTRY = ("oxide_share",)
CELL = ("volume", "system")


@pytest.fixture(scope="session")
def materials() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    fractions = rng.dirichlet([2, 1, 1, 3], size=60)
    table = pd.DataFrame(fractions, columns=["Li", "P", "Zr", "S"], index=[f"e{n}" for n in range(60)])
    return table.assign(
        oxide_share=rng.random(60), volume=rng.normal(20, 3, 60), system=rng.integers(1, 8, 60).astype(float)
    )


@pytest.fixture(scope="session")
def label(materials: pd.DataFrame) -> pd.Series:
    return -8 + 6 * materials["Li"] + 2 * materials["oxide_share"] + 0.05 * materials["volume"]


@pytest.fixture(scope="session")
def dois(materials: pd.DataFrame) -> pd.Series:
    return pd.Series([None if n % 5 == 0 else f"10.1/{n // 3}" for n in range(60)], index=materials.index)
