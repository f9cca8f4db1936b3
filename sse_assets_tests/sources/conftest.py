"""A web server on this computer, so that downloads and queries are tested over real HTTP."""

import threading
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qs, urlsplit

import pytest

Answer = tuple[int, bytes]


@dataclass
class LocalServer:
    """Answers every GET with what `respond` makes of its path and query, and remembers them."""

    url: str = ""
    respond: Callable[[str, dict[str, str]], Answer] = lambda path, query: (404, b"")
    requests: list[tuple[str, dict[str, str]]] = field(default_factory=list)


@pytest.fixture
def server() -> Iterator[LocalServer]:
    local = LocalServer()

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            parts = urlsplit(self.path)
            query = {name: values[0] for name, values in parse_qs(parts.query).items()}
            local.requests.append((parts.path, query))
            status, body = local.respond(parts.path, query)
            with suppress(ConnectionError):  # the client of a slow answer has gone
                self.send_response(status)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

        def log_message(self, format: str, *args: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as http:
        http.daemon_threads = True
        local.url = f"http://127.0.0.1:{http.server_port}"
        threading.Thread(target=http.serve_forever, kwargs={"poll_interval": 0.01}, daemon=True).start()
        yield local
        http.shutdown()
