"""Remarks: what a reader should know of a crystal that was read all the same."""

from collections.abc import Iterable
from dataclasses import dataclass
from enum import StrEnum


class RemarkCode(StrEnum):
    """The kinds of remarks, by what does not fit or had to be decided."""

    SEVERAL_CRYSTALS = "several_crystals"
    """One of several blocks with atoms was read."""
    REPEATED = "repeated"
    """A data name or an atom stands in the file twice."""
    FORMULA = "formula"
    """The atoms have another composition than the formula that the file states."""
    CONTENT = "content"
    """The cell holds another number of formula units than Z says."""
    MULTIPLICITY = "multiplicity"
    """A site has another number of copies than the file says."""
    VOLUME = "volume"
    """The cell has another volume than the file says."""
    DENSITY = "density"
    """The density is another one than the file says."""
    UNUSUAL_DENSITY = "unusual_density"
    """Only a rare solid has the density or the volume per atom."""
    CELL = "cell"
    """The cell has not the shape that its symmetry asks for."""
    SPACE_GROUP = "space_group"
    """Symbol, number and operations do not name the same space group."""
    ORIGIN = "origin"
    """The file does not say which of two origins it uses."""
    NO_SYMMETRY = "no_symmetry"
    """No space group is stated, so that none was applied."""
    VACANCY = "vacancy"
    """A line of the atoms was read as a vacancy."""
    UNPLACED = "unplaced"
    """Atoms count in the composition and have no place in the cell."""
    ISOTOPE = "isotope"
    """An isotope counts as its element, with its own mass in the density."""
    TYPE_SYMBOL = "type_symbol"
    """A type symbol or label can be read in more than one way."""
    OCCUPANCY = "occupancy"
    """Occupancies of a site sum to a little over one and were scaled."""
    DISTANCE = "distance"
    """Two atoms are closer than atoms come."""
    NO_LITHIUM = "no_lithium"
    """The crystal holds no Li."""
    COMPOSITION = "composition"
    """Formula and crystal of one row differ by more than rounding."""
    OTHER_COMPOUND = "other_compound"
    """Formula and crystal of one row do not consist of the same elements."""


CODE_SEPARATOR = ";"


@dataclass(frozen=True)
class Remark:
    """One finding."""

    code: RemarkCode
    sentence: str


def as_note(remarks: Iterable[Remark]) -> str | None:
    """Return the sentences in one cell of a table, parted by semicolons; None without any."""
    return "; ".join(dict.fromkeys(remark.sentence.rstrip(".") for remark in remarks)) or None


def as_codes(remarks: Iterable[Remark]) -> str | None:
    """Return the codes in one cell of a table, each once, parted by semicolons; None without any.

    >>> as_codes([Remark(RemarkCode.VOLUME, "One."), Remark(RemarkCode.ORIGIN, "Two.")])
    'volume;origin'
    """
    return CODE_SEPARATOR.join(dict.fromkeys(remark.code.value for remark in remarks)) or None
