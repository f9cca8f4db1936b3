"""Processes that a test starts, kills without warning and starts again."""

import os
import signal
import subprocess
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path

PATIENCE_S = 240


class Process:
    """A program with its own log, in a session of its own so that nothing of it outlives the test."""

    def __init__(
        self,
        command: Sequence[str | Path],
        *,
        log: Path,
        environment: Mapping[str, str],
        user: str | None = None,
    ) -> None:
        self._command = command
        self._log = log
        self._environment = dict(environment)
        self._user = user
        self._running: subprocess.Popen | None = None
        self._sessions: list[int] = []

    def start(self) -> None:
        with self._log.open("ab") as log:
            self._running = subprocess.Popen(
                self._command,
                env=self._environment,
                cwd=self._log.parent,
                stdout=log,
                stderr=log,
                start_new_session=True,
                user=self._user,
            )
        self._sessions.append(self._running.pid)

    @property
    def starts(self) -> int:
        return len(self._sessions)

    def kill(self) -> None:
        """kill -9 of the process itself; its children are left to what they do then."""
        assert self._running
        self._running.kill()
        self._running.wait()

    def stop(self) -> None:
        """End it and all that it has started."""
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

    def said(self) -> str:
        """Its log."""
        return self._log.read_text(errors="replace")


def wait_for(what: Callable[[], object], why: str, patience_s: float = PATIENCE_S) -> None:
    """Wait until something holds, or fail with the reason."""
    deadline = time.monotonic() + patience_s
    while not what():
        assert time.monotonic() < deadline, why
        time.sleep(0.25)
