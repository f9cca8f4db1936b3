"""Rules for a crystal that CHGNet can judge; one sentence says which rule it breaks."""

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from math import inf, isfinite

import torch
from ase import Atoms
from ase.data import chemical_symbols
from torch import Tensor

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.known_elements import unknown_elements
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

_NEAR_A = 3.0
"""Distance in Å within which contacts are looked for."""


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


def require_start(atoms: Atoms) -> None:
    """Check a crystal before anything is calculated.

    Raises:
        UnfitCrystalError: if it is empty, not finite or misshapen, has an element that CHGNet never saw,
            or has atoms that overlap.
    """
    (flaw,) = start_flaws([atoms])
    if flaw is not None:
        raise UnfitCrystalError(flaw)


def start_flaws(crystals: Sequence[Atoms], device: torch.device | str = "cpu") -> list[str | None]:
    """Return for each crystal why nothing can be calculated for it, one sentence; None where it can."""
    flaws = [_unknown_content(atoms) for atoms in crystals]
    for check in (shape_flaws, _overlaps):
        sound = [index for index, flaw in enumerate(flaws) if flaw is None]
        if sound:
            found = check(Cells.of([crystals[index] for index in sound], device))
            for index, flaw in zip(sound, found, strict=True):
                flaws[index] = flaw
    return flaws


def _unknown_content(atoms: Atoms) -> str | None:
    if len(atoms) == 0:
        return "the cell has no atoms"
    unknown = unknown_elements(atoms.symbols)
    return f"CHGNet does not know {', '.join(unknown)}" if unknown else None


def _overlaps(cells: Cells) -> list[str | None]:
    return [
        f"two atoms overlap: {shortest:.2f} Å apart" if shortest < OVERLAP_A else None
        for shortest, _ in contacts(cells)
    ]


@dataclass(frozen=True)
class _Shapes:
    """Volume for each atom in Å³, aspect, distance of the nearest faces in Å, and finiteness: (crystals,)."""

    per_atom: Tensor
    aspect: Tensor
    thinnest: Tensor
    finite: Tensor

    @classmethod
    def of(cls, cells: Cells) -> "_Shapes":
        edges = cells.lattices.norm(dim=2)
        faces = torch.linalg.cross(cells.lattices.roll(-1, 1), cells.lattices.roll(-2, 1)).norm(dim=2)
        return cls(
            cells.volumes / cells.sizes,
            edges.amax(1) / edges.amin(1),
            cells.volumes / faces.amax(1),
            _all_finite(cells, cells.positions),
        )


def well_shaped(cells: Cells) -> Tensor:
    """Return a mask of the crystals whose cell and positions CHGNet can judge: (crystals,)."""
    shapes = _Shapes.of(cells)
    smallest, largest = VOLUME_PER_ATOM_A3
    sound = shapes.finite & (shapes.per_atom >= smallest) & (shapes.per_atom <= largest)
    return sound & (shapes.aspect <= LARGEST_ASPECT) & (shapes.thinnest >= THINNEST_A)


def shape_flaws(cells: Cells) -> list[str | None]:
    """Return what is wrong with the shape of each crystal, one sentence; None where nothing is."""
    flaws: list[str | None] = [None] * len(cells)
    wrong = well_shaped(cells).logical_not().nonzero().flatten().tolist()
    if not wrong:
        return flaws
    shapes = _Shapes.of(cells)
    smallest, largest = VOLUME_PER_ATOM_A3
    for crystal in wrong:
        volume, aspect = float(shapes.per_atom[crystal]), float(shapes.aspect[crystal])
        if not (shapes.finite[crystal] and isfinite(volume)):
            flaw = "the cell or a position is not a finite number"
        elif volume > largest:
            flaw = f"the cell exploded: {volume:.0f} Å³ an atom, {largest:.0f} at most"
        elif volume < smallest:
            flaw = f"the cell collapsed: {volume:.1f} Å³ an atom, {smallest:.0f} at least"
        elif aspect > LARGEST_ASPECT:
            flaw = (
                f"the cell is a needle: its longest vector is {aspect:.1f} times "
                f"the shortest, {LARGEST_ASPECT:.0f} at most"
            )
        else:
            flaw = f"the cell is flat: two of its faces are {float(shapes.thinnest[crystal]):.2f} Å apart"
        flaws[crystal] = flaw
    return flaws


def judged(cells: Cells, response: Response) -> Tensor:
    """Return a mask of the crystals for which CHGNet has an answer: (crystals,)."""
    finite = response.energies.isfinite() & response.stresses.isfinite().all(2).all(1)
    return finite & _all_finite(cells, response.forces) & ~response.isolated


def response_flaws(cells: Cells, response: Response) -> list[str | None]:
    """Return what is wrong with the response to each crystal, one sentence; None where nothing is."""
    flaws: list[str | None] = [None] * len(cells)
    for crystal in judged(cells, response).logical_not().nonzero().flatten().tolist():
        if response.isolated[crystal]:
            flaws[crystal] = f"an atom has no neighbour within {REACH_A:.0f} Å, where CHGNet cannot see"
        else:
            flaws[crystal] = "CHGNet's energy, forces or stress are not finite numbers"
    return flaws


def _all_finite(cells: Cells, of_atoms: Tensor) -> Tensor:
    """Return a mask of the crystals whose atoms have finite values (atoms, 3) alone: (crystals,)."""
    return cells.total(of_atoms.isfinite().all(1).logical_not().double()) == 0


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
    return contacts(Cells.of([atoms]))[0]


def contacts(cells: Cells) -> list[tuple[float, str | None]]:
    """Return what `closest_contact` says of each crystal."""
    pairs = near_pairs(cells, _NEAR_A)
    owner, distances = cells.owner[pairs.first], pairs.vectors.norm(dim=1)
    first, second = cells.numbers[pairs.first], cells.numbers[pairs.second]
    margins = distances - _ALLOWED_A.to(distances)[first, second]
    endless = torch.full_like(cells.volumes, inf)
    shortest = endless.scatter_reduce(0, owner, distances, "amin").tolist()
    smallest = endless.scatter_reduce(0, owner, margins, "amin")
    sentences: list[str | None] = [None] * len(cells)
    for crystal in (smallest < 0).nonzero().flatten().tolist():
        worst = ((owner == crystal) & (margins == smallest[crystal])).nonzero().flatten()[0]
        one, other = int(first[worst]), int(second[worst])
        names, allowed = f"{chemical_symbols[one]} and {chemical_symbols[other]}", _ALLOWED_A[one, other]
        sentences[crystal] = f"{names} are {float(distances[worst]):.2f} Å apart, {allowed:.2f} at least"
    return list(zip(shortest, sentences, strict=True))


def _allowed_distances() -> torch.Tensor:
    allowed = torch.full((119, 119), SHORTEST_A, dtype=torch.float64)
    for (one, other), shortest in SHORT_BONDS_A.items():
        first, second = chemical_symbols.index(one), chemical_symbols.index(other)
        allowed[first, second] = allowed[second, first] = shortest
    return allowed


_ALLOWED_A = _allowed_distances()
