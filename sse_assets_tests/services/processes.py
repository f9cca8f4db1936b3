"""Processes that a test starts, kills without warning and starts again, and ports for them."""

import os
import signal
import socket
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

import requests

PATIENCE_S = 240


class Process:
    """Program with its own log, in a session of its own so that nothing of it outlives the test."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        user: str | None = None,
        cwd: Path | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._environment = dict(environment)
        self._user = user
        self._cwd = cwd or log.parent
        self._running: subprocess.Popen | None = None
        self._sessions: list[int] = []

    def __enter__(self) -> "Process":
        self.start()
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._cwd,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self._user,
            )
        self._sessions.append(self._running.pid)

    @property
    def session(self) -> int:
        """Id of the session, and of the process that leads it."""
        return self._sessions[-1]

    @property
    def starts(self) -> int:
        return len(self._sessions)

    def kill(self) -> None:
        """Kill the process itself (kill -9), and leave its children alone."""
        assert self._running
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        """End the process and all that it has started."""
        for session in self._sessions:
            try:
                os.killpg(session, signal.SIGKILL)
            except ProcessLookupError:
                continue
        if self._running:
            self._running.wait()

    @property
    def runs(self) -> bool:
        return self._running is not None and self._running.poll() is None

    def wait_until(self, what: Callable[[], object]) -> None:
        """Wait until something holds; fail with the log if it does not, or if the process ends."""
        deadline = time.monotonic() + PATIENCE_S
        while not what():
            assert self.runs, self.said()
            assert time.monotonic() < deadline, self.said()
            time.sleep(0.5)

    def said(self) -> str:
        """Return the log."""
        return self._log.read_text(errors="replace")


def wait_for(what: Callable[[], object], why: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds, or fail with the reason."""
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.25)


def free_port() -> int:
    """Return a port of this computer that nothing listens at."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def answers(url: str) -> bool:
    """Return whether a server answers."""
    try:
        return requests.get(url, timeout=10).ok
    except (requests.ConnectionError, requests.Timeout):
        return False
