"""Whether a composition can be neutral with the oxidation states its elements take in solid electrolytes.

The paper drops "structures with stoichiometric errors resulting in improper charge balance" (section II.A)
without saying how it found them; the rule here is ours. Each element takes one of its usual states
states (`usual_states`); those with neighbouring valences may take any mean between them, as Fe does in
lithiated Li3Fe2(PO4)3. Printed amounts are rounded and refined occupancies carry errors, so a
net charge of up to `TOLERANCE` of the positive charge counts as neutral.
"""

import math
from collections.abc import Iterable, Iterator
from itertools import permutations, product

from pymatgen.core import Composition, Element

TOLERANCE = 0.05
"""Largest net charge taken for rounding, as a share of the positive charge."""

_MAX_ASSIGNMENTS = 1000
"""Assignments that are tried one by one; the formula of OBELiX and LiIon with the most has 72."""

_FIXED_STATES: dict[str, tuple[int, ...]] = {
    "N": (-3,),
    "P": (-3, 3, 4, 5),  # 4: the P-P bond of hypothiodiphosphates, Li4P2S6
    "S": (-2, 6),
    "Se": (-2, 4, 6),
    "Te": (-2, 4, 6),
    "Cl": (-1,),
    "Br": (-1,),
    "I": (-1,),
    "Bi": (3, 5),
    "Sb": (-3, 3, 5),
    "Ag": (1,),
    "Cu": (1, 2),
    "Ru": (3, 4, 5),
}
"""Elements whose usual states pymatgen lists too widely, or too narrowly, for solid electrolytes."""

_MIXED_VALENCE: dict[str, tuple[int, int]] = {
    "H": (-1, 1),  # hydridic in BH4 and protonic in NH2 of one compound, Li4(BH4)(NH2)3
    "Ti": (3, 4),
    "V": (2, 5),
    "Cr": (2, 3),
    "Mn": (2, 4),
    "Fe": (2, 3),
    "Co": (2, 3),
    "Ni": (2, 3),
    "Nb": (4, 5),
    "Mo": (4, 6),
    "Ce": (3, 4),
    "Pr": (3, 4),
    "Eu": (2, 3),
}
"""Elements that may take any mean between two valences."""


def usual_states(symbol: str) -> list[tuple[float, float]]:
    """Ranges of mean oxidation state that an element may take; a fixed state is a range of no width."""
    if symbol in _MIXED_VALENCE:
        return [_MIXED_VALENCE[symbol]]
    states = _FIXED_STATES.get(symbol) or Element(symbol).common_oxidation_states
    return [(state, state) for state in states]


def has_both_signs(symbols: Iterable[str]) -> bool:
    """Whether one of the elements can be a cation while another is an anion."""
    ranges = [usual_states(symbol) for symbol in symbols]
    return any(
        any(high > 0 for _, high in cation) and any(low < 0 for low, _ in anion)
        for cation, anion in permutations(ranges, 2)
    )


def smallest_imbalance(composition: Composition) -> float:
    """Return the net charge of the most neutral assignment, as a share of its positive charge.

    Infinite where no assignment has both signs, as in an alloy. Where elements are so many that there are
    more than `_MAX_ASSIGNMENTS`, each may take any mean of its states, which calls too much neutral.
    """
    best = math.inf
    for imbalance, _ in _assignments(composition):
        best = min(best, imbalance)
        if best == 0:
            break
    return best


def balanced_states(composition: Composition) -> dict[str, float] | None:
    """Return the mean oxidation state of each element in the most neutral assignment.

    Elements of mixed valence share what the others leave: each takes the same part of its range.

    Returns:
        States by symbol; None where no assignment has both signs, as in an alloy.
    """
    symbols = [element.symbol for element in composition.elements]
    amounts = [composition[symbol] for symbol in symbols]
    best = min(_assignments(composition), key=lambda assignment: round(assignment[0], 6), default=None)
    if best is None:
        return None
    lowest = sum(n * low for n, (low, _) in zip(amounts, best[1], strict=True))
    width = sum(n * (high - low) for n, (low, high) in zip(amounts, best[1], strict=True))
    part = min(max(-lowest / width, 0.0), 1.0) if width else 0.0
    return {symbol: low + part * (high - low) for symbol, (low, high) in zip(symbols, best[1], strict=True)}


def _assignments(composition: Composition) -> Iterator[tuple[float, tuple[tuple[float, float], ...]]]:
    """Yield each assignment that has both signs: its imbalance, and the range of states of each element."""
    symbols = [element.symbol for element in composition.elements]
    amounts = [composition[symbol] for symbol in symbols]
    choices = [usual_states(symbol) for symbol in symbols]
    if math.prod(map(len, choices)) > _MAX_ASSIGNMENTS:
        choices = [[(min(low for low, _ in states), max(high for _, high in states))] for states in choices]
    for states in product(*choices):
        lowest = sum(n * low for n, (low, _) in zip(amounts, states, strict=True))
        highest = sum(n * high for n, (_, high) in zip(amounts, states, strict=True))
        positive = sum(n * high for n, (_, high) in zip(amounts, states, strict=True) if high > 0)
        if positive > 0 and any(low < 0 for low, _ in states):
            yield max(lowest, -highest, 0.0) / positive, states
