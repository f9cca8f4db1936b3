"""Chemical formulas as people write them, and when two of them mean the same composition."""

import re

from pymatgen.core import Composition

_ADDUCT = re.compile(r"[*·•]")
_COEFFICIENT = re.compile(r"^(\d+(?:\.\d+)?)(?=[A-Z(\[])")
_AMOUNT_DECIMALS = 4
_MAX_LENGTH = 500
"""Characters; the longest formula of OBELiX and LiIon has 60."""
_MAX_AMOUNT = 1e6

COMPOSITION_TOLERANCE = 0.03
"""Where an atomic fraction differs by more, a CIF does not show the compound that its table names."""


class FormulaError(ValueError):
    """A text that cannot be read as a chemical formula."""


def parse_composition(text: str) -> Composition:
    """Read a formula as tables print it.

    Accepts quotes and blanks (`"(Li2S)0.5 (P2S5)0.5"`), nested brackets, fractional amounts and
    adducts (`LiI*3H2O`, with `*` or a raised dot).

    Returns:
        Amounts in the formula's own units; not normalised.

    Raises:
        FormulaError: if the text is no formula, holds a pseudo-element, or has no positive amount.
    """
    cleaned = re.sub(r"[\s\"']", "", str(text))
    if not cleaned:
        raise FormulaError("the formula is empty")
    if len(cleaned) > _MAX_LENGTH:
        raise FormulaError(f"the formula {cleaned[:40]!r}… has more than {_MAX_LENGTH} characters")
    total = Composition()
    try:
        for part in filter(None, _ADDUCT.split(cleaned)):
            coefficient = _COEFFICIENT.match(part)
            factor = float(coefficient[1]) if coefficient else 1.0
            body = part[coefficient.end() :] if coefficient else part
            total = total + Composition(body, strict=True) * factor
    except (ValueError, OverflowError) as error:
        raise FormulaError(f"cannot read the formula {text!r}: {error}") from error
    if not total or any(amount < 0 for amount in total.values()):
        raise FormulaError(f"the formula {text!r} has no positive amount of any element")
    if max(total.values()) > _MAX_AMOUNT:
        raise FormulaError(f"the formula {text!r} has an amount above {_MAX_AMOUNT:g}")
    return total


def element_fractions(composition: Composition) -> dict[str, float]:
    """Atomic fractions by element symbol, in order of electronegativity; they sum to one."""
    total = composition.num_atoms
    return {
        element.symbol: composition[element] / total
        for element in sorted(composition.elements, key=lambda element: element.X)
    }


def composition_key(composition: Composition) -> str:
    """A text that is equal for two compositions with the same atomic fractions to 0.001.

    Rounding hides the last digit in which two papers print one composition, and the number of formula
    units that each of them counts.
    """
    fractions = element_fractions(composition)
    return " ".join(
        f"{symbol}{fraction:.3f}" for symbol, fraction in sorted(fractions.items()) if round(fraction, 3) > 0
    )


def formula_text(composition: Composition) -> str:
    """The composition as one formula, most electropositive element first, amounts to four decimals."""
    amounts = {
        element.symbol: round(composition[element], _AMOUNT_DECIMALS)
        for element in sorted(composition.elements, key=lambda element: element.X)
    }
    return "".join(
        symbol if amount == 1 else f"{symbol}{amount:g}" for symbol, amount in amounts.items() if amount > 0
    )


def reduced_formula(composition: Composition) -> str:
    """Integer amounts divided by their greatest common divisor.

    Fractional ones have none that a chemist would recognise, and stay as they are.
    """
    if all(abs(amount - round(amount)) < 1e-6 for amount in composition.values()):
        return str(Composition({el: round(n) for el, n in composition.items()}).reduced_formula)
    return formula_text(composition)


def largest_difference(found: Composition, stated: Composition) -> tuple[str, float]:
    """The element whose atomic fraction differs most between two compositions, and found minus stated."""
    differences = {
        element.symbol: found.get_atomic_fraction(element) - stated.get_atomic_fraction(element)
        for element in sorted({*found.elements, *stated.elements}, key=lambda element: element.Z)
    }
    symbol = max(differences, key=lambda symbol: abs(differences[symbol]))
    return symbol, differences[symbol]
