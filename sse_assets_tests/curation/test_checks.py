"""The checks on the curated tables count what they say."""

import dagster as dg
import pytest

from sse_assets.assets.curated import crystals_fit_their_files
from sse_assets.tables import curated


@pytest.mark.parametrize(
    ("remarks", "counts"),
    [([None, None], {}), (["volume;origin", "volume", None], {"volume": 2, "origin": 1})],
)
def test_remarks_on_crystals_are_counted_by_kind(remarks: list[str | None], counts: dict[str, int]) -> None:
    rows = [{"structure_remarks": remark, "structure_origin": "inbox"} for remark in remarks]
    result = crystals_fit_their_files(curated.ELECTROLYTES.frame(rows))
    assert isinstance(result, dg.AssetCheckResult)
    assert result.passed == (not counts)
    assert result.severity is dg.AssetCheckSeverity.WARN
    assert {name: value.value for name, value in result.metadata.items()} == counts
    assert f"Of {len(remarks)} crystals" in (result.description or "")
