"""Costs of one ion in the place of another, from substitutions that known compounds show."""

import json
from dataclasses import dataclass
from functools import cache
from importlib.resources import files

import numpy as np
from pymatgen.core import Composition

from sse_assets.materials.charge_balance import balanced_states

LARGE_CATIONS = frozenset(
    (
        *("Na", "K", "Rb", "Cs", "Ag", "Tl", "Ca", "Sr", "Ba", "Pb"),
        *("La", "Ce", "Pr", "Nd", "Sm", "Eu", "Gd", "Tb", "Dy", "Ho", "Er", "Tm", "Yb", "Lu", "Y"),
    )
)
"""Cations that share the large sites, such as A in perovskites and garnets."""

_UNRELATED = 3.2
"""Cost of two ions that replace one another no more often than by chance (ln of the correlation is 0)."""
_WEIGHTS = "structure_prediction/data/lambda.json"
"""Weights λ of the pairs of ions, in `pymatgen.core`."""
_UNWEIGHTED = -5.0
"""Weight of a pair that no known compounds show."""
_NEVER_SEEN = -2.5
"""ln of the correlation for an ion that the statistics do not have."""
_PER_CHARGE = 0.35
"""Cost of each unit by which the charges differ."""
_LEAST, _MOST = 0.15, 10.0
_AMONG_LARGE = 1.0
"""Most that one large cation costs in the place of another, whose statistics say less than their size."""
_LI_AND_LARGE = 1.5
"""The same for Li and a large cation, which share the A sites of perovskites."""
_OTHER_SIGN = 6.0
_REVERSED = 0.4
"""Cost of any ion on a site of a structure type whose signs are reversed."""


@dataclass(frozen=True)
class Ion:
    """An element in its oxidation state."""

    symbol: str
    state: int
    """Mean oxidation state in the compound, rounded."""
    reversed: bool = False
    """Whether it is of a structure type whose signs are reversed: the state is minus its own."""


def ions_of(composition: Composition) -> dict[str, Ion] | None:
    """Return the ion that each element is in a compound; None for one that cannot be ionic."""
    states = balanced_states(composition)
    return None if states is None else {symbol: Ion(symbol, round(state)) for symbol, state in states.items()}


@cache
def substitution_cost(new: Ion, old: Ion) -> float:
    """Return the cost of an ion in the place of another, from 0 (the same element) to 10.

    It is 3.2 − ln of the pair correlation of Hautier et al. (Inorg. Chem. 50, 656, 2011), as pymatgen has it,
    and 0.35 for each unit of charge that differs. The constants were set by hand in a trial on some of
    OBELiX's crystals (docs/structures.md).
    """
    if old.reversed:
        if new.state * old.state <= 0:
            return _MOST
        return _REVERSED + _PER_CHARGE * abs(new.state - old.state)
    other_sign = (new.state < 0) != (old.state < 0)
    if new.symbol == old.symbol and not other_sign:
        return 0.0
    difference = abs(new.state - old.state)
    cost = _UNRELATED - _log_correlation(new, old) + _PER_CHARGE * difference
    if new.symbol in LARGE_CATIONS and old.symbol in LARGE_CATIONS:
        cost = min(cost, _AMONG_LARGE)
    elif "Li" in (new.symbol, old.symbol) and {new.symbol, old.symbol} & LARGE_CATIONS:
        cost = min(cost, _LI_AND_LARGE)
    if other_sign:
        cost += _OTHER_SIGN
    return min(max(cost, _LEAST), _MOST)


def _log_correlation(one: Ion, other: Ion) -> float:
    numbers, correlations = _log_correlations()
    places = [numbers.get((ion.symbol, ion.state)) for ion in (one, other)]
    if None in places:
        return _NEVER_SEEN - 0.5 * abs(one.state - other.state)
    return round(float(correlations[tuple(places)]), 9)


@cache
def _log_correlations() -> tuple[dict[tuple[str, int], int], np.ndarray]:
    """Return the place of each ion, and ln of the pair correlations, shape (n_ions, n_ions).

    It is λ + ln Z − ln p − ln p′ (Hautier et al.), as pymatgen's `SubstitutionProbability` has it, which
    takes a second to sum over its species one by one.
    """
    weights = json.loads(files("pymatgen.core").joinpath(_WEIGHTS).read_text())
    rows = [
        (_ion(one), _ion(other), float(weight)) for one, other, weight in weights if "D1+" not in (one, other)
    ]
    numbers = {
        ion: number for number, ion in enumerate(dict.fromkeys(ion for row in rows for ion in row[:2]))
    }
    table = np.full((len(numbers), len(numbers)), _UNWEIGHTED)
    for one, other, weight in rows:
        table[numbers[one], numbers[other]] = table[numbers[other], numbers[one]] = weight
    terms = np.exp(table)
    marginal = np.log(terms.sum(axis=1))
    return numbers, table + np.log(terms.sum()) - marginal[:, None] - marginal


def _ion(name: str) -> tuple[str, int]:
    """Return symbol and charge of `Ag1+`."""
    return name[:-2], int(f"{name[-1]}{name[-2]}")
