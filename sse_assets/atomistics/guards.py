"""What a crystal must be for CHGNet's word on it to mean anything; each breach is one sentence."""

import numpy as np
import torch
from ase import Atoms
from ase.data import chemical_symbols

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.neighbours import near_pairs

SHORTEST_A = 1.3
"""Å; no two atoms of a sound structure are closer (paper, III.B), but for the bonds below."""
_SHORT_BONDS_A = {
    ("O", "H"): 0.85,
    ("N", "H"): 0.85,
    ("C", "H"): 0.95,
    ("B", "H"): 1.05,
    ("C", "O"): 1.05,
    ("C", "N"): 1.05,
    ("C", "C"): 1.1,
    ("N", "N"): 1.0,
    ("N", "O"): 1.05,
}
"""Å; 0.1 Å below the shortest bond of its kind, the room that a vibration takes (hydroxide 0.96, ammonia
1.01, methane 1.09, borohydride 1.2, cyanide and carbonyl 1.15, acetylide 1.2, azide 1.1, nitrite 1.15).
The paper excepts O-H alone; by its rule real carbonates (1.28 Å) and nitrates (1.24 Å) would fail."""
OVERLAP_A = 0.5
"""Å; below it CHGNet gives anything from NaN to a harmless-looking energy, and no force to part the atoms."""
VOLUME_PER_ATOM_A3 = (6.0, 45.0)
LARGEST_ASPECT = 6.0
"""Of the longest to the shortest lattice vector."""
THINNEST_A = 1.0
"""Å between opposite faces of the cell; a flatter one has too many images to look at."""

_KNOWN_ELEMENTS = frozenset(range(1, 95)) - {84, 85, 86, 87, 88}
"""CHGNet's 89: its training set (MPtrj) has no Po, At, Rn, Fr or Ra, and ends with Pu."""


class UnfitCrystalError(ValueError):
    """A crystal is not, or no longer, one that can be judged; the message says why in one sentence."""


def require_start(atoms: Atoms) -> None:
    """Look at a crystal before anything is calculated.

    Raises:
        UnfitCrystalError: if it is empty, not finite, misshapen, has an element that CHGNet never saw, or
            atoms that overlap.
    """
    if len(atoms) == 0:
        raise UnfitCrystalError("the cell has no atoms")
    unknown = sorted({chemical_symbols[z] for z in atoms.numbers if int(z) not in _KNOWN_ELEMENTS})
    if unknown:
        raise UnfitCrystalError(f"CHGNet does not know {', '.join(unknown)}")
    require_shape(atoms.cell.array, atoms.positions)
    shortest, _ = closest_contact(atoms)
    if shortest < OVERLAP_A:
        raise UnfitCrystalError(f"two atoms overlap: {shortest:.2f} Å apart")


def require_shape(lattice: np.ndarray, positions: np.ndarray) -> None:
    """Look at a cell, at the start or on its way; the quick part of the guards.

    Raises:
        UnfitCrystalError: if a number is not finite, or the cell has exploded, collapsed or become a needle.
    """
    if not (np.isfinite(lattice).all() and np.isfinite(positions).all()):
        raise UnfitCrystalError("the cell or a position is not a finite number")
    volume = abs(np.linalg.det(lattice))
    smallest, largest = VOLUME_PER_ATOM_A3
    if volume / len(positions) > largest:
        raise UnfitCrystalError(
            f"the cell exploded: {volume / len(positions):.0f} Å³ an atom, {largest:.0f} at most"
        )
    if volume / len(positions) < smallest:
        raise UnfitCrystalError(
            f"the cell collapsed: {volume / len(positions):.1f} Å³ an atom, {smallest:.0f} at least"
        )
    lengths = np.linalg.norm(lattice, axis=1)
    if lengths.max() > LARGEST_ASPECT * lengths.min():
        raise UnfitCrystalError(
            f"the cell is a needle: its longest vector is {lengths.max() / lengths.min():.1f} times the "
            f"shortest, {LARGEST_ASPECT:.0f} at most"
        )
    thinnest = 1 / np.linalg.norm(np.linalg.inv(lattice), axis=0).max()
    if thinnest < THINNEST_A:
        raise UnfitCrystalError(f"the cell is flat: two of its faces are {thinnest:.2f} Å apart")


def require_finite(energy: float, forces: np.ndarray, stress: np.ndarray) -> None:
    """Look at what CHGNet said.

    Raises:
        UnfitCrystalError: if a number in it is not finite.
    """
    if not (np.isfinite(energy) and np.isfinite(forces).all() and np.isfinite(stress).all()):
        raise UnfitCrystalError("CHGNet's energy, forces or stress are not finite numbers")


def require_result(atoms: Atoms) -> None:
    """Look at a crystal after its relaxation.

    Raises:
        UnfitCrystalError: if two of its atoms are closer than real ones come.
    """
    _, too_close = closest_contact(atoms)
    if too_close is not None:
        raise UnfitCrystalError(too_close)


def closest_contact(atoms: Atoms) -> tuple[float, str | None]:
    """The shortest distance in Å between two atoms, and a sentence on the worst pair that is too close.

    The distance is infinite if none is within 3 Å; the sentence is None if no pair breaks the rule.
    """
    pairs = near_pairs(Cells.of([atoms]), 3.0)
    distances = pairs.vectors.norm(dim=1)
    if len(distances) == 0:
        return float("inf"), None
    first, second = atoms.numbers[pairs.first], atoms.numbers[pairs.second]
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
    for (one, other), shortest in _SHORT_BONDS_A.items():
        first, second = chemical_symbols.index(one), chemical_symbols.index(other)
        allowed[first, second] = allowed[second, first] = shortest
    return allowed


_ALLOWED_A = _allowed_distances()
