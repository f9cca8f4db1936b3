"""Made-up electrolytes with sources, and OBELiX's own rows."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sse_assets.materials.conductivity import conductivity_class, parse_conductivity
from sse_assets.materials.formula import composition_key, parse_composition


@pytest.fixture
def electrolytes() -> pd.DataFrame:
    """120 rows of 30 papers; some compositions occur in two papers; no official split."""
    random = np.random.default_rng(7)
    papers = np.sort(random.integers(30, size=120))
    return pd.DataFrame(
        {
            "electrolyte_id": [f"made-up:{number:03}" for number in range(120)],
            "source": "sample",
            "doi": [f"10.1/{paper}" if paper % 10 else None for paper in papers],
            "composition_key": [f"C{paper}-{random.integers(4)}" for paper in papers // 2],
            "conductivity_class": random.choice(["low", "moderate", "high", "superionic"], size=120),
            "official_role": None,
        }
    )


@pytest.fixture
def features(electrolytes: pd.DataFrame) -> pd.DataFrame:
    values = np.random.default_rng(3).normal(size=(len(electrolytes), 4))
    values[::7, 2] = np.nan
    return pd.DataFrame(values, index=electrolytes["electrolyte_id"], columns=list("abcd"))


@pytest.fixture(scope="session")
def obelix(data_mirror: Path) -> pd.DataFrame:
    """OBELiX's 599 rows with the columns that splits need."""
    table = pd.read_csv(data_mirror / "obelix" / "all.csv")
    official_test = pd.read_csv(data_mirror / "obelix" / "test_idx.csv")["ID"]
    sigmas = [parse_conductivity(text).sigma_s_cm for text in table["Ionic conductivity (S cm-1)"]]
    return pd.DataFrame(
        {
            "electrolyte_id": "obelix:" + table["ID"],
            "source": "obelix",
            "doi": table["DOI"],
            "composition_key": [
                composition_key(parse_composition(formula)) for formula in table["True Composition"]
            ],
            "conductivity_class": [conductivity_class(sigma).value for sigma in sigmas],
            "official_role": np.where(table["ID"].isin(official_test), "test", "train"),
            "a": table["a"],
            "b": table["b"],
            "c": table["c"],
        }
    )
