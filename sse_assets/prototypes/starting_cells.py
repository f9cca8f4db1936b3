"""Ordered cells from which a search may start: the nearest prototypes of a composition, in whole atoms."""

from collections.abc import Iterator
from dataclasses import dataclass

from pymatgen.core import Composition, Structure

from sse_assets.materials.short_bonds import overlap
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.crystal import substituted
from sse_assets.prototypes.mapping import UnmappableError, target
from sse_assets.prototypes.ordering import UnfitOrderingError, ordered_cells
from sse_assets.prototypes.volume import VolumeModel

_TRIED = 8
"""Prototypes that are tried for a cell; many do not fit its number of atoms."""
_ORDERINGS = 2
"""Orderings of each."""


@dataclass(frozen=True)
class StartingCell:
    """An ordered cell, and the known structure that it was made from."""

    structure: Structure
    parent_id: str
    cost_per_anion: float


def starting_cells(
    content: Composition, chooser: Chooser, volumes: VolumeModel, *, most: int, seed: int = 0
) -> list[StartingCell]:
    """Return ordered cells of a content from its nearest prototypes, the cheapest first.

    Every prototype gives one cell before any gives a second one. A prototype whose cell does not fit is left
    out, and so is an ordering with atoms that overlap.

    Args:
        content: whole atoms in the cell.
        chooser: prototypes.
        volumes: volumes of the elements.
        most: largest number of cells.
        seed: of the orderings.
    """
    by_prototype = list(_orderings(content, chooser, volumes, seed)) if most else []
    in_turn = [cells[n] for n in range(_ORDERINGS) for cells in by_prototype if n < len(cells)]
    return in_turn[:most]


def _orderings(
    content: Composition, chooser: Chooser, volumes: VolumeModel, seed: int
) -> Iterator[list[StartingCell]]:
    try:
        wanted = target(content)
    except UnmappableError:
        return
    charges = {symbol: float(ion.state) for symbol, ion in wanted.ions.items()}
    for mapping, _ in chooser.ranked(wanted, _TRIED):
        try:
            cells = ordered_cells(
                substituted(mapping, volumes), content, charges, orderings=_ORDERINGS, seed=seed
            )
        except UnfitOrderingError:
            continue
        parent = mapping.prototype.source.structure_id
        yield [StartingCell(cell, parent, mapping.cost) for cell in cells if overlap(cell) is None]
