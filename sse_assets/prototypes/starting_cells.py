"""Ordered cells from which a search may start: the nearest prototypes of a composition, in whole atoms."""

from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

from pymatgen.core import Composition, Structure

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.short_bonds import overlap
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.contents import exact_contents, nearest_contents
from sse_assets.prototypes.crystal import substituted
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Mapping, Target, UnmappableError, target
from sse_assets.prototypes.ordering import UnfitOrderingError, ordered_cells
from sse_assets.prototypes.volume import VolumeModel

_TRIED = 40
"""Prototypes that are tried for a cell."""
_OF_A_TYPE = 2
"""Prototypes of one structure type that are used; more would hardly differ once they are relaxed."""
_TIMES_THE_SMALLEST = 2
"""Larger cells are left out; mostly the same structure type is there in a smaller one."""
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
    try:
        wanted = target(content)
    except UnmappableError:
        return []
    anions = sum(content[symbol] for symbol in anion_symbols(content))
    mappings = [mapping for mapping, _ in chooser.ranked(wanted, _TRIED, chooser.of_content(anions))]
    return _in_turn(_ordered(mappings, lambda known: [content], volumes, seed), most)


def cells_of_cheap_prototypes(
    composition: Composition,
    chooser: Chooser,
    volumes: VolumeModel,
    *,
    family: str | None = None,
    below: float,
    most: int,
    seed: int = 0,
) -> list[StartingCell]:
    """Return ordered cells from the prototypes whose cost is low, each in the smallest cell that fits.

    Prototypes of the family come first. Where no cell of up to `LARGEST_CELL` atoms has exactly the
    composition, all cells have the nearest one that the best prototype holds (`contents.NEAREST`).

    Args:
        composition: one formula unit.
        chooser: prototypes.
        volumes: volumes of the elements.
        family: structural family that is reported; None where nothing says it.
        below: cost for each anion that a prototype must not reach.
        most: largest number of cells.
        seed: of the orderings.
    """
    try:
        wanted = target(composition)
    except UnmappableError:
        return []
    cheap = [mapping for mapping in _relatives_first(wanted, chooser, family) if mapping.cost < below]

    def cells(contents: Callable[[Prototype], Iterable[Composition]]) -> list[StartingCell]:
        return _in_turn(_ordered(cheap, contents, volumes, seed), most)

    if found := cells(lambda known: exact_contents(composition, known)):
        return found
    best = next(_ordered(cheap, lambda known: nearest_contents(wanted, known), volumes, seed), None)
    if best is None:
        return []
    unit, _ = best[0].structure.composition.get_reduced_composition_and_factor()
    return cells(lambda known: exact_contents(unit, known))


def _relatives_first(wanted: Target, chooser: Chooser, family: str | None) -> list[Mapping]:
    """Return the placements on the best prototypes, those of a family before all others."""
    ranked = [mapping for mapping, _ in chooser.ranked(wanted, _TRIED)]
    if family is None:
        return ranked
    relatives = [mapping for mapping, _ in chooser.ranked(wanted, _TRIED, chooser.of_family(family))]
    return [*relatives, *(one for one in ranked if one.prototype.source.family != family)]


def _ordered(
    mappings: Iterable[Mapping],
    contents: Callable[[Prototype], Iterable[Composition]],
    volumes: VolumeModel,
    seed: int,
) -> Iterator[list[StartingCell]]:
    """Yield the sound orderings of each placement in the first of the contents that it can hold."""
    used: Counter[tuple[int, ...]] = Counter()
    for mapping in mappings:
        known = mapping.prototype
        kind = (known.space_group_number, *sorted(len(orbit.sites) for orbit in known.orbits))
        if used[kind] == _OF_A_TYPE:
            continue
        crystal = substituted(mapping, volumes)
        charges = {symbol: float(ion.state) for symbol, ion in mapping.target.ions.items()}
        for content in contents(known):
            try:
                cells = ordered_cells(crystal, content, charges, orderings=_ORDERINGS, seed=seed)
            except UnfitOrderingError:
                continue
            sound = [cell for cell in cells if overlap(cell) is None]
            if sound:
                used[kind] += 1
                yield [StartingCell(cell, known.source.structure_id, mapping.cost) for cell in sound]
                break


def _in_turn(by_prototype: Iterator[list[StartingCell]], most: int) -> list[StartingCell]:
    """Return the first cell of every prototype before any second one."""
    groups = list(islice(by_prototype, most))
    largest = _TIMES_THE_SMALLEST * min((len(cells[0].structure) for cells in groups), default=0)
    groups = [cells for cells in groups if len(cells[0].structure) <= largest]
    return [cells[n] for n in range(_ORDERINGS) for cells in groups if n < len(cells)][:most]
