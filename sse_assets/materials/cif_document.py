"""The text of a CIF, whatever it was encoded in, and the one of its blocks that holds a crystal."""

import codecs
import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, field

from gemmi import cif

from sse_assets.materials.remarks import Remark, RemarkCode

MAX_CIF_BYTES = 2**20
"""The largest CIF of OBELiX has 6 kB; reading a crystal takes longer than its length makes one think."""

_OVERLINED = re.compile("(\\d)\u0305")
"""A digit under a bar, as in F d 3̅ m."""
_AS_ASCII = str.maketrans({"−": "-", "–": "-", "‐": "-", "‑": "-", "□": "Vac", "▢": "Vac", "☐": "Vac"})
_ZERO_WIDTH = re.compile("[\u200b-\u200f\u2060\ufeff\u00ad]")
_POSITIONS = tuple(f"_atom_site_fract_{axis}" for axis in "xyz")
_CELL = tuple(f"_cell_length_{axis}" for axis in "abc")


class CifError(ValueError):
    """A CIF from which no crystal can be read, or one that cannot be believed."""


def decoded(content: bytes) -> str:
    """The text of a CIF in UTF-8 or UTF-16, with or without a byte-order mark, or else in Windows-1252.

    Raises:
        CifError: if it is no text.
    """
    for mark, encoding in (
        (codecs.BOM_UTF8, "utf-8"),
        (codecs.BOM_UTF16_LE, "utf-16-le"),
        (codecs.BOM_UTF16_BE, "utf-16-be"),
    ):
        if content.startswith(mark):
            return _decoded(content[len(mark) :], encoding)
    if content[1:64:2].strip(b"\0") == b"" and len(content) > 1:
        return _decoded(content, "utf-16-le")
    if content[0:64:2].strip(b"\0") == b"" and content:
        return _decoded(content, "utf-16-be")
    if b"\0" in content or content.startswith(b"\x1f\x8b"):
        raise CifError("the CIF is no text but binary, perhaps compressed: unpack it, or save it as UTF-8")
    try:
        return content.decode("utf-8")
    except UnicodeDecodeError:
        return content.decode("cp1252", errors="replace")  # older programs; only names of people hold it


def kept_text(content: bytes) -> str:
    """The text of a CIF for a table; what is no text is kept as one that `crystal_block` refuses."""
    try:
        return decoded(content)
    except CifError:
        return content.decode("utf-8", errors="replace")


def _decoded(content: bytes, encoding: str) -> str:
    try:
        return content.decode(encoding)
    except UnicodeDecodeError as error:
        raise CifError(f"the CIF is damaged, for it is no {encoding.upper()}: save it as UTF-8") from error


@dataclass(frozen=True)
class CifBlock:
    """One block of a CIF: its data names in lower case, with `_` for the dot of newer dictionaries."""

    name: str
    raw: dict[str, list[str]]
    """Values as they are written, quotes included; one where the name stands outside a loop."""
    loops: dict[str, int] = field(default_factory=dict)
    """Rows of the loop that a name stands in."""
    remarks: tuple[Remark, ...] = ()

    def column(self, *tags: str) -> list[str | None] | None:
        """The values of the first of these names that is there; None for `?` and `.`; None for no name."""
        for tag in tags:
            if tag in self.raw:
                return [None if cif.is_null(text) else cif.as_string(text) for text in self.raw[tag]]
        return None

    def value(self, *tags: str) -> str | None:
        """The first value under any of these names that is neither blank, `?` nor `.`."""
        for tag in tags:
            for text in self.column(tag) or []:
                if text is not None and text.strip() not in ("", "?", "."):
                    return text.strip()
        return None

    @property
    def has_atoms(self) -> bool:
        """True where there are positions of atoms."""
        return all(self.raw.get(tag) for tag in _POSITIONS)


def crystal_block(text: str) -> CifBlock:
    """The block of a CIF that holds a crystal, the first of several.

    Raises:
        CifError: if the text is no CIF, too long, or no block of it holds atoms and a cell.
    """
    blocks = list(_blocks(text))
    with_atoms = [block for block in blocks if block.has_atoms]
    crystals = [block for block in with_atoms if any(tag in block.raw for tag in _CELL)]
    if not crystals:
        raise CifError(f"the CIF cannot be read: it {_what_is_missing(blocks, with_atoms)}")
    block = crystals[0]
    if len(crystals) == 1:
        return block
    others = ", ".join(other.name for other in crystals[1:4])
    sentence = (
        f"The CIF holds {len(crystals)} crystals. The first, data_{block.name}, is read, and not {others}."
    )
    several = Remark(RemarkCode.SEVERAL_CRYSTALS, sentence)
    return CifBlock(block.name, block.raw, block.loops, (*block.remarks, several))


def _what_is_missing(blocks: list[CifBlock], with_atoms: list[CifBlock]) -> str:
    if with_atoms:
        return f"has no cell beside the atoms of data_{with_atoms[0].name}: add _cell_length_a and the others"
    if any("_atom_site_cartn_x" in block.raw for block in blocks):
        return "gives only Cartesian positions: write them as _atom_site_fract_x, _y and _z"
    return "holds no atoms: it needs _atom_site_fract_x, _y and _z"


def _blocks(text: str) -> Iterator[CifBlock]:
    if len(text) > MAX_CIF_BYTES:
        raise CifError(f"the CIF has more than {MAX_CIF_BYTES} bytes: reduce it to one crystal")
    if "\0" in text:
        raise CifError("the CIF is no plain text, perhaps UTF-16: save it as UTF-8")
    try:
        document = cif.read_string(_ascii(text), check_level=0)
    except (ValueError, RuntimeError) as error:
        place = re.match(r"string:(\d+)(?::\d+)?(?:\(\d+\))?( in data_\S*)?: *(.*)", str(error))
        detail = f"line {place[1]}: {place[3]}" if place else str(error)
        raise CifError(f"the CIF cannot be read ({detail}): correct it, or fetch it again") from error
    for block in document:
        yield _block(block)


def _block(block: cif.Block) -> CifBlock:
    raw: dict[str, list[str]] = {}
    loops: dict[str, int] = {}
    twice = []
    for item in block:
        columns: dict[str, list[str]] = {}
        if item.loop is not None:
            values, width = item.loop.values, item.loop.width()
            columns = {_key(tag): values[i::width] for i, tag in enumerate(item.loop.tags)}
            loops |= dict.fromkeys(columns, item.loop.length())
        elif isinstance(item.pair, list | tuple):
            tag, value = item.pair
            columns = {_key(tag): [value]}
        for tag, values in columns.items():
            if raw.setdefault(tag, values) != values:
                twice.append(tag)
    remarks = [
        Remark(RemarkCode.REPEATED, f"The CIF gives {tag} twice, with different values. The first counts.")
        for tag in twice
    ]
    return CifBlock(block.name.strip() or "(no name)", raw, loops, tuple(remarks))


def _key(tag: str) -> str:
    return tag.lower().replace(".", "_")


def _ascii(text: str) -> str:
    """What gemmi's grammar can read: a CIF is ASCII, and what else people write is nearly always a name."""
    text = text.removeprefix("\ufeff").replace("\r\n", "\n").replace("\r", "\n")
    if text.isascii():
        return text
    plain = _ZERO_WIDTH.sub("", _OVERLINED.sub(r"-\1", text)).translate(_AS_ASCII)
    return "".join(
        "".join(c if c.isascii() else "" if unicodedata.combining(c) else "~" for c in _compatible(letter))
        if not letter.isascii()
        else letter
        for letter in plain
    )


def _compatible(letter: str) -> str:
    """A letter by its compatibility decomposition: ⁺ is +, ₂ is 2, é is e."""
    return unicodedata.normalize("NFKD", letter).translate(_AS_ASCII)
