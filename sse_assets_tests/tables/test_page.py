from pathlib import Path

from sse_assets.tables.page import page

PAGE = Path(__file__).parents[2] / "docs" / "tables.md"


def test_the_page_of_the_tables_is_current() -> None:
    assert PAGE.read_text() == page(), "make it again: python -m sse_assets.tables > docs/tables.md"
