"""The page of candidates in a browser, with ten thousand rows and names that would like to be code."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import pandas as pd
import pytest
from playwright.sync_api import Browser, Page, expect

from sse_assets.screening.page import render_screening
from sse_assets.tables import screening
from sse_assets_tests.screening.stored import ROCK_SALT
from sse_assets_tests.ui.conftest import page_of

pytestmark = pytest.mark.services

N = 10_000
HOSTILE = {0: "<script>document.title='taken'</script>", 1: "=cmd|' /C calc'!A0"}
CLASSES = ("low", "moderate", "high", "superionic")


@pytest.fixture(scope="module")
def file(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A page whose rows are made up: place p has log10 σ of -p / 1000, and every tenth is set aside."""
    rows = pd.DataFrame({"candidate_id": [f"{place:05}" for place in range(N)]}).assign(
        candidate_set="made_up",
        material=[HOSTILE.get(place, f"Li{place}PS5Cl") for place in range(N)],
        formula="Li6PS5Cl",
        composition_key="Li",
        anion="Sulfide",
        log10_sigma=[-place / 1000 for place in range(N)],
        conductivity_class=[CLASSES[place % 4] for place in range(N)],
        outside_domain=False,
        measured=False,
        answered_by="m",
        rank=[None if place % 10 == 9 else float(place + 1) for place in range(N)],
        set_aside=[f"reason {place}" if place % 10 == 9 else None for place in range(N)],
        cif=[ROCK_SALT if place == 2 else None for place in range(N)],
    )
    rows = rows.assign(low_90=rows["log10_sigma"] - 1, high_90=rows["log10_sigma"] + 1)
    tables = [table.frame(rows) for table in (screening.RANKING, screening.PREDICTIONS, screening.CANDIDATES)]
    html = render_screening(*tables, screening.NEXT_EXPERIMENTS.frame(), datetime.now(UTC))
    path = tmp_path_factory.mktemp("page") / "screening.html"
    path.write_text(html)
    return path


@pytest.fixture
def page(browser: Browser, file: Path) -> Iterator[Page]:
    with page_of(browser, file) as page:
        yield page


def first_line(page: Page) -> str:
    return page.locator(".line").first.locator("div").nth(1).inner_text()


def test_names_are_text(page: Page) -> None:
    expect(page).to_have_title("Screening of solid electrolytes")
    assert first_line(page) == HOSTILE[0]
    page.locator(".line").first.click()
    expect(page.locator("#chosen")).to_contain_text("<script>")


def test_search_classes_and_order(page: Page) -> None:
    count = page.locator("#count")
    expect(count).to_have_text("9000 of 10000")
    page.check("#aside")
    expect(count).to_have_text("10000 of 10000")
    page.uncheck("input[value=low]")
    expect(count).to_have_text("7500 of 10000")
    page.fill("#search", "li4321ps5cl")
    expect(count).to_have_text("1 of 10000")
    page.fill("#search", "")
    page.get_by_text("log10 σ", exact=True).click()
    assert first_line(page) == f"Li{N - 1}PS5Cl"


def test_ten_thousand_rows_do_not_lag(page: Page) -> None:
    page.check("#aside")
    took = page.evaluate(
        """() => { const started = performance.now();
        for (let n = 0; n < 10; n++) { order = ["material", n % 2 ? 1 : -1]; choose(); }
        return (performance.now() - started) / 10; }"""
    )
    assert took < 2000  # 100 ms on an idle core
    assert page.locator(".line").count() <= 40
    page.locator("#table").evaluate("table => { table.scrollTop = table.scrollHeight; }")
    expect(page.locator(".line").last).to_be_visible()


def test_a_row_is_drawn_and_what_is_shown_is_downloaded(page: Page, tmp_path: Path) -> None:
    page.fill("#search", "li2ps5cl")
    page.locator(".line").first.click()
    expect(page.locator("#chosen canvas")).to_be_visible()
    page.fill("#search", "cmd")
    with page.expect_download() as loading:
        page.click("#download")
    loading.value.save_as(tmp_path / "shown.csv")
    table = pd.read_csv(tmp_path / "shown.csv")
    assert table["material"].tolist() == [f"'{HOSTILE[1]}"]
