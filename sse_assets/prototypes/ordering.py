"""Ordered cells of a crystal with partial occupancies: whole atoms, like charges far apart."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from itertools import chain, product
from math import factorial
from operator import itemgetter

import numpy as np
from pymatgen.analysis.ewald import EwaldSummation
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.materials.solids import LARGEST_CELL

_WHOLE = 0.02
"""Largest relative difference from a whole number of cells."""
_LARGEST_SKEWED = 40
"""Largest number of primitive cells in a supercell whose edges may run in other directions."""
_MOST_SITES = 400
"""Sites of a cell, the empty ones too: Li of argyrodites takes one of two, and more in other frameworks."""
_TRACE = 1e-3
_MOST_LISTED = 20_000
"""Ways to fill the shared sites up to which all of them are compared."""
_SWAPS_A_SITE = 60
"""Attempted swaps for each site that takes part."""
_HOTTEST_EV, _COLDEST_EV = 0.6, 0.01
"""Ends of the linear cooling, as energies of formal charges."""
_CLOSE_A, _CLOSE_EV_A2 = 1.75, 60.0
"""Two atoms of the shared sites that are closer pay this much times the square of what they lack."""
_DECIMALS = 6
"""Decimals of a Coulomb energy in eV that tell one order from another."""
_COORDINATE_DECIMALS = 9
_ALIKE_EV = 0.02
"""Two orderings whose energies differ by less count as one."""


class UnfitOrderingError(ValueError):
    """A composition that does not fit a crystal in whole atoms; the message says why."""


def ordered_cells(
    crystal: Structure,
    content: Composition,
    charges: Mapping[str, float],
    *,
    orderings: int = 2,
    seed: int = 0,
) -> list[Structure]:
    """Return ordered cells of a crystal with partial occupancies, the one of lowest Coulomb energy first.

    The cell is the most compact supercell of the primitive cell that holds the content. Each kind of site
    takes whole atoms by the largest remainders. Where a kind is shared or partly empty, the Coulomb energy of
    the formal charges decides: over all ways to fill it if they are few, else by swaps (Monte Carlo).

    Args:
        crystal: with partial occupancies.
        content: whole atoms in the cell that is wanted.
        charges: formal charges by element symbol.
        orderings: largest number of cells; fewer are returned where the crystal leaves no choice.
        seed: of the random numbers.

    Raises:
        UnfitOrderingError: if no cell of the crystal holds the content, or if it has too many atoms or sites.
    """
    cell = _supercell(crystal, content)
    kinds = _kinds(cell)
    symbols = sorted(element.symbol for element in content.elements)
    counts = _whole_atoms(cell, kinds, symbols, [round(content[symbol]) for symbol in symbols])
    shared = [n for n, row in enumerate(counts) if row.max() < len(kinds[n]) and row.any()]
    if not shared:
        return [_structure(cell, symbols, _labels(counts, kinds, len(cell)))]
    energies = _pair_energies(cell)
    close = _close_pairs(cell, [site for n in shared for site in kinds[n]])
    values = np.array([charges[symbol] for symbol in symbols] + [0.0])
    tried: Iterable[tuple[float, np.ndarray]]
    if _ways(counts[shared], [len(kinds[n]) for n in shared]) <= _MOST_LISTED:
        every = _all_labels(counts, kinds, shared, len(cell))
        # Orders that symmetry makes equal differ in the last bits of their energies, which must not choose.
        rounded = _energies(every, values, energies, close).round(_DECIMALS)
        tried = sorted(zip(rounded, every, strict=True), key=itemgetter(0))
    else:
        tried = []
        for number in range(orderings):
            rng = np.random.default_rng([seed, number])
            labels = _labels(counts, kinds, len(cell), rng)
            tried.append((_anneal(labels, [kinds[n] for n in shared], values, energies, close, rng), labels))
        tried.sort(key=itemgetter(0))
    found: list[tuple[float, np.ndarray]] = []
    for energy, labels in tried:
        if len(found) < orderings and all(energy - other > _ALIKE_EV for other, _ in found):
            found.append((energy, labels))
    return [_structure(cell, symbols, labels) for _, labels in found]


def _ways(counts: np.ndarray, sites: Sequence[int]) -> int:
    """Return in how many ways the atoms of each kind of site can be placed on its sites."""
    ways = 1
    for row, there in zip(counts, sites, strict=True):
        ways *= factorial(there)
        for held in (*row, there - row.sum()):
            ways //= factorial(int(held))
    return ways


def _all_labels(
    counts: np.ndarray, kinds: Sequence[Sequence[int]], shared: Sequence[int], n_sites: int
) -> np.ndarray:
    """Return every way to fill the sites as `_labels` does one, shape (n_ways, n_sites)."""
    first = _labels(counts, kinds, n_sites)
    fillings = product(*(_arrangements(first[kinds[n]].tolist()) for n in shared))
    taking_part = [site for n in shared for site in kinds[n]]
    filled = [list(chain.from_iterable(filling)) for filling in fillings]
    every = np.tile(first, (len(filled), 1))
    every[:, taking_part] = filled
    return every


def _arrangements(held: list[int]) -> Iterator[list[int]]:
    """Yield every order of some numbers once."""
    if not held:
        yield []
    for first in sorted(set(held)):
        others = held.copy()
        others.remove(first)
        yield from ([first, *rest] for rest in _arrangements(others))


def _energies(labels: np.ndarray, charges: np.ndarray, energies: np.ndarray, close: np.ndarray) -> np.ndarray:
    """Return the energy of each way to fill the sites in eV, shape (n_ways,).

    `charges` has that of an empty site last.
    """
    charge, there = charges[labels], (labels >= 0).astype(float)
    return ((charge @ energies) * charge).sum(axis=1) + ((there @ close) * there).sum(axis=1) / 2


def _supercell(crystal: Structure, content: Composition) -> Structure:
    """Return the most compact supercell of the primitive cell that holds the content."""
    primitive = crystal.get_primitive_structure()
    exact = content.num_atoms / primitive.composition.num_atoms
    copies = round(exact)
    if copies < 1 or abs(exact / copies - 1) > _WHOLE:
        raise UnfitOrderingError(f"the cell would be {exact:.2f} times that of the crystal")
    for number, what, most in (
        (round(content.num_atoms), "atoms", LARGEST_CELL),
        (copies * len(primitive), "sites", _MOST_SITES),
    ):
        if number > most:
            raise UnfitOrderingError(f"it would have {number} {what}, {most} at most")
    compact = min(_hermite_forms(copies), key=lambda matrix: _longest_edge(primitive.lattice, matrix))
    return primitive.make_supercell(compact, in_place=False).get_reduced_structure("LLL")


def _longest_edge(lattice: Lattice, matrix: list[list[int]]) -> float:
    """Return the longest edge of a supercell after its reduction, in Å, to 0.001 Å."""
    reduced = Lattice(np.array(matrix) @ lattice.matrix).get_lll_reduced_lattice()
    return round(max(reduced.abc), 3)


def _hermite_forms(determinant: int) -> list[list[list[int]]]:
    """Return every lattice of this index, once, as a matrix in Hermite normal form, whose rows are its edges.

    Of a large index there are thousands; then only those that keep the directions of the edges are returned.
    """
    skewed = determinant <= _LARGEST_SKEWED
    return [
        [[a, 0, 0], [b, c, 0], [d, e, f]]
        for a in range(1, determinant + 1)
        if determinant % a == 0
        for c in range(1, determinant // a + 1)
        if determinant // a % c == 0
        for f in [determinant // (a * c)]
        for b in range(a if skewed else 1)
        for d in range(a if skewed else 1)
        for e in range(c if skewed else 1)
    ]


def _kinds(cell: Structure) -> list[list[int]]:
    """Return the numbers of the sites that hold the same."""
    kinds: dict[str, list[int]] = {}
    for number, site in enumerate(cell):
        kinds.setdefault(site.species_string, []).append(number)
    return list(kinds.values())


def _whole_atoms(
    cell: Structure, kinds: Sequence[Sequence[int]], symbols: Sequence[str], wanted: Sequence[int]
) -> np.ndarray:
    """Return the atoms of each element on each kind of site by largest remainders.

    Shape (n_kinds, n_elements).
    """
    exact = np.array([[cell[sites[0]].species[symbol] * len(sites) for symbol in symbols] for sites in kinds])
    counts = np.floor(exact + _TRACE).astype(int)
    room = np.array([len(sites) for sites in kinds])
    for element, total in enumerate(wanted):
        while (lacking := total - counts[:, element].sum()) != 0:
            step = 1 if lacking > 0 else -1
            free = (counts.sum(axis=1) < room) & (exact[:, element] > _TRACE)
            usable = free if step > 0 else counts[:, element] > 0
            if not usable.any():
                raise UnfitOrderingError(f"{total} atoms of {symbols[element]} do not fit on its sites")
            behind = step * (exact[:, element] - counts[:, element])
            counts[np.argmax(np.where(usable, behind, -np.inf)), element] += step
    return counts


def _labels(
    counts: np.ndarray, kinds: Sequence[Sequence[int]], n_sites: int, rng: np.random.Generator | None = None
) -> np.ndarray:
    """Return the number of the element on each site, −1 for an empty one, shape (n_sites,)."""
    labels = np.full(n_sites, -1)
    for row, sites in zip(counts, kinds, strict=True):
        held = np.repeat(np.arange(len(row)), row)
        held = np.concatenate([held, np.full(len(sites) - len(held), -1)])
        labels[sites] = held if rng is None else rng.permutation(held)
    return labels


def _pair_energies(cell: Structure) -> np.ndarray:
    """Return the Coulomb energies of unit charges on each pair of sites in eV, shape (n_sites, n_sites)."""
    unit = Structure(cell.lattice, ["H"] * len(cell), cell.frac_coords)
    unit.add_oxidation_state_by_site([1.0] * len(cell))
    return np.asarray(EwaldSummation(unit, acc_factor=6).total_energy_matrix)


def _close_pairs(cell: Structure, sites: Sequence[int]) -> np.ndarray:
    """Return what atoms on two shared sites pay for being close, in eV, shape (n_sites, n_sites)."""
    lacking = np.clip(_CLOSE_A - cell.distance_matrix, 0.0, None)
    taking_part = np.isin(np.arange(len(cell)), sites)
    penalties = _CLOSE_EV_A2 * lacking**2 * np.outer(taking_part, taking_part)
    np.fill_diagonal(penalties, 0.0)
    return penalties


def _anneal(
    labels: np.ndarray,
    shared: Sequence[Sequence[int]],
    charges: np.ndarray,
    energies: np.ndarray,
    close: np.ndarray,
    rng: np.random.Generator,
) -> float:
    """Swap what sites of one kind hold, in `labels`, until the energy is low; return it in eV.

    The best labels that were met stay. `charges` has that of an empty site last.
    """
    charge, there = charges[labels], (labels >= 0).astype(float)
    energy = float(_energies(labels[None], charges, energies, close)[0])
    best, best_labels = energy, labels.copy()
    kinds = [np.asarray(sites) for sites in shared]
    weights = np.array([len(sites) for sites in kinds], dtype=float)
    steps = _SWAPS_A_SITE * int(weights.sum())
    for step in range(steps):
        pair = rng.choice(kinds[rng.choice(len(kinds), p=weights / weights.sum())], 2, replace=False)
        if labels[pair[0]] == labels[pair[1]]:
            continue
        moved, shifted = np.diff(charge[pair]) * [1, -1], np.diff(there[pair]) * [1, -1]
        change = 2 * moved @ (energies[pair] @ charge) + moved @ energies[np.ix_(pair, pair)] @ moved
        change += shifted @ (close[pair] @ there) + shifted @ close[np.ix_(pair, pair)] @ shifted / 2
        temperature = _HOTTEST_EV * (1 - step / steps) + _COLDEST_EV
        if change < 0 or rng.random() < np.exp(-change / temperature):
            labels[pair] = labels[pair[::-1]]
            charge[pair], there[pair] = charge[pair[::-1]], there[pair[::-1]]
            energy += float(change)
            if energy < best - 1e-9:
                best, best_labels = energy, labels.copy()
    labels[:] = best_labels
    return best


def _structure(cell: Structure, symbols: Sequence[str], labels: np.ndarray) -> Structure:
    filled = np.flatnonzero(labels >= 0)
    # The last bits of a coordinate near 0 decide on which side of the cell its atom lies.
    inside = cell.frac_coords[filled].round(_COORDINATE_DECIMALS) % 1.0
    return Structure(cell.lattice, [symbols[labels[site]] for site in filled], inside)
