"""The grammar of chemical formulas: elements, amounts, brackets, and the terms of a mixture.

It reads plain notation: ASCII without blanks, `*` before a term of an adduct, `-` before a term of a mixture,
and `□` for a vacancy. `formula_notation` turns what people print into it.
"""

import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from typing import NoReturn

from pymatgen.core import Element

from sse_assets.materials.charge_balance import has_both_signs

_SYMBOLS = {element.symbol for element in Element} - {"T"} | {"D"}
"""Deuterium has a symbol of its own; tritium's is no measured electrolyte's."""
_VACANCIES = {"□", "Va", "Vac"}
_KNOWN = _SYMBOLS | _VACANCIES
_MAX_DEPTH = 20
"""Brackets within brackets; the deepest formula of OBELiX and LiIon has three."""

_NUMBER = re.compile(r"(?:\d+(?:\.\d+)?|\.\d+)(?:e[+-]?\d+)?", re.ASCII)
_SYMBOL = re.compile(r"Vac?(?![a-z])|[A-Z][a-z]?|□")
_CLOSING = {"(": ")", "[": "]", "{": "}"}
_OXIDATION_STATE = re.compile(r"(?<=[a-zA-Z])\((I{1,3}|IV|VI{0,3})\)(?![\d.])")
_UNKNOWN = "xyznmkuvwαβγδεφω"
"""Letters that stand for amounts in templates."""
_BEFORE_UNKNOWN = re.compile(rf"(?:[A-Z][a-z]??|[)\]}}])?\(?[-+./\d{_UNKNOWN}]*\Z")
_AFTER_UNKNOWN = re.compile(rf"[-+./\d{_UNKNOWN}]*\)?")
_SIGNS = {
    "+": "may be a charge or a sum: leave a charge out, and write a mixture as 'A·2B'",
    "/": "may be a fraction or a mixture: write 0.5 for '1/2', and a mixture as 'A·2B'",
    ",": "may be a decimal comma: write the amount with a point",
    ".": "stands where no decimal point can be: write '·' before a molecule that is added",
    "*": "has no compound before it: write a mixture as 'A·2B'",
    "-": "has no compound before it: an amount cannot be negative",
    "^": "may begin a charge: leave it out",
    ":": "may be a ratio: write a mixture as 'A·2B'",
}
"""What a sign may mean that ends up where the grammar has no place for it."""


class FormulaError(ValueError):
    """A text that cannot be read as a chemical formula."""


class MisprintError(FormulaError):
    """A text with something in the place of an element or amount that is none."""


@dataclass(frozen=True)
class Term:
    """One compound of a mixture or adduct, such as `0.3P2S5`; a plain formula is a single term."""

    factor: float | None
    """None where the text has none, which means one."""
    parts: list[tuple[str, float]]
    """Symbol and amount of each element, an element as often as the text has it; vacancies are left out."""

    @property
    def amounts(self) -> dict[str, float]:
        """Amounts in one formula unit by symbol, in the order of the text."""
        return _summed(self.parts)


def read_terms(text: str) -> list[Term]:
    """Read a formula in plain notation.

    Raises:
        FormulaError: with a sentence that leaves the whole text out: what is wrong, where, and what to write.
    """
    _refuse_unknown_amounts(text)
    if state := _OXIDATION_STATE.search(text):
        raise FormulaError(
            f"{state[0]!r} may be an oxidation state: leave it out, or write the element as {state[1]!r}"
        )
    reader = _Reader(text)
    terms = reader.mixture(depth=0)
    if reader.rest:
        reader.refuse_next()
    return terms


def is_compound(text: str) -> bool:
    """Whether a text is one term with elements of both signs, so no metal, no lone anion and no number."""
    try:
        terms = read_terms(text)
    except FormulaError:
        return False
    return len(terms) == 1 and all(terms[0].amounts.values()) and has_both_signs(terms[0].amounts)


def _refuse_unknown_amounts(text: str) -> None:
    """Refuse a template, such as `Li1+xAlxTi2-x(PO4)3`.

    An `e` between digits is part of a number, and a letter after a capital may complete a symbol.
    """
    without_symbols = re.sub(
        r"Vac?(?![a-z])|[A-Z][a-z]|(?<=\d)e(?=[+-]?\d)",
        lambda found: "." * len(found[0]) if found[0] in _KNOWN or found[0] == "e" else found[0],
        text,
    )
    places = [
        found.start()
        for found in re.finditer(r"[^\W\d_A-Z]+", without_symbols)
        if set(found[0]) <= set(_UNKNOWN)
        and (
            found.start() == 0 or not text[found.start() - 1].isupper() or text[found.start() - 1] in _SYMBOLS
        )
    ]
    if not places:
        return
    before, after = _BEFORE_UNKNOWN.search(text[: places[0]]), _AFTER_UNKNOWN.match(text[places[0] :])
    assert before is not None  # both match an empty text
    assert after is not None
    letters = sorted({text[place] for place in places})
    wanted = f"a number for {letters[0]}" if len(letters) == 1 else f"numbers for {', '.join(letters)}"
    raise FormulaError(f"{before[0] + after[0]!r} has an amount that is not known: put {wanted}")


def _summed(parts: Iterable[tuple[str, float]]) -> dict[str, float]:
    amounts: dict[str, float] = {}
    for symbol, amount in parts:
        amounts[symbol] = amounts.get(symbol, 0.0) + amount
    return amounts


class _Reader:
    """Recursive descent through one text."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.at = 0

    @property
    def rest(self) -> str:
        return self.text[self.at :]

    def mixture(self, depth: int) -> list[Term]:
        """Terms up to the end of the text or the next closing bracket."""
        start = self.at
        terms, separators = [self.term(depth)], set()
        while self.rest[:1] in ("-", "*"):
            separators.add(self.rest[0])
            self.at += 1
            if self.rest[:1] in ("", *_CLOSING.values()):
                self.refuse("ends in a sign: leave out a charge, and complete a mixture")
            terms.append(self.term(depth))
        if "-" in separators:
            _require_mixture(self.text[start : self.at], terms, separators)
        return terms

    def term(self, depth: int) -> Term:
        """A factor, if there is one, and what follows up to the next sign or closing bracket."""
        factor = self._number()
        if factor == 0:
            self.refuse("has none of a part of a mixture: leave that part out")
        parts: list[tuple[str, float]] = []
        start = self.at
        while True:
            if self.rest[:1] in _CLOSING:
                parts += self._bracket(depth + 1)
            elif symbol := _SYMBOL.match(self.text, self.at):
                parts += self._element(symbol[0])
            else:
                break
        if self.at == start:
            if factor is not None:
                self.refuse(f"has no element after the number {factor:g}: write the compound")
            self.refuse_next()
        return Term(factor, parts)

    def _number(self) -> float | None:
        """The number that stands here, if one does."""
        found = _NUMBER.match(self.text, self.at)
        if found is None:
            return None
        if re.match(r"0\d", found[0]):
            self.refuse(
                f"has the amount {found[0]!r}: write O for oxygen, or 0. before a decimal", MisprintError
            )
        self.at = found.end()
        if re.match(r"\.\d", self.rest):
            self.refuse("has a number with two points: write '·' before a molecule that is added")
        return float(found[0])

    def _element(self, symbol: str) -> list[tuple[str, float]]:
        if symbol not in _KNOWN:
            self.refuse(f"has {symbol!r}, which is no element: write the symbol of one", MisprintError)
        self.at += len(symbol)
        amount = self._number()
        if symbol in _VACANCIES:
            return []
        return [("H" if symbol == "D" else symbol, 1.0 if amount is None else amount)]

    def _bracket(self, depth: int) -> list[tuple[str, float]]:
        if depth > _MAX_DEPTH:
            self.refuse(f"has brackets more than {_MAX_DEPTH} deep: multiply some out")
        opening = self.rest[0]
        self.at += 1
        terms = self.mixture(depth)
        if self.rest and self.rest[0] not in _CLOSING.values():
            self.refuse_next()
        if self.rest[:1] != _CLOSING[opening]:
            found = f"with {self.rest[0]!r}" if self.rest else "nowhere"
            self.refuse(f"closes the bracket {opening!r} {found}: write {_CLOSING[opening]!r}")
        self.at += 1
        amount = self._number()
        factor = 1.0 if amount is None else amount
        parts = [
            (symbol, inner * factor if term.factor is None else inner * term.factor * factor)
            for term in terms
            for symbol, inner in term.parts
        ]
        return list(_summed(parts).items())

    def refuse_next(self) -> NoReturn:
        """Refuse the character that stands where none like it can."""
        found = self.rest[:1]
        if not found:
            self.refuse("ends too early: complete it")
        if found in _SIGNS:
            self.refuse(f"has a {found!r}, which {_SIGNS[found]}")
        if found in _CLOSING.values() and self.text[: self.at][-1:] in _CLOSING:
            self.refuse("has an empty bracket: remove it")
        if found in _CLOSING.values():
            self.refuse(
                f"has a {found!r} that closes nothing: remove it, or write the bracket that it closes"
            )
        if found.isascii() and found.isalpha():
            self.refuse(
                f"has {found!r} where no element can begin: elements begin with a capital", MisprintError
            )
        if found.isalpha():
            name = unicodedata.name(found, "no known letter").lower()
            self.refuse(f"has {found!r} ({name}): write the formula in Latin letters")
        self.refuse(f"has {found!r}, which no formula has: remove it")

    def refuse(self, predicate: str, error: type[FormulaError] = FormulaError) -> NoReturn:
        """Refuse the text with a sentence whose subject is the piece of it that the reader has come to."""
        piece = self.text[max(0, self.at - 8) : self.at + 8]
        raise error(f"{'it' if piece == self.text else repr(piece)} {predicate}")


def _require_mixture(piece: str, terms: list[Term], separators: set[str]) -> None:
    """Refuse hyphens that may be something else than the signs between the parts of a mixture."""
    if len(separators) > 1:
        raise FormulaError(f"{piece!r} has both '-' and '·': part all of the mixture with '·'")
    if not all(has_both_signs(term.amounts) for term in terms):
        raise FormulaError(
            f"the hyphen in {piece!r} may be a minus, because one of its parts is no compound: write the "
            "amount that is meant, or a mixture as 'A·2B'"
        )
    if all(term.factor is None for term in terms):
        raise FormulaError(
            f"{piece!r} does not say how much there is of each part: write 0.7A·0.3B, or A·B for one of each"
        )
