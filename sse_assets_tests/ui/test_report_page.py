"""The report in a browser: from a file, without a network, with plots to hover over and tables to sort."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sse_assets.report.inputs import ReportInputs
from sse_assets.report.page import render_report
from sse_assets.tables import metrics
from sse_assets_tests.report.conftest import answers, inputs, run
from sse_assets_tests.ui.conftest import page_of

__all__ = ["answers", "inputs", "run"]

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def file(inputs: ReportInputs, tmp_path_factory: pytest.TempPathFactory) -> Path:
    scored = {"entry": "submitted", "variant": "none", "label_convention": "bound", "n": 20.0, "rank": 1.0}
    scored |= {"protocol": "grouped", "metric": "mae", "low": 0.5, "high": 20.0, "source": "a test"}
    board = metrics.LEADERBOARD.frame(
        [scored | {"model": name, "value": value} for name, value in (("a", 2.0), ("b", 10.0), ("c", 1.0))]
    )
    path = tmp_path_factory.mktemp("page") / "report.html"
    path.write_text(render_report(replace(inputs, judging=replace(inputs.judging, leaderboard=board))))
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    size = {"width": 1300, "height": 900}
    with page_of(browser, file, ("file:", "blob:", "data:"), viewport=size) as page:
        yield page


def test_a_point_tells_what_it_is(page: Page) -> None:
    plot = page.locator("#parity .js-plotly-plot").last
    plot.scroll_into_view_if_needed()
    expect(plot.locator(".main-svg").first).to_be_visible()
    point = plot.locator(".scatterlayer .points path").last
    point.hover(force=True)
    expect(plot.locator(".hoverlayer .hovertext").first).to_contain_text("measured")


def test_a_click_on_a_title_sorts_the_table_by_number(page: Page) -> None:
    table = page.locator("#leaderboard table").first
    title = table.locator("thead th", has_text="MAE")

    def entries() -> list[str]:
        return table.locator("tbody tr").evaluate_all(
            "rows => rows.map(row => row.cells[2].firstChild.textContent)"
        )

    title.click()
    assert entries() == ["c", "a", "b"]
    title.press("Enter")
    assert entries() == ["b", "a", "c"]
    expect(title).to_have_attribute("aria-sort", "descending")
