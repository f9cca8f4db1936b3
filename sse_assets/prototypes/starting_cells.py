"""Ordered cells from which a search may start: the nearest prototypes of a composition, in whole atoms."""

from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import islice

from pymatgen.core import Composition, Structure

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.short_bonds import overlap
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.crystal import substituted
from sse_assets.prototypes.mapping import UnmappableError, target
from sse_assets.prototypes.ordering import UnfitOrderingError, ordered_cells
from sse_assets.prototypes.volume import VolumeModel

_TRIED = 40
"""Prototypes that are tried for a cell."""
_OF_A_TYPE = 2
"""Prototypes of one structure type that are used; more would hardly differ once they are relaxed."""
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

    Every prototype gives one cell before any gives a second one, and no structure type gives more than two
    prototypes. A prototype whose cell does not fit is left out. So is an ordering with atoms that overlap.

    Args:
        content: whole atoms in the cell.
        chooser: prototypes.
        volumes: volumes of the elements.
        most: largest number of cells.
        seed: of the orderings.
    """
    by_prototype = list(islice(_orderings(content, chooser, volumes, seed), most))
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
    used: Counter[tuple[int, ...]] = Counter()
    anions = sum(content[symbol] for symbol in anion_symbols(content))
    for mapping, _ in chooser.ranked(wanted, _TRIED, chooser.of_content(anions)):
        known = mapping.prototype
        kind = (known.space_group_number, *sorted(len(orbit.sites) for orbit in known.orbits))
        if used[kind] == _OF_A_TYPE:
            continue
        try:
            cells = ordered_cells(
                substituted(mapping, volumes), content, charges, orderings=_ORDERINGS, seed=seed
            )
        except UnfitOrderingError:
            continue
        sound = [cell for cell in cells if overlap(cell) is None]
        if sound:
            used[kind] += 1
            yield [StartingCell(cell, known.source.structure_id, mapping.cost) for cell in sound]
