"""Fresh random cells, each with the symmetry of a random space group."""

import numpy as np
from ase import Atoms
from pymatgen.core import Composition

from sse_assets.generation.operators import by_element, too_close
from sse_assets.processes import Lost, Supervisor

TIME_LIMIT_S = 15.0
"""Longest time in s for one space group. PyXtal takes 0.1 s, sometimes several, and 1 time in 180 hangs."""
ATTEMPTS = 100
"""Number of space groups that are tried for one cell; most cannot hold a given number of atoms."""
UNANSWERED = 3
"""Number of space groups without an answer after which no other is tried."""


class NoSeedError(RuntimeError):
    """Error where no random cell could be made."""


class SeedMaker(Supervisor):
    """Maker of cells by PyXtal in a process of its own.

    The same composition and seed give the same cell, unless a space group takes nearly `time_limit_s` once
    and longer the next time.
    """

    def __init__(
        self, time_limit_s: float = TIME_LIMIT_S, function: str = f"{__package__}.pyxtal_cells:random_cell"
    ) -> None:
        super().__init__(function, processes=1)
        self._time_limit_s = time_limit_s

    def random_cell(self, composition: Composition, seed: int) -> Atoms:
        """Make a cell of a composition in which no two atoms are closer than candidates may have them.

        Raises:
            NoSeedError: if no space group gives a cell; the message says how many did not answer.
            ChildProcessError: if PyXtal cannot be imported.
        """
        rng = np.random.RandomState(seed)
        symbols = sorted(element.symbol for element in composition.elements)
        counts = [round(composition[symbol]) for symbol in symbols]
        unanswered = 0
        for _ in range(ATTEMPTS):
            task = (symbols, counts, int(rng.randint(1, 231)), int(rng.randint(2**31)))
            (answer,) = self.answers([task], [self._time_limit_s])
            if isinstance(answer, Lost):
                unanswered += 1
                if unanswered == UNANSWERED:
                    break
            elif answer is not None:
                cell = by_element(Atoms(**answer, pbc=True))
                if not too_close(cell):
                    return cell
        hung = (
            f"; {unanswered} times it gave no answer (limit {self._time_limit_s:g} s)" if unanswered else ""
        )
        raise NoSeedError(f"PyXtal finds no random cell of {composition.formula} in any space group{hung}")
