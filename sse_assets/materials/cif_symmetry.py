"""The symmetry that a CIF states: by its operations, or by the symbol or number of its space group."""

import re
from dataclasses import dataclass
from functools import lru_cache

import gemmi
import numpy as np

from sse_assets.materials.cif_document import CifBlock, CifError
from sse_assets.materials.remarks import Remark, RemarkCode
from sse_assets.materials.symmetry import space_group_number

_OPERATIONS = ("_space_group_symop_operation_xyz", "_symmetry_equiv_pos_as_xyz")
_MAGNETIC = "_space_group_symop_magn_operation_xyz"
_MAGNETIC_CENTRINGS = "_space_group_symop_magn_centering_xyz"
_HALL = ("_space_group_name_hall", "_symmetry_space_group_name_hall")
_SYMBOLS = (
    "_space_group_name_h-m_alt",
    "_symmetry_space_group_name_h-m",
    "_symmetry_space_group_name_h_m",
    "_space_group_name_h-m_ref",
    "_space_group_name_h-m_full",
    "_space_group_magn_name_bns",
)
_NUMBERS = ("_space_group_it_number", "_symmetry_int_tables_number")

_ORIGIN = re.compile(
    r"(?i)(?:\s*[:(]\s*(?:o|origin|choice)?\s*|\s*(?:o|origin|choice)\s*)(?P<choice>[12])\s*\)?$"
)
_LETTER = re.compile(r"\s*:?\s*(?P<letter>[ZS])$")
"""ICSD's marks of the origin: Z at the centre of symmetry (choice 2), S at the other one."""
_AXES = re.compile(r"(?i)\s*:\s*(?P<axes>[HR])$")
_METRIC_TOLERANCE = 0.02
"""Relative difference of two lengths squared that symmetry makes equal; rounding gives less."""
_METRIC_LIMIT = 0.2
"""Beyond this the operations cannot be this cell's."""


@dataclass(frozen=True, eq=False)
class Operations:
    """Symmetry operations of a cell: x' = R x + t in fractional coordinates."""

    rotations: np.ndarray
    """Shape (n, 3, 3)."""
    translations: np.ndarray
    """Shape (n, 3)."""
    number: int | None
    """International Tables number; None for a setting that no table has."""
    name: str
    """Where they are from, for a sentence."""


@dataclass(frozen=True)
class StatedSymmetry:
    """What a CIF says of its symmetry."""

    candidates: tuple[Operations, ...]
    """One, or one for each origin that the symbol leaves open."""
    symbol: str | None
    """As written, for messages."""
    remarks: tuple[Remark, ...]


def stated_symmetry(block: CifBlock, angles: tuple[float, float, float]) -> StatedSymmetry:
    """The symmetry of a block; operations that it lists come before its symbol, and that before its number.

    Args:
        block: of a CIF.
        angles: of its cell, in degrees: they tell rhombohedral from hexagonal axes.

    Raises:
        CifError: if the operations are no group, or the space group is none.
    """
    symbol, number = block.value(*_SYMBOLS), _stated_number(block)
    named = None if symbol is None else named_space_group(symbol, angles)
    listed = _listed(block)
    remarks = []
    if listed:
        operations = _from_triplets(tuple(listed))
        symbols = {group.number for group in [named] if group is not None} | {number} - {None}
        if operations.number is not None and symbols - {operations.number}:
            remarks.append(_differ(f"its operations are those of number {operations.number}", symbol, number))
        if len(operations.rotations) == 1 and symbols - {1, None}:
            sentence = (
                f"The CIF lists no operation but x,y,z, and names the space group {symbol or number}: no "
                "symmetry was applied."
            )
            remarks[:] = [Remark(RemarkCode.SPACE_GROUP, sentence)]
        return StatedSymmetry((operations,), symbol, tuple(remarks))
    if named is not None and number is not None and named.number != number:
        remarks.append(_differ("symbol and number differ", symbol, number))
    hall = block.value(*_HALL)
    if hall is not None and (found := _from_hall(hall)) is not None:
        if named is not None and found.number not in (None, named.number):
            remarks.append(_differ(f"its Hall symbol {hall} is number {found.number}", symbol, number))
        return StatedSymmetry((found,), symbol or hall, tuple(remarks))
    if named is not None and symbol is not None:
        return StatedSymmetry(tuple(map(_of_group, _origins(named, symbol))), symbol, tuple(remarks))
    if number is not None:
        if symbol is not None:
            remarks.append(
                _differ(f"{symbol} is no symbol of a space group, so the number counts", symbol, number)
            )
        group = gemmi.get_spacegroup_reference_setting(number)
        if group.ext == "H" and not _hexagonal(angles):
            group = gemmi.find_spacegroup_by_name(group.hm + ":R")
        return StatedSymmetry(tuple(map(_of_group, _origins(group, ""))), str(number), tuple(remarks))
    if symbol is not None or hall is not None:
        raise CifError(
            f"the CIF names the space group {symbol or hall!r}, which is none, and lists no operations: "
            "correct the symbol, or list the operations"
        )
    sentence = (
        "The CIF states no space group and no operations: it is read as P 1, with the atoms listed alone."
    )
    remarks.append(Remark(RemarkCode.NO_SYMMETRY, sentence))
    return StatedSymmetry((_from_triplets(("x,y,z",)),), None, tuple(remarks))


def named_space_group(
    symbol: str, angles: tuple[float, float, float] = (90, 90, 120)
) -> gemmi.SpaceGroup | None:
    """A space group by its Hermann-Mauguin symbol, in the setting that the symbol and the cell's angles say.

    Understands what gemmi does (old, short, full and lower-case symbols, `:1`, `:2`, `:H`, `:R`) and the
    marks of databases: `Z` and `S`, `O1`, `(origin 2)`.
    """
    text = re.sub(r"[_'\"]", "", symbol).strip()
    origin = ""
    if (found := _ORIGIN.search(text)) is not None:
        text, origin = text[: found.start()], found["choice"]
    elif (found := _LETTER.search(text)) is not None:
        text, origin = text[: found.start()], "2" if found["letter"] == "Z" else "1"
    group = gemmi.find_spacegroup_by_name(_AXES.sub(r":\g<axes>", text), angles[0], angles[2])
    if group is None and (number := space_group_number(text)) is not None:  # long symbols
        group = gemmi.get_spacegroup_reference_setting(number)
    if group is None or group.ext not in "12" or not origin:
        return group
    return gemmi.find_spacegroup_by_name(f"{group.hm}:{origin}") or group


def check_cell(operations: Operations, metric: np.ndarray) -> Remark | None:
    """A remark if the cell has not the shape that the operations ask for.

    Args:
        operations: of the crystal.
        metric: the cell's metric tensor in Å², shape (3, 3).

    Raises:
        CifError: if it is far from that shape.
    """
    rotated = np.einsum("nji,jk,nkl->nil", operations.rotations, metric, operations.rotations)
    lengths = np.sqrt(np.diag(metric))
    worst = float(np.abs((rotated - metric) / np.outer(lengths, lengths)).max())
    if worst > _METRIC_LIMIT:
        raise CifError(
            f"the cell has not the shape that its space group ({operations.name}) asks for: correct the "
            "cell, the space group or its axes"
        )
    if worst > _METRIC_TOLERANCE:
        sentence = f"The cell has not quite the shape that its space group ({operations.name}) asks for."
        return Remark(RemarkCode.CELL, sentence)
    return None


def _differ(what: str, symbol: str | None, number: int | None) -> Remark:
    stated = ", ".join(str(part) for part in (symbol, number) if part is not None)
    return Remark(RemarkCode.SPACE_GROUP, f"The CIF contradicts itself on its space group ({stated}): {what}")


def _stated_number(block: CifBlock) -> int | None:
    text = block.value(*_NUMBERS)
    return int(text) if text and text.isdecimal() and 1 <= int(text) <= 230 else None


def _hexagonal(angles: tuple[float, float, float]) -> bool:
    return abs(angles[2] - 120) < 1 and abs(angles[0] - 90) < 1


def _origins(group: gemmi.SpaceGroup, symbol: str) -> list[gemmi.SpaceGroup]:
    """Both origins of a group where the symbol does not say which, the first of the tables first."""
    said = _ORIGIN.search(symbol.strip()) or _LETTER.search(symbol.strip())
    if said or group.ext not in ("1", "2"):
        return [group]
    both = (gemmi.find_spacegroup_by_name(f"{group.hm}:{origin}") for origin in "12")
    return [origin for origin in both if origin is not None]


def _listed(block: CifBlock) -> list[str]:
    for tag in _OPERATIONS:
        texts = [text for text in block.column(tag) or [] if text is not None and text.strip()]
        if texts:
            return texts
    magnetic = [re.sub(r",\s*[+-]?1\s*$", "", text or "") for text in block.column(_MAGNETIC) or []]
    centrings = [
        re.sub(r",\s*[+-]?1\s*$", "", text or "") for text in block.column(_MAGNETIC_CENTRINGS) or []
    ]
    if not centrings:
        return magnetic
    return [(_op(centring) * _op(text)).wrap().triplet() for text in magnetic for centring in centrings]


def _op(text: str) -> gemmi.Op:
    try:
        return gemmi.Op(text.strip())
    except (RuntimeError, ValueError) as error:
        raise CifError(
            f"the CIF has a symmetry operation {text!r} that is none ({error}): correct it"
        ) from error


@lru_cache(maxsize=512)
def _from_triplets(texts: tuple[str, ...]) -> Operations:
    ops = [_op(text) for text in texts]
    rotations = np.array([op.rot for op in ops], dtype=float) / gemmi.Op.DEN
    translations = np.array([op.tran for op in ops], dtype=float) / gemmi.Op.DEN
    keys = {(*np.ravel(op.rot), *np.mod(op.tran, gemmi.Op.DEN)) for op in ops}
    identity = gemmi.Op("x,y,z")
    if (*np.ravel(identity.rot), 0, 0, 0) not in keys:
        raise CifError("the CIF lists symmetry operations without x,y,z: add those that are missing")
    if len(keys) < len(ops):
        raise CifError("the CIF lists a symmetry operation twice: one of the two should be another one")
    # One operation that carries the set into itself is enough to miss one that is absent or wrong; two make
    # sure of it.
    for op in ops[-1:] + ops[len(ops) // 2 :][:1]:
        products = [op * other for other in ops]
        if {(*np.ravel(p.rot), *np.mod(p.tran, gemmi.Op.DEN)) for p in products} != keys:
            raise CifError(
                f"the {len(ops)} symmetry operations of the CIF are no group: one is missing or wrong"
            )
    group = gemmi.find_spacegroup_by_ops(gemmi.GroupOps(ops))
    number = None if group is None else group.number
    return Operations(rotations, translations, number, "its operations" if group is None else group.xhm())


def _from_hall(symbol: str) -> Operations | None:
    try:
        operations = gemmi.symops_from_hall(symbol)
    except (RuntimeError, ValueError):
        return None
    return _from_group_ops(operations, symbol)


@lru_cache(maxsize=512)
def _of_named(xhm: str) -> Operations:
    group = gemmi.find_spacegroup_by_name(xhm)
    assert group is not None  # it is a name that gemmi gave
    return _from_group_ops(group.operations(), xhm)


def _of_group(group: gemmi.SpaceGroup) -> Operations:
    return _of_named(group.xhm())


def _from_group_ops(operations: gemmi.GroupOps, name: str) -> Operations:
    ops = list(operations)
    group = gemmi.find_spacegroup_by_ops(operations)
    return Operations(
        np.array([op.rot for op in ops], dtype=float) / gemmi.Op.DEN,
        np.array([op.tran for op in ops], dtype=float) / gemmi.Op.DEN,
        None if group is None else group.number,
        name,
    )
