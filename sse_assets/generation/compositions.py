"""Measured compositions that are worth a search, and reasons to leave out the others."""

import math
from collections.abc import Collection, Sequence
from fractions import Fraction

import pandas as pd
from pymatgen.core import Composition

from sse_assets.atomistics.known_elements import unknown_elements
from sse_assets.materials.formula import parse_composition
from sse_assets.materials.solids import LARGEST_CELL
from sse_assets.tables import generated
from sse_assets.tables.names import Reason

PRINTED_TOLERANCE = 1e-3
"""Largest error of an atomic fraction in a formula that was rounded to be printed."""
NEAR = 0.01
"""Largest error of an atomic fraction in the cell of a composition that no small cell holds exactly."""
_SMALLEST_AMOUNT = 10_000
"""Amounts are fractions of whole numbers up to this one."""


def compositions_to_search(
    measurements: pd.DataFrame, known: Collection[str]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Split measurements without a structure into those to search for and those that cannot be.

    Args:
        measurements: labelled rows, with source, source_id, electrolyte_id, formula, composition_key and
            reported_family.
        known: composition keys that have a structure already; their rows are in neither table.

    Returns:
        The compositions as `tables.generated.COMPOSITIONS`, each once, smallest first, and the refused rows
        as `tables.generated.REFUSED_COMPOSITIONS`.
    """
    wanted, rejected = [], []
    for row in measurements[~measurements["composition_key"].isin(list(known))].to_dict("records"):
        composition = parse_composition(row["formula"])
        cell = integer_formula(composition)
        if cell is None and integer_formula(composition, NEAR) is not None:
            cell = whole_formula(composition)
        why_not = _why_not(row["reported_family"], composition)
        if why_not is not None or cell is None:
            code, reason = why_not or _TOO_LARGE
            named = {column: row[column] for column in ("source", "source_id", "formula")}
            rejected.append(named | {"reason_code": code.value, "reason": reason})
            continue
        wanted.append(
            {
                "composition_key": row["composition_key"],
                "electrolyte_id": row["electrolyte_id"],
                "formula": row["formula"],
                "cell_formula": cell_formula(cell),
                "formula_atoms": round(cell.num_atoms),
            }
        )
    compositions = generated.COMPOSITIONS.frame(wanted).drop_duplicates("composition_key")
    return (
        compositions.sort_values(["formula_atoms", "cell_formula"], ignore_index=True),
        generated.REFUSED_COMPOSITIONS.frame(rejected),
    )


def integer_formula(composition: Composition, near: float = PRINTED_TOLERANCE) -> Composition | None:
    """Return the smallest cell of whole atoms with these fractions; None if it has more than `LARGEST_CELL`.

    An exact cell comes first, then one in which no fraction is off by more than `near`: as much as the digits
    that papers print, by default.
    """
    fractions = {element.symbol: composition.get_atomic_fraction(element) for element in composition.elements}
    for tolerance in (1e-6, near):
        for atoms in range(len(fractions), LARGEST_CELL + 1):
            counts = {symbol: max(1, round(fraction * atoms)) for symbol, fraction in fractions.items()}
            if sum(counts.values()) == atoms and all(
                abs(counts[symbol] / atoms - fraction) <= tolerance for symbol, fraction in fractions.items()
            ):
                return Composition(counts)
    return None


def whole_formula(composition: Composition) -> Composition:
    """Return the smallest formula of whole atoms that is exact to four digits, of whatever size."""
    amounts = {
        element.symbol: Fraction(float(amount)).limit_denominator(_SMALLEST_AMOUNT)
        for element, amount in composition.items()
    }
    whole = math.lcm(*(amount.denominator for amount in amounts.values()))
    counts = {symbol: int(amount * whole) for symbol, amount in amounts.items()}
    common = math.gcd(*counts.values())
    return Composition({symbol: count // common for symbol, count in counts.items()})


def cell_formula(composition: Composition) -> str:
    """Return an integer composition as text without reduction: `Li6O2ClBr`."""
    return "".join(
        symbol if count == 1 else f"{symbol}{round(count)}" for symbol, count in composition.as_dict().items()
    )


def cell_sizes(formula_atoms: int, formula_units: Sequence[int], largest_cell: int) -> list[int]:
    """Return each Z whose cell fits, smallest first; the smallest Z is there in any case."""
    smallest, *others = sorted(set(formula_units))
    return [smallest, *(z for z in others if z * formula_atoms <= largest_cell)]


_TOO_LARGE = (
    Reason.CELL_TOO_LARGE,
    f"no integer formula of at most {LARGEST_CELL} atoms is within {NEAR:g} of it in each atomic fraction",
)


def _why_not(family: object, composition: Composition) -> tuple[Reason, str] | None:
    if isinstance(family, str) and "glass" in family.lower():
        return Reason.GLASS, "a glass: no crystal describes it"
    unknown = unknown_elements(element.symbol for element in composition.elements)
    if unknown:
        return Reason.UNKNOWN_ELEMENT, f"CHGNet does not know {', '.join(unknown)}"
    return None
