"""The page of `sse-assets serve` in a browser."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from sse_assets_tests.command_line import environment_of
from sse_assets_tests.screening.stored import ROCK_SALT, stored_home
from sse_assets_tests.services.processes import Process, answers, free_port

pytestmark = pytest.mark.services


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    home = stored_home(tmp_path_factory.mktemp("serve") / "home")
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "sse_assets.cli", "serve", "--port", str(port)]
    with Process(command, log=home / "serve.log", environment=environment_of(home)) as server:
        server.wait_until(lambda: answers(f"{address}/status"))
        yield address


@pytest.fixture
def page(browser: Browser, address: str) -> Iterator[Page]:
    page = browser.new_page()
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    page.goto(address)
    yield page
    assert faults == []
    page.close()


def test_a_formula_is_answered_and_a_hostile_one_is_text(page: Page) -> None:
    first = page.locator(".answer").first
    page.fill("#formula", "LiCl")
    page.press("#formula", "Enter")
    expect(first).to_contain_text("mS/cm")
    expect(first).to_contain_text("LiCl (the same)")
    expect(first).to_contain_text("class: low ")
    expect(first).to_contain_text("by gaussian_process, trained on ")
    assert first.locator("a").first.get_attribute("href").startswith("https://doi.org/10.")
    page.fill("#formula", "<img src=x onerror=document.title='taken'>")
    page.press("#formula", "Enter")
    expect(first).to_contain_text("not answered: cannot read the formula")
    expect(page).to_have_title("Ask for a solid electrolyte")


def test_a_cif_is_dropped(page: Page, tmp_path: Path) -> None:
    data = page.evaluate_handle(
        """text => { const data = new DataTransfer();
        data.items.add(new File([text], "mine.cif", {type: "text/plain"})); return data; }""",
        ROCK_SALT,
    )
    page.dispatch_event("#drop", "drop", {"dataTransfer": data})
    expect(page.locator(".answer").first).to_contain_text("mine.cif")
    expect(page.locator(".answer").first).to_contain_text("the cell of the CIF")
