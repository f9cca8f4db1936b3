from pathlib import Path

import pandas as pd
import pytest

from sse_assets.descriptors.crystals import read_crystals
from sse_assets.materials.crystal import Crystal
from sse_assets.sources.obelix import read_measurements, read_structures


@pytest.fixture(scope="session")
def obelix_electrolytes(data_mirror: Path) -> pd.DataFrame:
    """OBELiX's table with the columns that descriptors read."""
    table = read_measurements(data_mirror / "obelix" / "all.csv")
    return table.rename(columns={"source_id": "electrolyte_id"})


@pytest.fixture(scope="session")
def obelix_crystals(data_mirror: Path) -> dict[str, Crystal]:
    """OBELiX's 321 CIFs, parsed; no one may change them."""
    structures = read_structures(data_mirror / "obelix" / "all_cifs.tar.gz")
    crystals, failures = read_crystals(structures.rename(columns={"source_id": "electrolyte_id"}))
    assert failures == []
    return crystals
