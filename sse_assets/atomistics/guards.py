"""Rules for a crystal that CHGNet can judge; one sentence says which rule it breaks."""

import time
from collections.abc import Iterable
from dataclasses import dataclass, field
from math import isfinite

import torch
from ase import Atoms
from ase.data import chemical_symbols

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.neighbours import near_pairs
from sse_assets.atomistics.potential import REACH_A, Response
from sse_assets.materials.short_bonds import SHORT_BONDS_A, SHORTEST_A

OVERLAP_A = 0.5
"""Distance in Å below which CHGNet gives NaN or a plausible energy, and no force that parts the atoms."""
VOLUME_PER_ATOM_A3 = (6.0, 45.0)
"""Smallest and largest volume for each atom, in Å³."""
LARGEST_ASPECT = 6.0
"""Largest ratio of the longest to the shortest lattice vector."""
THINNEST_A = 1.0
"""Shortest distance in Å of opposite faces of the cell; a flatter cell has too many images to look at."""

_KNOWN_ELEMENTS = frozenset(range(1, 95)) - {84, 85, 86, 87, 88}
"""Atomic numbers of the 89 elements in CHGNet's training set (MPtrj): up to Pu, but no Po, At, Rn, Fr, Ra."""


class UnfitCrystalError(ValueError):
    """Error over a crystal that CHGNet cannot judge; the message says why in one sentence."""


@dataclass(frozen=True)
class Deadline:
    """Time at which an evaluation must be at its end."""

    limit_s: float
    start: float = field(default_factory=time.monotonic)

    @property
    def flaw(self) -> str | None:
        """Sentence once it is too late; None before."""
        late = time.monotonic() - self.start > self.limit_s
        return f"the evaluation took longer than {self.limit_s:.0f} s" if late else None


def unknown_elements(symbols: Iterable[str]) -> list[str]:
    """Return the elements that CHGNet has never seen, each once, in alphabetical order."""
    return sorted({symbol for symbol in symbols if chemical_symbols.index(symbol) not in _KNOWN_ELEMENTS})


def require_start(atoms: Atoms) -> None:
    """Check a crystal before anything is calculated.

    Raises:
        UnfitCrystalError: if it is empty, not finite or misshapen, has an element that CHGNet never saw,
            or has atoms that overlap.
    """
    if len(atoms) == 0:
        raise UnfitCrystalError("the cell has no atoms")
    unknown = unknown_elements(atoms.symbols)
    if unknown:
        raise UnfitCrystalError(f"CHGNet does not know {', '.join(unknown)}")
    (flaw,) = shape_flaws(Cells.of([atoms]))
    if flaw is not None:
        raise UnfitCrystalError(flaw)
    shortest, _ = closest_contact(atoms)
    if shortest < OVERLAP_A:
        raise UnfitCrystalError(f"two atoms overlap: {shortest:.2f} Å apart")


def shape_flaws(cells: Cells) -> list[str | None]:
    """Return what is wrong with the shape of each crystal, one sentence; None where nothing is."""
    edges = cells.lattices.norm(dim=2)
    faces = torch.linalg.cross(cells.lattices.roll(-1, 1), cells.lattices.roll(-2, 1)).norm(dim=2)
    per_atom = cells.volumes / cells.sizes
    aspect = edges.amax(1) / edges.amin(1)
    thinnest = cells.volumes / faces.amax(1)
    finite = cells.total(cells.positions.isfinite().logical_not().double()).sum(1) == 0
    smallest, largest = VOLUME_PER_ATOM_A3
    sound = finite & (per_atom >= smallest) & (per_atom <= largest)
    sound &= (aspect <= LARGEST_ASPECT) & (thinnest >= THINNEST_A)
    flaws: list[str | None] = [None] * len(cells)
    for crystal in sound.logical_not().nonzero().flatten().tolist():
        volume = float(per_atom[crystal])
        if not (finite[crystal] and isfinite(volume)):
            flaw = "the cell or a position is not a finite number"
        elif volume > largest:
            flaw = f"the cell exploded: {volume:.0f} Å³ an atom, {largest:.0f} at most"
        elif volume < smallest:
            flaw = f"the cell collapsed: {volume:.1f} Å³ an atom, {smallest:.0f} at least"
        elif aspect[crystal] > LARGEST_ASPECT:
            flaw = (
                f"the cell is a needle: its longest vector is {float(aspect[crystal]):.1f} times "
                f"the shortest, {LARGEST_ASPECT:.0f} at most"
            )
        else:
            flaw = f"the cell is flat: two of its faces are {float(thinnest[crystal]):.2f} Å apart"
        flaws[crystal] = flaw
    return flaws


def response_flaws(cells: Cells, response: Response) -> list[str | None]:
    """Return what is wrong with the response to each crystal, one sentence; None where nothing is."""
    finite = response.energies.isfinite() & response.stresses.isfinite().all(2).all(1)
    finite &= cells.total(response.forces.isfinite().logical_not().double()).sum(1) == 0
    flaws: list[str | None] = [None] * len(cells)
    for crystal in (response.isolated | ~finite).nonzero().flatten().tolist():
        if response.isolated[crystal]:
            flaws[crystal] = f"an atom has no neighbour within {REACH_A:.0f} Å, where CHGNet cannot see"
        else:
            flaws[crystal] = "CHGNet's energy, forces or stress are not finite numbers"
    return flaws


def require_result(atoms: Atoms) -> None:
    """Check a crystal after its relaxation.

    Raises:
        UnfitCrystalError: if two of its atoms are too close.
    """
    _, too_close = closest_contact(atoms)
    if too_close is not None:
        raise UnfitCrystalError(too_close)


def closest_contact(atoms: Atoms) -> tuple[float, str | None]:
    """Return the shortest distance in Å of two atoms, and a sentence on the worst pair that is too close.

    The distance is infinite if none is within 3 Å; the sentence is None if no pair breaks the rule.
    """
    pairs = near_pairs(Cells.of([atoms]), 3.0)
    distances = pairs.vectors.norm(dim=1)
    if len(distances) == 0:
        return float("inf"), None
    first, second = atoms.numbers[pairs.first.numpy()], atoms.numbers[pairs.second.numpy()]
    margin = distances - _ALLOWED_A[first, second]
    worst = int(margin.argmin())
    if margin[worst] >= 0:
        return float(distances.min()), None
    names = f"{chemical_symbols[first[worst]]} and {chemical_symbols[second[worst]]}"
    allowed = _ALLOWED_A[first[worst], second[worst]]
    sentence = f"{names} are {distances[worst]:.2f} Å apart, {allowed:.2f} at least"
    return float(distances.min()), sentence


def _allowed_distances() -> torch.Tensor:
    allowed = torch.full((119, 119), SHORTEST_A, dtype=torch.float64)
    for (one, other), shortest in SHORT_BONDS_A.items():
        first, second = chemical_symbols.index(one), chemical_symbols.index(other)
        allowed[first, second] = allowed[second, first] = shortest
    return allowed


_ALLOWED_A = _allowed_distances()
