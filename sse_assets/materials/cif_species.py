"""Meanings of the type symbol or label of an atom: elements, isotopes, groups with H, or a vacancy."""

import re
from collections.abc import Collection
from dataclasses import dataclass, field
from enum import StrEnum
from functools import lru_cache

import gemmi

_ISOTOPE_MASSES = {
    ("H", 1): 1.007825, ("H", 2): 2.014102, ("H", 3): 3.016049, ("Li", 6): 6.015123, ("Li", 7): 7.016003,
    ("B", 10): 10.012937, ("B", 11): 11.009305, ("C", 12): 12.0, ("C", 13): 13.003355, ("N", 14): 14.003074,
    ("N", 15): 15.000109, ("O", 16): 15.994915, ("O", 17): 16.999132, ("O", 18): 17.999160,
}  # fmt: skip
"""In daltons (atomic mass evaluation AME2020); the mass number is as good for heavier ones."""
_NAMES_OF_ISOTOPES = {"D": ("H", 2), "T": ("H", 3)}
_HEAVIEST = 1.25
"""A number before a symbol is a mass number up to this many times the element's mass (1.25 includes 48Ca)."""

_VACANCIES = {"va", "vac", "vacancy", "vacant", "void", "vc", "du", "dum", "dummy", "cg", "bq"}
_PLACEHOLDERS = {"x", "m", "q", "xx", "ax", "me"}
"""What stands for a vacancy in one file, and for a halogen or a metal in another."""
_GROUPS = {
    "OH": {"O": 1, "H": 1}, "HO": {"O": 1, "H": 1}, "OH2": {"O": 1, "H": 2}, "H2O": {"O": 1, "H": 2},
    "WAT": {"O": 1, "H": 2}, "NH": {"N": 1, "H": 1}, "NH2": {"N": 1, "H": 2}, "NH3": {"N": 1, "H": 3},
    "NH4": {"N": 1, "H": 4}, "BH4": {"B": 1, "H": 4}, "SH": {"S": 1, "H": 1}, "CH": {"C": 1, "H": 1},
    "CH2": {"C": 1, "H": 2}, "CH3": {"C": 1, "H": 3}, "OD": {"O": 1, "D": 1}, "D2O": {"O": 1, "D": 2},
    "ND4": {"N": 1, "D": 4},
}  # fmt: skip
"""An atom with its H in one symbol."""
_CHARGE = re.compile(r"\(?(?:\d*(?:\.\d+)?[+-]+|[+-]\d+(?:\.\d+)?)\)?$")
_SYMBOL = re.compile(r"^(?P<mass>\d{1,3})?(?P<letters>[A-Za-z]{1,3})(?P<rest>.*)$")
_SHARES = re.compile(r"(?P<share>\d*\.?\d+)\s*(?P<element>[A-Z][a-z]?)[^+]*(?:\+|$)")


class Vacancy(StrEnum):
    """How sure a name is that nothing is there."""

    NO = "no"
    NAMED = "named"
    """By a word for a vacancy or a dummy."""
    PLACEHOLDER = "placeholder"
    """By a letter that may stand for an atom too."""


@dataclass(frozen=True)
class Meaning:
    """What fills a site, for one of what the line says."""

    amounts: dict[str, float]
    """Atoms by element, without those of `hydrogen`."""
    hydrogen: float = 0.0
    """H that is there and has no position of its own."""
    excess_da: float = 0.0
    """What the isotopes weigh more than their elements, in daltons."""
    vacancy: Vacancy = Vacancy.NO
    isotopes: tuple[str, ...] = field(default=())
    ambiguous: bool = False
    """Whether the name could mean another element too."""


def meaning(type_symbol: str | None, label: str | None, formula: Collection[str]) -> Meaning | None:
    """Return what a line of the atoms stands for; None if neither its type symbol nor its label is known.

    The type symbol decides, and the label where there is none. A label that names a vacancy counts beside a
    type symbol of an element that the formula does not hold (`Vac1` of the type `V`).

    Args:
        type_symbol: as in `_atom_site_type_symbol`, None where absent.
        label: as in `_atom_site_label`, None where absent.
        formula: symbols of the elements that the CIF's formula holds, empty where it has none.
    """
    if type_symbol is None:
        return None if label is None else _of_label(label, frozenset(formula))
    found = _of_symbol(type_symbol, frozenset(formula))
    if found is not None and label is not None and formula and not set(found.amounts) & set(formula):
        letters = re.match(r"[A-Za-z]*", label)
        if letters and letters[0].lower() in _VACANCIES:
            return Meaning({}, vacancy=Vacancy.NAMED)
    return found


@lru_cache(maxsize=4096)
def _of_symbol(text: str, formula: frozenset[str]) -> Meaning | None:
    """A type symbol may have a charge, a mass number or digits, and no other letters."""
    cleaned = re.sub(r"</?sup>|[\s^{}\[\]'\"_]", "", text)
    if "+" in cleaned[:-1] and (shares := list(_SHARES.finditer(cleaned))) and len(shares) > 1:
        return _shared({share["element"]: float(share["share"]) for share in shares})
    names = (cleaned, _CHARGE.sub("", cleaned), re.sub(r"[+-]+$", "", cleaned))
    for name in names:
        group = _GROUPS.get(re.sub(r"[-(),]", "", name).upper())
        if group is not None and name != "Ho":
            return _of_group(group, ambiguous=name.upper() == "HO")
    bare = names[1].rstrip("*'")
    word = bare.lower().rstrip("0123456789")
    if word in _VACANCIES:
        return Meaning({}, vacancy=Vacancy.NAMED)
    if word in _PLACEHOLDERS:
        return Meaning({}, vacancy=Vacancy.PLACEHOLDER)
    if word in ("ow", "hw"):  # those of water
        return _element(word[0].upper(), None)
    isotope = re.fullmatch(r"([A-Za-z]{1,2})-(\d{1,3})", cleaned)  # Li-7, and not the charge of S-2 or H-1
    if isotope is not None and isotope[1] != "H" and (symbol := _symbol(isotope[1])):
        number = int(isotope[2])
        if _is_mass_number(symbol, number):
            return _element(symbol, number)
    found = _SYMBOL.match(bare)
    if found is None:
        return None
    mass, letters, rest = found["mass"], found["letters"], found["rest"]
    if rest.strip("0123456789.") or len(letters) > 2:
        return None
    symbol = _symbol(letters)
    # LI is Li, and PO4 no polonium: of two capitals the formula tells which they are.
    capitals = len(letters) == 2 and letters.isupper()
    if not symbol or (capitals and formula and symbol not in formula):
        return None
    return _element(symbol, int(mass) if mass else None, ambiguous=capitals and not formula)


@lru_cache(maxsize=4096)
def _of_label(text: str, formula: frozenset[str]) -> Meaning | None:
    """A label begins with a symbol, and goes on with whatever tells it from others."""
    cleaned = text.strip().lstrip("*'\"([")
    letters = re.match(r"[A-Za-z]*", cleaned)
    assert letters is not None  # it matches nothing as well
    word = letters[0].lower()
    if word in _VACANCIES:
        return Meaning({}, vacancy=Vacancy.NAMED)
    if (group := re.match(r"(?i)(o-?h2?|wat|nh4|bh4)(?![a-z])", cleaned)) is not None:
        return _of_group(_GROUPS[group[1].replace("-", "").upper()], ambiguous=not formula)
    found = _SYMBOL.match(cleaned)
    if found is None or re.search(r"[A-Za-z]\s*[,/+&]\s*[A-Za-z]", cleaned):  # Li,Na: in what shares?
        return None
    mass, letter, second = found["mass"], found["letters"][0], found["letters"][1:2]
    two, one = _symbol(letter + second) if second else "", _symbol(letter)
    if second.islower():  # Ow and Hw are those of water; any other such pair is one symbol
        two, one = ("", one) if second == "w" else (two, "")
    candidates = [symbol for symbol in (two, one) if symbol]
    chosen = next((symbol for symbol in candidates if symbol in formula), candidates[0] if candidates else "")
    if not chosen:
        return Meaning({}, vacancy=Vacancy.PLACEHOLDER) if word in _PLACEHOLDERS else None
    sure = len(candidates) < 2 or bool(formula)
    return _element(chosen, int(mass) if mass else None, ambiguous=not sure)


def _symbol(letters: str) -> str:
    """The symbol of an element in its usual case; empty if there is none."""
    symbol = letters[:1].upper() + letters[1:].lower()
    known = symbol in _NAMES_OF_ISOTOPES or gemmi.Element(symbol).atomic_number > 0
    return symbol if known else ""


def _element(symbol: str, mass_number: int | None, *, ambiguous: bool = False) -> Meaning | None:
    if symbol in _NAMES_OF_ISOTOPES:
        symbol, mass_number = _NAMES_OF_ISOTOPES[symbol]
    if mass_number is None:
        return Meaning({symbol: 1.0}, ambiguous=ambiguous)
    if not _is_mass_number(symbol, mass_number):
        return None
    return Meaning(
        {symbol: 1.0},
        excess_da=_excess(symbol, mass_number),
        isotopes=(f"{mass_number}{symbol}",),
        ambiguous=ambiguous,
    )


def _excess(symbol: str, mass_number: int) -> float:
    mass = _ISOTOPE_MASSES.get((symbol, mass_number), float(mass_number))
    return mass - float(gemmi.Element(symbol).weight)


def _is_mass_number(symbol: str, number: int) -> bool:
    element = gemmi.Element(symbol)
    return element.atomic_number <= number <= max(3.0, _HEAVIEST * float(element.weight))


def _shared(amounts: dict[str, float]) -> Meaning | None:
    symbols = {_symbol(element): share for element, share in amounts.items()}
    return None if "" in symbols else Meaning(symbols)


def _of_group(group: dict[str, int], *, ambiguous: bool) -> Meaning:
    heavy = {element: float(n) for element, n in group.items() if element not in ("H", "D")}
    deuterium = group.get("D", 0)
    return Meaning(
        heavy,
        hydrogen=float(group.get("H", 0) + deuterium),
        excess_da=deuterium * _excess("H", 2),
        isotopes=("2H",) if deuterium else (),
        ambiguous=ambiguous,
    )
