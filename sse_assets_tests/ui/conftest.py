"""The web UI on a finished run of the sample, and a browser in front of it."""

import shutil
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Locator, Page, sync_playwright

from sse_assets_tests.command_line import environment_of, sse_assets
from sse_assets_tests.services.processes import Process, answers, free_port

PATIENCE_S = 240
_QUIET = [
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]


@contextmanager
def page_of(
    browser: Browser, file: Path, schemes: tuple[str, ...] = ("file:", "blob:"), **options: Any
) -> Iterator[Page]:
    """Open a file in a page that must neither fail nor ask for anything but these kinds of addresses."""
    page = browser.new_page(**options)
    faults: list[str] = []
    page.on("pageerror", lambda error: faults.append(str(error)))
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto(file.as_uri())
    yield page
    assert faults == []
    assert [url for url in asked if not url.startswith(schemes)] == []
    page.close()


@pytest.fixture(scope="session")
def browser() -> Iterator[Browser]:
    chromium = shutil.which("chromium")
    if chromium is None:
        pytest.skip("needs a browser: apt-get install chromium")
    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=chromium, args=_QUIET)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Site:
    """A running web UI."""

    address: str
    home: Path


@pytest.fixture(scope="session")
def site(
    browser: Browser, request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Site]:
    """`sse-assets ui` on the sample's run; on one with the default settings, where pictures are taken."""
    home = tmp_path_factory.mktemp("ui") / "home"
    if request.config.getoption("--screenshots"):
        assert sse_assets(home, "run").exit_code == 0
    else:
        shutil.copytree(request.getfixturevalue("sample_run").home, home)
    address = f"http://127.0.0.1:{(port := free_port())}"
    command = [sys.executable, "-m", "sse_assets.cli", "ui", "--port", str(port)]
    with Process(command, log=home / "ui.log", environment=environment_of(home)) as server:
        server.wait_until(lambda: answers(f"{address}/server_info"))
        yield Site(address, home)


@pytest.fixture
def page(browser: Browser, site: Site) -> Iterator[Page]:
    page = browser.new_page(base_url=site.address, viewport={"width": 1280, "height": 900})
    page.set_default_timeout(PATIENCE_S * 1000)
    yield page
    page.close()


@pytest.fixture
def picture(request: pytest.FixtureRequest) -> Callable[..., None]:
    """Keeps what a page or a part of it looks like, if somebody asked for pictures."""

    def keep(name: str, what: Page | Locator, **how: Any) -> None:
        folder = request.config.getoption("--screenshots")
        if folder is not None:
            what.screenshot(path=folder / f"{name}.png", animations="disabled", **how)

    return keep
