"""Notations of chemical formulas: what people print, turned into the plain text of `formula_grammar`.

Where a text can be read in two ways, it is refused with both of them.
"""

import re
import unicodedata

from pymatgen.core import Composition, Element

from sse_assets.materials.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.materials.formula_grammar import FormulaError, is_compound, read_terms

_NOT_SEEN = "\"'`´‘’“”′\u200b\u200c\u200d\u2060\ufeff$"
_REPLACED = str.maketrans(
    dict.fromkeys("\u00ad\u02d7\u2010\u2011\u2012\u2013\u2014\u2015\u2043\u208b\u2212\ufe58\ufe63\uff0d", "-")
    | dict.fromkeys("\u0387\u02d9\u2022\u2027\u2219\u22c5\u25cf\u30fb\uff65", "·")
    | dict.fromkeys("×✕✖∗", "*")
    | dict.fromkeys("⁄∕÷", "/")
    | dict.fromkeys("☐▢◻◽⬜", "□")
    | dict.fromkeys("⟨〈《", "(")
    | dict.fromkeys("⟩〉》", ")")
    | dict.fromkeys("【〔", "[")
    | dict.fromkeys("】〕", "]")
    | dict.fromkeys(_NOT_SEEN, "")
)
"""Hyphens, dashes and minus signs; raised dots; signs of multiplication and division; boxes for vacancies;
brackets; quotes and characters of no width."""

_SUBSCRIPTS, _SUPERSCRIPTS = "₀₁₂₃₄₅₆₇₈₉", "⁰¹²³⁴⁵⁶⁷⁸⁹"
_LOWERED = str.maketrans("0123456789", _SUBSCRIPTS)
_RAISED = str.maketrans("0123456789+-−–", f"{_SUPERSCRIPTS}⁺⁻⁻⁻")
_SUBSCRIPT_MARKUP = re.compile(r"<sub>([^<>]*)</sub>|_\{([^{}]*)\}|_([\d.]+)", re.IGNORECASE)
_SUPERSCRIPT_MARKUP = re.compile(r"<sup>([^<>]*)</sup>|\^\{([^{}]*)\}|\^(\d+[-+−]?|[-+−])", re.IGNORECASE)
_FRACTIONS = {"½": "0.5", "¼": "0.25", "¾": "0.75"}
_CHARGE = re.compile(rf"[{_SUPERSCRIPTS}]*[⁺⁻]")
_ISOTOPE = re.compile(rf"([{_SUPERSCRIPTS}]+)([A-Z][a-z]?)|(?<=[(\[{{])(\d+)([A-Z][a-z]?)(?=[)\]}}])")
_JOINED = re.compile(
    rf"[0-9][{_SUBSCRIPTS}]|[{_SUBSCRIPTS}][0-9]|[0-9{_SUBSCRIPTS}][{_NOT_SEEN}]+[0-9{_SUBSCRIPTS}]|[0-9][⁺⁻]"
)
"""Digits side by side that are no one number: amount and factor, or amount and charge."""

_PHASES = (
    "glass[ -]ceramic",
    "glassy?",
    "ceramic",
    "amorphous",
    "(?:poly|single )?crystal(?:line)?",
    "cubic",
    "tetragonal",
    "hexagonal",
    "orthorhombic",
    "monoclinic",
    "triclinic",
    "rhombohedral",
    "trigonal",
    "(?:thin )?film",
)
_PHASE = "|".join((*_PHASES, *(word[0].upper() + word[1:] for word in _PHASES if word[0].isalpha())))
_PHASE_BEFORE = re.compile(rf"(?:(?:{_PHASE})[\s-]+|[a-jlmo-tα-ω]\d?-|\d+[RTM]-)(?=[A-Z\d(\[{{])")
_PHASE_AFTER = re.compile(rf"[\s,-]*(?:[(\[](?:{_PHASE}|s|cr|gl|am)[)\]]|(?<=[\s,-])(?:{_PHASE}))$")
_POLYTYPE = re.compile(r"(\d+[HC])-(?=[A-Z])")
_MOLE_PER_CENT = re.compile(r"\(?\s*mol[.\s-]*%\s*\)?")
_MISSING = ("NaN", "Inf", "None")
"""What programs write where there is no value; the first reads as sodium and nitrogen too."""

_SOLVENT = re.compile(r"[1-9]\d?\(?(?:H2O2?|D2O|NH3|CH3OH|C2H5OH|CH3CN|C4H8O)\)?")

_POINT = re.compile(r"\.(?=([1-9]\d?)[A-Z(])")
"""A point that may add a molecule."""


def plain_notation(text: str) -> str:
    """The plain text of a formula.

    Raises:
        FormulaError: with a sentence that leaves the whole text out, where it has no single reading.
    """
    if text in _MISSING:
        raise FormulaError("it stands for a value that is missing: write the formula")
    typed = _with_ascii_signs(text)
    typed = _without_phase(typed)
    typed = _without_blanks(typed)
    typed = _with_points_told_apart(_with_raised_points_told_apart(typed))
    typed = re.sub(r"((?:^|(?<=[-*(\[{]))\d+(?:\.\d+)?)\*(?=[A-Z(\[{])", r"\1", typed)  # 0.7*Li2S
    if re.match(r"[67]Li", typed) and not re.search(r"[-*]", typed):
        return typed[1:]  # 6Li and 7Li: a compound alone has no factor
    return typed


def _with_ascii_signs(text: str) -> str:
    """One sign for all that look alike or mean the same, without raised charges and mass numbers."""
    text = _SUBSCRIPT_MARKUP.sub(lambda found: found[found.lastindex or 0].translate(_LOWERED), text)
    text = _SUPERSCRIPT_MARKUP.sub(lambda found: found[found.lastindex or 0].translate(_RAISED), text)
    if joined := _JOINED.search(text):
        raise FormulaError(
            f"{joined[0]!r} may be an amount beside a factor or a charge: write '·' between parts of a "
            "mixture, and leave charges out"
        )
    if numeral := re.search("[Ⅰ-ↈ]", text):
        raise FormulaError(f"{numeral[0]!r} is a Roman numeral: leave an oxidation state out")
    text = _ISOTOPE.sub(_without_mass_number, _CHARGE.sub("", text))
    if left := re.search(rf"[{_SUPERSCRIPTS}]", text):
        raise FormulaError(f"{left[0]!r} is raised: write an amount on the line, or leave out a charge")
    text = re.sub(r"(?<!\d)[½¼¾]", lambda found: _FRACTIONS[found[0]], text)
    text = unicodedata.normalize("NFKC", text.translate(_REPLACED)).translate(_REPLACED)
    return re.sub(r"\s+\+\s+", "*", text).strip().removesuffix(".")


def _without_mass_number(found: re.Match[str]) -> str:
    """The element of `⁷Li` or `[7Li]`."""
    digits, symbol = unicodedata.normalize("NFKC", found[1] or found[3]), found[2] or found[4]
    mass = Element(symbol).atomic_mass if Element.is_valid_symbol(symbol) else 0.0
    if not 0.75 * mass <= int(digits) <= 1.4 * mass + 1:  # 2H and 6Li are the farthest from the mean
        raise FormulaError(f"{found[0]!r} is no isotope: write an amount after its element")
    return symbol


def _without_phase(text: str) -> str:
    """Leave out the words and letters that name a phase: `β-Li3PS4`, `Li7P3S11 (glass-ceramic)`."""
    text = _MOLE_PER_CENT.sub("", text)
    if "%" in text:
        raise FormulaError("an amount is in per cent by weight or of something unknown: write moles")
    if polytype := _POLYTYPE.match(text):
        raise FormulaError(
            f"{polytype[0]!r} may name a polytype or a part of a mixture: leave a polytype out, and write a "
            f"mixture as '{polytype[1]}·…'"
        )
    before = _PHASE_BEFORE.match(text)
    return _PHASE_AFTER.sub("", text[before.end() :] if before else text)


def _without_blanks(text: str) -> str:
    """Leave out blanks that part nothing but elements; a point with a blank after it adds a molecule."""
    text = re.sub(r"(?<=[A-Za-z\d)\]}])\s*\.\s+(?=[\dA-Z(\[{])", "*", text.strip())
    amount_apart = re.search(r"[A-Za-z\d.)\]}]\s+\.?\d[\d.]*", text)
    if amount_apart and (
        re.search(r"[\d.]\s+[\d.]", text) or re.search(r"[A-Za-z)\]}][\d.]|[\d.]*\d[A-Z(\[{]", text)
    ):
        joined, mixed = re.sub(r"\s+", "", text), re.sub(r"\s+(?=[.\d])", "·", text)
        raise FormulaError(
            f"the blank in {amount_apart[0]!r} may part an amount from its element, or two parts of a "
            f"mixture: write {joined!r}, or {mixed.replace(' ', '')!r}"
        )
    return re.sub(r"\s+", "", text)


def _with_raised_points_told_apart(text: str) -> str:
    """`*` for raised dots that add molecules, and points for those between the digits of one number."""
    if not re.search(r"\d·\d", text):
        return text.replace("·", "*")
    decimal = re.sub(r"(?<=\d)·(?=\d)", ".", text)
    parts = re.split(r"[·*]|(?<!e)-", text)
    if any(re.search(r"(?<![\d.])0(?![\d.])", part) or not re.search(r"[A-Z□]", part) for part in parts):
        return decimal.replace("·", "*")  # Ta0 and a number alone are no molecules
    lone = next((part for part in parts if len(set(re.findall(r"[A-Z][a-z]?", part))) == 1), None)
    if lone is not None:
        raise FormulaError(
            f"the raised dots may be decimal points or add molecules, of which {lone!r} would be one: write "
            f"{decimal.replace('·', '*')!r}, or {text.replace('·', '*')!r}"
        )
    return text.replace("·", "*")


def _with_points_told_apart(text: str) -> str:
    """`*` for points that can only add molecules; decimal points stay."""
    text = re.sub(r"(?<=[A-Za-z)\]}])\.(?=0\.\d)|(?<=[A-Za-z\d)\]}])\.(?=[A-Z(\[{])", "*", text)
    if twice := re.search(r"(\d)\.(\d+)\.(?=\d)", text):
        added, decimal = f"{twice[1]}·{twice[2]}.", f"{twice[1]}.{twice[2]}·"
        raise FormulaError(
            f"of the points in {twice[0]!r} one adds a molecule: write "
            f"{text[: twice.start()] + added + text[twice.end() :]!r}, or "
            f"{text[: twice.start()] + decimal + text[twice.end() :]!r}"
        )
    start = 0
    for part in re.split(r"([-*])", text):
        if point := next((point for point in _POINT.finditer(part) if _may_add(part, point)), None):
            at, end = start + point.start(), start + point.end(1)
            first = start + len(part) - len(part.lstrip("0123456789."))  # after the factor
            raise FormulaError(
                f"the point in {text[max(0, at - 3) : at + 5]!r} may add a molecule or be decimal: write "
                f"{text[:at] + '·' + text[at + 1 :]!r}, or "
                f"{text[:first] + '(' + text[first:end] + ')' + text[end:]!r}"
            )
        start += len(part)
    return text


def _may_add(part: str, point: re.Match[str]) -> bool:
    """Whether a point may part a compound and a solvent, or compounds that are neutral."""
    before, after = part[: point.start()], part[point.end() :]
    if _SOLVENT.fullmatch(after):
        return is_compound(before)
    if re.search(r"[)\]}]\d*\Z", before):
        return False  # of (Li2S)16.6(SiS2)83.4 nobody means 16 and 6
    return (_is_neutral(before) and _is_neutral(after)) or all(map(_is_neutral, _POINT.split(part)[::2]))


def _is_neutral(text: str) -> bool:
    if not is_compound(text):
        return False
    return smallest_imbalance(Composition(read_terms(text)[0].amounts)) <= TOLERANCE
