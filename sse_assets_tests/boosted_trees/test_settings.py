from dataclasses import asdict

from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.report.published import TABLE_1_SETTINGS


def test_the_defaults_are_table_1() -> None:
    assert asdict(BoostedTreesSettings()) == TABLE_1_SETTINGS | {"seed": 0}
