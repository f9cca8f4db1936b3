"""Chemical formulas as people write them, and when two of them mean the same composition."""

import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import combinations, islice

from pymatgen.core import Composition

from sse_assets.materials.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.materials.formula_grammar import FormulaError as FormulaError
from sse_assets.materials.formula_grammar import MisprintError, read_terms
from sse_assets.materials.formula_notation import plain_notation
from sse_assets.materials.plain_text import has_control_characters

_AMOUNT_DECIMALS = 4
_MAX_LENGTH = 500
"""Characters; the longest formula of OBELiX and LiIon has 60."""
_MAX_SHOWN = 80
_MAX_AMOUNT = 1e6

_LOOK_ALIKES = {"I": "l", "l": "I", "1": "l", "0": "O", "O": "0"}
"""Characters that one mistakes for one another when typing or scanning."""
_MAX_MISTAKES = 3
_MAX_GUESSES = 100
_MAX_GUESSED = 80
"""Characters; in a longer formula no misprint is looked for."""

COMPOSITION_TOLERANCE = 0.03
"""Where an atomic fraction differs by more, a CIF does not show the compound that its table names."""


def parse_composition(text: str) -> Composition:
    """Read a formula as people write it.

    Accepts quotes, blanks and brackets of every kind (`"(Li2S)0.5 (P2S5)0.5"`), fractional amounts, mixtures
    (`0.7Li2S-0.3P2S5`, with any dash), adducts (`LiI*3H2O`, with any raised dot), subscripts and raised
    decimal points. Leaves out phases (`β-Li3PS4`), charges written as superscripts, and vacancies (`□`).
    Isotopes count as their element.

    Returns:
        Amounts in the formula's own units; not normalised.

    Raises:
        FormulaError: if the text is no formula, can be read in two ways, leaves an amount open (`Li1+x…`), or
            has no positive amount.
    """
    try:
        return _read(str(text))
    except FormulaError as error:
        meant = misprinted(str(text)) if isinstance(error, MisprintError) else None
        question = f"; did you mean {meant}?" if meant else ""
        raise FormulaError(f"cannot read the formula {_shown(str(text))}: {error}{question}") from error


@lru_cache(maxsize=4096)  # every table and descriptor asks for the same formulas, one after the other
def _read(text: str) -> Composition:
    return _composition(_plain(text))


def _plain(text: str) -> str:
    if len(text) > _MAX_LENGTH:
        raise FormulaError(f"it has more than {_MAX_LENGTH} characters: write one compound")
    if has_control_characters(text.strip()):
        raise FormulaError("it holds a line break or control character: write it on one line")
    plain = plain_notation(text.strip())
    if not plain:
        raise FormulaError("it is empty: write one")
    return plain


def _composition(plain: str) -> Composition:
    total = Composition()
    for term in read_terms(plain):
        total = total + Composition(term.amounts) * (1.0 if term.factor is None else term.factor)
    if not total:
        raise FormulaError("it has no positive amount of any element: write the amounts")
    if not max(total.values()) <= _MAX_AMOUNT:
        raise FormulaError(f"it has an amount above {_MAX_AMOUNT:g}: divide the amounts")
    return total


def _shown(text: str) -> str:
    """A text between quotes, cut to a length that a sentence can bear."""
    return repr(text) if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]!r}…"


def misprinted(text: str) -> str | None:
    """The formula that was meant where l, I and 1, or O and 0, were confused: `Li6PS5Cl` for `Li6PS5CI`.

    None where the text's own charges balance, or where no such change makes them balance. Carbon takes so
    many states that it balances everything: without H, N and O beside it, it counts as a misprint too.
    """
    if len(text) > _MAX_GUESSED or _is_sound(text):
        return None
    return next((guess for guess in islice(_guesses(text), _MAX_GUESSES) if _is_sound(guess)), None)


def _guesses(text: str) -> Iterator[str]:
    """The text with one and more characters in place of which another is meant, the fewest changes first."""
    places = [found.start() for found in re.finditer(r"[Il1O]|0(?!\.)", text)]
    for mistakes in range(1, _MAX_MISTAKES + 1):
        for changed in combinations(places, mistakes):
            characters = list(text)
            for place in changed:
                characters[place] = _LOOK_ALIKES[text[place]]
            yield "".join(characters)


def _is_sound(text: str) -> bool:
    try:
        composition = _read(text)
    except FormulaError:
        return False
    bare_carbon = composition["C"] > 0 and not any(composition[symbol] for symbol in ("H", "N", "O"))
    return not bare_carbon and smallest_imbalance(composition) <= TOLERANCE


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
