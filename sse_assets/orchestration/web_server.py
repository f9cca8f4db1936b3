"""Dagster's web server with the pages of a run beside it, so that their assets can link to them.

The links have no host, no port and no folder: they open through an SSH tunnel, and in a restored home.
"""

from typing import Any

from dagster_webserver import app, cli
from dagster_webserver.webserver import DagsterWebserver
from starlette.requests import Request
from starlette.responses import HTMLResponse, PlainTextResponse, Response
from starlette.routing import BaseRoute, Route

from sse_assets.orchestration.pages import ADDRESS, REPORT, SCREENING
from sse_assets.orchestration.settings import Settings


class WebServer(DagsterWebserver):
    """Dagster's web server, with one route more."""

    def build_routes(self) -> list[BaseRoute]:
        """Return the routes; Dagster's last one takes whatever is left."""
        return [Route(f"{ADDRESS}/{{name}}", page), *super().build_routes()]


def page(request: Request) -> Response:
    """Answer with the page of the last run; no other file can be asked for."""
    name = request.path_params["name"]
    if name not in (REPORT, SCREENING):
        return PlainTextResponse(f"there is no page {name}: there are {REPORT} and {SCREENING}", 404)
    try:
        return HTMLResponse(Settings.from_environment().report.with_name(name).read_bytes())
    except FileNotFoundError:
        return PlainTextResponse("this page was not made yet: start the job bring_up_to_date", 404)


def main() -> None:
    """Start the server with the arguments of `dagster-webserver`."""
    module: Any = app
    module.DagsterWebserver = WebServer  # the command has no option for it
    cli.main()


if __name__ == "__main__":
    main()
