"""Who can reach the web UI and what it starts: this computer, unless told otherwise."""

import os
import socket
import sys
from contextlib import suppress
from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from sse_assets import cli
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.environment import plain_environment
from sse_assets_tests.services.processes import Process, free_port

LISTENS = "0A"
"""The state of a listening socket in /proc/net/tcp."""


LOOPBACK = {"0100007F", "0000000000000000FFFF00000100007F", "00000000000000000000000001000000"}
"""127.0.0.1, the same as an IPv6 address, and ::1, as the kernel writes them."""


class ExecutedError(Exception):
    """In the place of the program that would take over."""


def ui(home: Path, monkeypatch: pytest.MonkeyPatch, *arguments: str) -> tuple[list[str], Result]:
    """What `sse-assets ui` would execute, and what it says."""
    executed: list[str] = []

    def execute(program: str, words: list[str]) -> None:
        executed.extend(words)
        raise ExecutedError

    monkeypatch.setattr(cli.os, "execv", execute)
    monkeypatch.setattr(cli, "create_dagster_home", lambda folder: None)
    monkeypatch.chdir(home)
    for name in ("DAGSTER_HOME", "SSE_BLOB_ROOT", "SSE_HOME"):
        monkeypatch.setenv(name, "")  # put back afterwards: the command sets them
    monkeypatch.setenv("SSE_HOME", str(home))
    result = CliRunner().invoke(cli.main, ["ui", *arguments])
    assert isinstance(result.exception, ExecutedError), result.output
    return executed, result


def test_the_ui_listens_on_this_computer_only(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words, result = ui(tmp_path, monkeypatch, "--port", "21101")
    at = words.index("-h")
    assert words[at : at + 4] == ["-h", "127.0.0.1", "-p", "21101"]
    assert "warning" not in result.output


def test_another_address_comes_with_a_warning(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    words, result = ui(tmp_path, monkeypatch, "--host", "0.0.0.0", "--port", "21102")
    assert words[words.index("-h") + 1] == "0.0.0.0"
    assert "warning: the web UI has no password" in result.output


def test_a_port_that_is_taken_starts_no_second_daemon(tmp_path: Path) -> None:
    with socket.socket() as other:
        other.bind(("127.0.0.1", 0))
        other.listen()
        port = str(other.getsockname()[1])
        result = CliRunner().invoke(cli.main, ["ui", "--port", port], env={"SSE_HOME": str(tmp_path)})
    assert result.exit_code == 1
    assert f"nothing can listen at 127.0.0.1:{port}" in result.output
    assert not list(tmp_path.iterdir())


def listening(session: int) -> set[tuple[str, int]]:
    """Addresses, as the kernel writes them, and ports at which the processes of a session listen."""
    inodes = set()
    for process in Path("/proc").glob("[0-9]*"):
        with suppress(OSError):  # it has just ended
            files = (process / "fd").iterdir() if os.getsid(int(process.name)) == session else []
            for file in files:
                with suppress(OSError):  # closed just now
                    inodes.add(os.readlink(file))
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/net/{table}").read_text().splitlines()[1:]:
            _, local, _, state, *_ = line.split()
            address, port = local.split(":")
            if state == LISTENS and f"socket:[{line.split()[9]}]" in inodes:
                found.add((address, int(port, 16)))
    return found


@pytest.mark.services
def test_neither_web_server_nor_daemon_nor_code_server_listen_elsewhere(tmp_path: Path) -> None:
    port = free_port()
    command = [sys.executable, "-m", "sse_assets.cli", "ui", "--port", str(port)]
    environment = plain_environment() | {"SSE_HOME": str(tmp_path / "home")}
    with Process(command, log=tmp_path / "log", environment=environment, cwd=REPOSITORY) as started:
        started.wait_until(lambda: any(there == port for _, there in listening(started.session)))
        # The web server comes last: it has loaded the code location by then.
        assert {address for address, _ in listening(started.session)} <= LOOPBACK
