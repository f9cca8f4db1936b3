"""A PostgreSQL server of the test's own, from Debian's packages."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from sse_assets_tests.services.processes import Process, wait_for


def _programs() -> Path | None:
    """The folder of `initdb` and `postgres`, which Debian keeps off the PATH."""
    debian = [*Path("/usr/lib/postgresql").glob("*/bin/postgres")]
    found = max(debian, default=None) or shutil.which("postgres")
    return Path(found).parent if found else None


class Postgres:
    """A server that can be killed and started again; its user is `sse`."""

    def __init__(self, folder: Path, port: int, programs: Path) -> None:
        self.port = port
        # It refuses to run as root, as whom containers and CI run.
        self._user = "nobody" if os.geteuid() == 0 else None
        if self._user:
            shutil.chown(folder, self._user)
        data = folder / "data"
        subprocess.run(
            [programs / "initdb", "-D", data, "-U", "sse", "-A", "trust", "-N", "--no-instructions"],
            user=self._user,
            cwd=folder,
            env={"LC_ALL": "C.UTF-8"},
            check=True,
            capture_output=True,
        )
        self.process = Process(
            [programs / "postgres", "-D", data, "-h", "127.0.0.1", "-p", str(port), "-k", folder],
            log=folder / "postgres.log",
            environment={"LC_ALL": "C.UTF-8"},
            user=self._user,
        )

    @property
    def url(self) -> str:
        # The driver is named because SQLAlchemy's default is another one than Dagster's.
        return f"postgresql+psycopg2://sse@127.0.0.1:{self.port}/postgres"

    def start(self) -> None:
        self.process.start()
        wait_for(self._answers, f"PostgreSQL does not start:\n{self.process.said()}")

    def _answers(self) -> bool:
        # A server that comes back after a kill listens before it has recovered.
        return self.process.said().count("ready to accept connections") == self.process.starts


@contextmanager
def postgres(port: int) -> Iterator[Postgres]:
    """A server with an empty database; without PostgreSQL the test is skipped."""
    programs = _programs()
    if programs is None:
        pytest.skip("needs PostgreSQL: apt-get install postgresql")
    folder = Path(tempfile.mkdtemp(prefix="sse-postgres-"))  # pytest's own are closed to other users
    server = Postgres(folder, port, programs)
    try:
        server.start()
        yield server
    finally:
        server.process.stop()
        shutil.rmtree(folder)
