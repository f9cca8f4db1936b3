"""The pages of a run at addresses of the web UI."""

import sys
from pathlib import Path
from types import SimpleNamespace

import pytest
from dagster_webserver.webserver import DagsterWebserver
from starlette.applications import Starlette
from starlette.testclient import TestClient

from sse_assets.orchestration import dagster_internals
from sse_assets.orchestration.pages import REPORT, SCREENING, page_link
from sse_assets.orchestration.web_server import WebServer

MODULE = "sse_assets.orchestration.web_server"


@pytest.fixture
def client(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> TestClient:
    """The UI's routes on a home with a report, and with a file that is nobody's business."""
    monkeypatch.setenv("SSE_HOME", str(tmp_path))
    monkeypatch.setenv("SSE_BLOB_ROOT", "")
    (tmp_path / "blobs" / "reports").mkdir(parents=True)
    (tmp_path / "blobs" / "reports" / REPORT).write_text("<p>σ</p>")
    (tmp_path / "blobs" / "reports" / "secret.html").write_text("secret")
    server = WebServer(SimpleNamespace(instance=None, version="1"))
    return TestClient(Starlette(routes=server.build_routes()))


def test_the_link_of_the_report_has_no_host_and_leads_to_it(client: TestClient) -> None:
    link = page_link(REPORT).value
    assert link.startswith("/")
    found = client.get(link)
    assert (found.status_code, found.text) == (200, "<p>σ</p>")
    assert found.headers["content-type"] == "text/html; charset=utf-8"


def test_a_page_that_was_not_made_says_how_to_make_it(client: TestClient) -> None:
    found = client.get(page_link(SCREENING).value)
    assert found.status_code == 404
    assert "bring_up_to_date" in found.text


def test_no_other_file_can_be_asked_for(client: TestClient) -> None:
    found = client.get("/pages/secret.html")
    assert (found.status_code, found.text) == (
        404,
        "there is no page secret.html: there are report.html and screening.html",
    )


def test_the_ui_is_as_it_was(client: TestClient) -> None:
    assert client.get("/server_info").json()["dagster_webserver_version"]


def test_dagster_dev_starts_this_server(monkeypatch: pytest.MonkeyPatch) -> None:
    from dagster._cli import dev

    started: list[list[str]] = []

    def start(parts: list[str], **more: object) -> None:
        started.append(parts)

    def command(arguments: list[str], prog_name: str) -> None:
        dev.open_ipc_subprocess([sys.executable, "-m", "dagster_webserver", *arguments])

    monkeypatch.setattr(dev, "open_ipc_subprocess", start)
    monkeypatch.setattr(dev, "dev_command", command)
    dagster_internals.dev_with_web_server(MODULE, ["-p", "3000"])
    assert started == [[sys.executable, "-m", MODULE, "-p", "3000"]]
    assert issubclass(WebServer, DagsterWebserver)
