"""Fresh random cells, each with the symmetry of a random space group."""

from typing import Self

import numpy as np
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.generation.operators import too_close
from sse_assets.processes import Lost, Supervisor

TIME_LIMIT_S = 15.0
"""For one space group. PyXtal needs 0.1 s, now and then several, and 1 time in 180 does not come back."""
ATTEMPTS = 100
"""Space groups that are tried for one cell; most cannot hold a given number of atoms."""
UNANSWERED = 3
"""So many space groups without an answer end the attempts for one cell."""


class NoSeedError(RuntimeError):
    """No random cell could be made."""


class SeedMaker:
    """Makes cells in a process of its own, started when first needed and again after it was lost.

    The same composition and seed give the same cell, unless a space group that took nearly `time_limit_s`
    once takes longer than it the next time.
    """

    def __init__(
        self, time_limit_s: float = TIME_LIMIT_S, function: str = f"{__package__}.pyxtal_cells:random_cell"
    ) -> None:
        self._time_limit_s = time_limit_s
        self._pyxtal = Supervisor(function, processes=1)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._pyxtal.close()

    def random_cell(self, composition: Composition, seed: int) -> Atoms:
        """Make a cell of that many atoms, none closer to another than candidates may be.

        Raises:
            NoSeedError: if no space group tried gives one; the message says how many did not answer.
            ChildProcessError: if PyXtal cannot be imported.
        """
        rng = np.random.RandomState(seed)
        symbols = sorted(element.symbol for element in composition.elements)
        counts = [round(composition[symbol]) for symbol in symbols]
        unanswered = 0
        for _ in range(ATTEMPTS):
            task = (symbols, counts, int(rng.randint(1, 231)), int(rng.randint(2**31)))
            (answer,) = self._pyxtal.answers([task], [self._time_limit_s])
            if isinstance(answer, Lost):
                unanswered += 1
                if unanswered == UNANSWERED:
                    break
            elif answer is not None:
                cell = Atoms(**answer, pbc=True)
                cell = cell[np.argsort(cell.numbers, kind="stable")]
                if not too_close(cell):
                    return cell
        hung = (
            f"; {unanswered} times it gave no answer (limit {self._time_limit_s:g} s)" if unanswered else ""
        )
        raise NoSeedError(f"PyXtal finds no random cell of {composition.formula} in any space group{hung}")
