"""Fresh random cells, each with the symmetry of a random space group."""

import json
import select
import shlex
import subprocess
import sys
from types import TracebackType
from typing import Any, Self

import numpy as np
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.generation.operators import too_close

TIME_LIMIT_S = 15.0
"""For one space group. PyXtal needs 0.1 s, now and then several, and 1 time in 180 does not come back."""
START_LIMIT_S = 120.0
"""To import PyXtal."""
ATTEMPTS = 100
"""Space groups that are tried for one cell; most cannot hold a given number of atoms."""
UNANSWERED = 3
"""So many space groups without an answer end the attempts for one cell."""


class NoSeedError(RuntimeError):
    """No random cell could be made."""


class SeedMaker:
    """Makes cells in a process of its own, started when first needed and again after it was stopped.

    The same composition and seed give the same cell, unless a space group that took nearly `time_limit_s`
    once takes longer than it the next time.
    """

    def __init__(self, time_limit_s: float = TIME_LIMIT_S, command: tuple[str, ...] | None = None) -> None:
        self._time_limit_s = time_limit_s
        self._command = command or (sys.executable, "-m", f"{__package__}.seed_worker")
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop()

    def random_cell(self, composition: Composition, seed: int) -> Atoms:
        """A cell of that many atoms, none closer to another than candidates may be.

        Raises:
            NoSeedError: if no space group tried gives one; the message says how many did not answer.
        """
        rng = np.random.RandomState(seed)
        symbols = sorted(element.symbol for element in composition.elements)
        unanswered = 0
        for _ in range(ATTEMPTS):
            request = {
                "symbols": symbols,
                "counts": [round(composition[symbol]) for symbol in symbols],
                "space_group": int(rng.randint(1, 231)),
                "seed": int(rng.randint(2**31)),
            }
            try:
                answer = self._ask(request)
            except TimeoutError:
                unanswered += 1
                if unanswered == UNANSWERED:
                    break
                continue
            if answer is None:
                continue
            cell = Atoms(
                answer["symbols"], scaled_positions=answer["positions"], cell=answer["lattice"], pbc=True
            )
            cell = cell[np.argsort(cell.numbers, kind="stable")]
            if not too_close(cell):
                return cell
        hung = (
            f"; {unanswered} times it gave no answer (limit {self._time_limit_s:g} s)" if unanswered else ""
        )
        raise NoSeedError(f"PyXtal finds no random cell of {composition.formula} in any space group{hung}")

    def _ask(self, request: dict[str, Any]) -> dict[str, Any] | None:
        process = self._running()
        assert process.stdin is not None
        process.stdin.write(json.dumps(request).encode() + b"\n")
        process.stdin.flush()
        return json.loads(self._line(process, self._time_limit_s))

    def _running(self) -> subprocess.Popen[bytes]:
        if self._process is None:
            self._process = subprocess.Popen(
                self._command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL
            )
            try:
                self._line(self._process, START_LIMIT_S)  # it says when it has imported PyXtal
            except TimeoutError as error:
                raise ChildProcessError(
                    f"{sys.executable} cannot start PyXtal: run `{shlex.join(self._command)}` to see why, or "
                    "install this project again"
                ) from error
        return self._process

    def _line(self, process: subprocess.Popen[bytes], time_limit_s: float) -> bytes:
        assert process.stdout is not None
        answered = select.select([process.stdout], [], [], time_limit_s)[0]
        line = process.stdout.readline() if answered else b""
        if not line:  # it hangs, or has ended
            self._stop()
            raise TimeoutError
        return line

    def _stop(self) -> None:
        if self._process is not None:
            self._process.kill()
            self._process.communicate()
            self._process = None
