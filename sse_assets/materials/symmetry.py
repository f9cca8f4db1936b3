"""Space groups: what a table or CIF states, or the one that a crystal's atoms have."""

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import gemmi
import spglib
from pymatgen.core import Structure

SYMPREC = 0.01
"""Distance tolerance in Å; at 0.1 Å three of OBELiX's 321 crystals come out in another group."""

_MAX_LENGTH = 60
"""Characters; the longest Hall symbol of gemmi's table has 18."""
_MINUS = str.maketrans(dict.fromkeys("\u2010\u2011\u2012\u2013\u2014\u2212\ufe63\uff0d", "-"))
_OVERLINED = re.compile(r"(\d)[\u0304\u0305]|[\u00af\u203e](\d)|\\?(?:bar|overline)\s*\{?(\d)\}?|(\d)bar")
_MARKUP = re.compile(r"</?sub>|[_$~{}]")
_QUOTED = re.compile(r"(['\"])(.*)\1")
_NUMBER = re.compile(r"(?:no\.?\s*|#\s*)?(\d{1,3})(?:\.0+)?", re.IGNORECASE)
_WITH_NUMBER = re.compile(
    r"(?P<symbol>.*[^\s,])[\s,]*\(\s*(?:no\.?|#)?\s*(?P<number>\d{1,3})\s*\)", re.IGNORECASE
)
_SETTING = re.compile(
    r"(?P<symbol>.*?[^\s:])\s*(?::\s*(?P<stated>[12hrsz])|(?P<letter>[hrsz])"
    r"|[([]?\s*origin(?:\s+choice)?\s*(?P<origin>[12])\s*[)\]]?)",
    re.IGNORECASE,
)
_SETTINGS = {"s": "1", "z": "2"}
"""Origins as the ICSD names them; H and R stand for hexagonal and rhombohedral axes everywhere."""


class SpaceGroupError(ValueError):
    """A text that names no space group, or more than one."""


@dataclass(frozen=True)
class SpaceGroup:
    """What a text says of a space group."""

    number: int
    """Number in the International Tables, 1 to 230."""
    symbol: str
    """Short Hermann-Mauguin symbol of the standard setting, as `detected_space_group` writes it: `P21/c`."""
    setting: str
    """The setting meant, as an extended Hermann-Mauguin symbol: `P 1 21/n 1`, `R -3 c:H`."""


def read_space_group(text: str) -> SpaceGroup:
    """Read a space group as people write it.

    Accepts numbers (`216`, `216.0`), Hermann-Mauguin symbols short and full, old and new, in any setting of
    gemmi's table (Wojdyr, J. Open Source Softw. 7, 4200 (2022)), with or without blanks, origin and axes
    (`R-3c:H`, `Fd-3mZ`), and Hall symbols.

    Raises:
        SpaceGroupError: for a text that names none, more than one, or a setting that its group does not have.
    """
    shown = repr(text) if len(text) <= _MAX_LENGTH else f"{text[:_MAX_LENGTH]!r}…"
    typed = _with_ascii_signs(text[: 4 * _MAX_LENGTH])
    stated = _WITH_NUMBER.fullmatch(typed)
    group = _by_number(typed) or _by_symbol(stated["symbol"] if stated else typed, shown)
    if group is None or len(typed) > _MAX_LENGTH:
        raise SpaceGroupError(
            f"{shown} names no space group: write a Hermann-Mauguin symbol, such as F-43m, or a number "
            "from 1 to 230"
        )
    if stated and int(stated["number"]) != group.number:
        raise SpaceGroupError(f"{shown} has a symbol whose number is {group.number}: correct one of the two")
    return SpaceGroup(group.number, _standard_symbols()[group.number], group.xhm())


def _with_ascii_signs(text: str) -> str:
    text = unicodedata.normalize("NFKC", _OVERLINED.sub(_minus_before, text.translate(_MINUS)))
    text = re.sub(r"\s+", " ", _MARKUP.sub("", text)).strip()
    quoted = _QUOTED.fullmatch(text)  # a quote may also be the last sign of a Hall symbol
    return quoted[2].strip() if quoted else text


def _minus_before(found: re.Match[str]) -> str:
    return "-" + next(digit for digit in found.groups() if digit)


def _by_number(text: str) -> gemmi.SpaceGroup | None:
    found = _NUMBER.fullmatch(text)
    number = int(found[1]) if found else 0
    return gemmi.find_spacegroup_by_number(number) if 1 <= number <= 230 else None


def _by_symbol(text: str, shown: str) -> gemmi.SpaceGroup | None:
    """The group of a Hermann-Mauguin or Hall symbol."""
    if not re.match(r"-?[ABCFHIPR]", text, re.IGNORECASE):
        return None  # gemmi takes a number for one of CCP4's
    by_hall = _by_hall_symbols().get(text.lower())
    by_name = _by_name(text)
    if by_hall and by_name and by_hall.number != by_name.number and not set(text.split()) <= _parts(by_name):
        raise SpaceGroupError(
            f"{shown} is {by_name.number} as a Hermann-Mauguin symbol and {by_hall.number} as a Hall symbol: "
            "write the number"
        )
    if by_name or by_hall:
        return by_name or by_hall
    found = _SETTING.fullmatch(text)
    if found is None:
        return None
    setting = (found["stated"] or found["letter"] or found["origin"]).lower()
    base = _by_name(found["symbol"])
    group = base and gemmi.find_spacegroup_by_name(f"{base.hm}:{_SETTINGS.get(setting, setting).upper()}")
    if base and not group:
        raise SpaceGroupError(f"{shown} has no setting {setting.upper()!r}: leave it out")
    return group


def _by_name(symbol: str) -> gemmi.SpaceGroup | None:
    number = _numbers_of_full_symbols().get(normalised_symbol(symbol).lower())
    found = (
        gemmi.find_spacegroup_by_name(symbol) or (number and gemmi.find_spacegroup_by_number(number)) or None
    )
    screws = {part for part in symbol.split() if re.fullmatch(r"[346][1-5]", part)}
    if found and " " in symbol and not screws <= _parts(found):
        return None  # gemmi leaves out blanks, and reads P 31 2 as P 3 1 2
    return found


def _parts(group: gemmi.SpaceGroup) -> set[str]:
    return set(re.split("[ /]", group.hm))


@cache
def _by_hall_symbols() -> dict[str, gemmi.SpaceGroup]:
    return {group.hall.lower(): group for group in reversed(list(gemmi.spacegroup_table()))}


@cache
def _standard_symbols() -> dict[int, str]:
    """Short symbols by number, those of spglib, which has the new ones with the double glide plane `e`."""
    symbols: dict[int, str] = {}
    for group in _spglib_groups():
        symbols.setdefault(group.number, normalised_symbol(group.international_short))
    return symbols


@cache
def _numbers_of_full_symbols() -> dict[str, int]:
    """Numbers by full symbol, such as `F4/m-32/m`, which gemmi's table lacks."""
    return {normalised_symbol(group.international_full).lower(): group.number for group in _spglib_groups()}


def _spglib_groups() -> Iterator[spglib.SpaceGroupType]:
    for hall_number in range(1, 531):
        group = spglib.get_spacegroup_type(hall_number)
        assert group is not None  # every Hall number up to 530 has one
        yield group


def space_group_number(symbol: str) -> int | None:
    """Number of a space group that `read_space_group` reads; None for a text that it refuses."""
    try:
        return read_space_group(symbol).number
    except SpaceGroupError:
        return None


def normalised_symbol(symbol: str) -> str:
    """Return a Hermann-Mauguin symbol without blanks, underscores and quotes: `P 6_3/m m c` is `P63/mmc`."""
    return re.sub(r"[\s_'\"]", "", symbol)


def symmetry_dataset(structure: Structure) -> spglib.SpglibDataset | None:
    """Return what spglib finds at `SYMPREC`; None where it finds no symmetry, as for overlapping atoms."""
    # A fifth of a second to import, which an answer for a formula can do without.
    from pymatgen.symmetry.analyzer import SpacegroupAnalyzer

    return SpacegroupAnalyzer(structure, symprec=SYMPREC).get_symmetry_dataset()


def detected_space_group(structure: Structure) -> tuple[str, int]:
    """Return symbol (normalised) and number of the space group that spglib finds at `SYMPREC`.

    Raises:
        ValueError: if spglib finds no symmetry at all, as for overlapping atoms.
    """
    dataset = symmetry_dataset(structure)
    if dataset is None:
        raise ValueError("spglib finds no space group for this structure")
    return normalised_symbol(dataset.international), int(dataset.number)
