"""What a step leaves in the UI when its table is stored."""

from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sse_assets.orchestration.io import TableIOManager, table_asset, table_result
from sse_assets.orchestration.settings import Settings


@table_asset("curated.rows", "Rows.", code_version="1")
def rows() -> dg.MaterializeResult[pd.DataFrame]:
    return table_result(pd.DataFrame({"formula": ["Li3N"]}))


def test_where_a_table_lies_is_said_below_the_blob_root(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSE_HOME", str(tmp_path / "home"))
    monkeypatch.setenv("SSE_BLOB_ROOT", "")
    settings = Settings.from_environment()
    result = dg.materialize([rows], resources={"io_manager": TableIOManager(settings, {})})
    (made,) = result.asset_materializations_for_node("curated__rows")
    assert (settings.blob_root / str(made.metadata["parquet"].value)).is_file()
    assert str(tmp_path) not in repr(made.metadata)  # a home may be moved
