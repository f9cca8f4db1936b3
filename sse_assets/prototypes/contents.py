"""Contents of cells in whole atoms: a composition itself, or the nearest one that a prototype can hold."""

from collections.abc import Iterator
from itertools import product

import numpy as np
from pymatgen.core import Composition

from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.solids import LARGEST_CELL
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.mapping import Target

NEAREST = 0.01
"""Largest difference of an atomic fraction between a composition and the nearest one in whole atoms."""
_WHOLE = 0.02
"""Largest relative difference of the anions from those of a whole number of cells."""
_ROUNDING = 1e-4
"""Largest difference of an amount from a whole number of atoms."""
_MOST_TRIED = 100_000
"""Numbers of atoms that are compared at a time; of more elements only the two nearest numbers are."""


def exact_contents(composition: Composition, known: Prototype) -> Iterator[Composition]:
    """Yield what cells of a prototype hold that have exactly a composition, small ones first.

    Args:
        composition: one formula unit.
        known: prototype, of which each cell is a whole number of primitive cells.
    """
    anions = sum(composition[symbol] for symbol in anion_symbols(composition))
    for z in range(1, int(LARGEST_CELL // composition.num_atoms) + 1):
        copies = z * anions / known.primitive_anions
        fits = round(copies) >= 1 and abs(copies / round(copies) - 1.0) <= _WHOLE
        if fits and all(abs(z * n - round(z * n)) <= _ROUNDING for n in composition.values()):
            yield composition * z


def nearest_contents(wanted: Target, known: Prototype) -> Iterator[Composition]:
    """Yield what cells of a prototype hold that are nearest to a composition, small ones first.

    Each has every element, no atomic fraction is off by more than `NEAREST`, and of those with the least net
    charge it is the nearest.
    """
    per_anion = wanted.per_anion.sum()
    for copies in range(1, int(LARGEST_CELL / (per_anion * known.primitive_anions)) + 1):
        content = _nearest(wanted, round(copies * known.primitive_anions))
        if content is not None and content.num_atoms <= LARGEST_CELL:
            yield content


def _nearest(wanted: Target, anions: int) -> Composition | None:
    """Return the whole atoms nearest to a composition with so many anions; None where none are near."""
    exact = wanted.per_anion * anions
    lower = np.floor(exact).astype(int)
    spread = (-1, 0, 1, 2) if 4 ** len(exact) <= _MOST_TRIED else (0, 1)
    counts = lower + np.array(list(product(spread, repeat=len(exact))))
    are_anions = np.isin(wanted.symbols, anion_symbols(wanted.composition))
    counts = counts[(counts >= 1).all(axis=1) & (counts[:, are_anions].sum(axis=1) == anions)]
    if len(counts) == 0:
        return None
    fractions = counts / counts.sum(axis=1, keepdims=True)
    off = np.abs(fractions - exact / exact.sum()).max(axis=1)
    charge = np.abs(counts @ np.array([ion.state for ion in wanted.ions.values()]))
    near = off <= NEAREST
    if not near.any():
        return None
    counts, off, charge = counts[near], off[near], charge[near]
    best = np.lexsort((off.round(9), charge))[0]
    return Composition(dict(zip(wanted.symbols, map(int, counts[best]), strict=True)))
