"""A person's own measurements: CSV files, with CIFs beside them, as they were dropped into the inbox.

A CSV has the columns of the embedded sample's table, and `confirmed`. It needs id, formula and conductivity.
What cannot be read is refused with its reason: a row, or a file as a whole. So is a row that no solid can be.
A row that looks like a slip is held back, until its owner confirms it. Curation judges the rest.
"""

import csv
import hashlib
import io
import math
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import quote

import pandas as pd

from sse_assets.materials.cif_document import MAX_CIF_BYTES, CifError, decoded
from sse_assets.materials.crystal import Crystal, read_crystal
from sse_assets.materials.plain_text import fault, harmless, has_control_characters, is_command, is_number
from sse_assets.materials.symmetry import SpaceGroupError, read_space_group
from sse_assets.sources.archives import read_zip
from sse_assets.sources.columns import SourceError
from sse_assets.sources.limits import CONFIRMED, LimitError, check_limits, looks_like_ms_cm
from sse_assets.tables import raw
from sse_assets.tables.names import Reason, Source

MAX_CSV_BYTES = 20 * 2**20

LICENCE = "not stated: dropped into the inbox"

_SOURCE = Source.INBOX.value
"""Also the origin of its structures."""
_TEXTS = {
    "id": "source_id",
    "formula": "formula",
    "conductivity_s_cm": "reported_conductivity",
    "family": "reported_family",
    "space_group": "space_group",
    "conductivity_doi": "doi",
    "structure_doi": "structure_doi",
    "structure": "structure",
    "note": "note",
}
"""Columns of text, and what the tables of every source call them."""
_NUMBERS = ("z", "temperature_c", "a", "b", "c", "alpha", "beta", "gamma")
_COLUMNS = (*_TEXTS, *_NUMBERS, CONFIRMED)
_NEEDED = ("id", "formula", "conductivity_s_cm")
_MAX_ID_LENGTH = 100
_MAX_ID_BYTES = 200
"""As it is written in the name of its CIF, where a letter that is not ASCII takes six and more."""


@dataclass(frozen=True)
class InboxFile:
    """One file of the inbox."""

    path: str
    """Below the inbox, folders parted by `/`."""
    content: bytes | None
    """None if it must not be read."""
    refused: str | None = None
    """Why it must not be read, as the end of a sentence that begins with its name."""


@dataclass(frozen=True)
class InboxContent:
    """What an inbox holds."""

    measurements: pd.DataFrame
    """As `tables.raw.INBOX_MEASUREMENTS`."""
    structures: pd.DataFrame
    """As `tables.raw.INBOX_STRUCTURES`."""
    refused: pd.DataFrame
    """Rows and files that were not taken, and why, as `tables.raw.INBOX_REFUSED`."""


class _RefusedError(ValueError):
    """Why a row cannot be read, as a sentence without its place."""


def read_inbox(files: Iterable[InboxFile]) -> InboxContent:
    """Read every CSV, with the CIFs that its rows name; of two rows with one id the first file's stays.

    Args:
        files: everything in the inbox, in any order; a zip archive counts as a folder.
    """
    contents, refused = _unpacked(files)
    rows: dict[str, dict[str, Any]] = {}
    structures: list[dict[str, str]] = []
    places: dict[str, str] = {}
    named: set[str] = set()
    for path in (path for path in contents if _ending(path) == ".csv"):
        try:
            header, lines = _table(path, contents[path])
        except SourceError as error:
            refused.append(_refusal(path, path, str(error)))
            continue
        cells_of_lines = [
            dict.fromkeys(_COLUMNS, "") | dict(zip(header, values, strict=False)) for _, values in lines
        ]
        in_ms_cm = looks_like_ms_cm(cells["conductivity_s_cm"] for cells in cells_of_lines)
        for (line, values), cells in zip(lines, cells_of_lines, strict=True):
            place = f"{path}, line {line}"
            try:
                if len(values) != len(header):
                    raise _RefusedError(
                        f"there are {len(values)} cells under {len(header)} columns: put a cell that holds a "
                        "comma between quotation marks"
                    )
                row = _row(cells)
                source_id = row["source_id"]
                if source_id in rows:
                    raise _RefusedError(f"the id {source_id!r} is already in {places[source_id]}")
                structure = None
                if row["structure"]:
                    cif_path = _beside(path, row["structure"])
                    named.add(cif_path)
                    structure = _structure(row, cif_path, contents)
                crystal = _crystal(structure)
                check_limits(row, crystal, confirmed=_confirmed(cells), looks_like_ms_cm=in_ms_cm)
            except _RefusedError as error:
                why = Reason.UNREADABLE_ROW, str(error)
            except LimitError as error:
                why = error.code, str(error)
            except Exception as error:  # noqa: BLE001 - one row never stops the others; the reason is kept
                why = Reason.FAILED, f"it could not be read ({fault(error)})"
            else:
                rows[source_id] = row | {"file": _shown(path), "line": line}
                places[source_id] = place
                structures.extend([] if structure is None else [structure])
                continue
            refused.append(_refusal(path, cells["id"], f"{place}: {why[1]}", why[0], cells["formula"], line))
    for path in contents.keys() - named:
        if _ending(path) == ".cif":
            refused.append(_refusal(path, path, f"{path}: no row names it in its column `structure`"))
        elif _ending(path) != ".csv":
            refused.append(_refusal(path, path, f"{path} is neither CSV, CIF nor zip: save a table as CSV"))

    measurements = pd.DataFrame(list(rows.values())).assign(source=_SOURCE, licence=LICENCE)
    return InboxContent(
        raw.INBOX_MEASUREMENTS.sorted_frame(measurements, by=["source_id"]),
        raw.INBOX_STRUCTURES.sorted_frame(structures, by=["source_id"]),
        raw.INBOX_REFUSED.sorted_frame(refused, by=["source_id", "reason"]),
    )


def _unpacked(files: Iterable[InboxFile]) -> tuple[dict[str, bytes], list[dict[str, str | int]]]:
    """Contents by path, those of an archive below the archive's; and what is refused unread."""
    contents: dict[str, bytes] = {}
    refused = []
    for file in sorted(files, key=lambda file: file.path):
        if file.content is None:
            refused.append(_refusal(file.path, file.path, f"{file.path} {file.refused}"))
        elif _ending(file.path) != ".zip":
            contents[file.path] = file.content
        else:
            try:
                members = read_zip(file.content, file.path)
            except SourceError as error:
                refused.append(_refusal(file.path, file.path, str(error)))
            else:
                contents |= {f"{file.path}/{name}": content for name, content in members.items()}
    return contents, refused


def _table(path: str, content: bytes) -> tuple[list[str], list[tuple[int, list[str]]]]:
    """The header of a CSV, and the cells of each line that is not blank, with its number.

    Raises:
        SourceError: if it is too large, is no CSV in UTF-8, lacks a column or has one of another name.
    """
    if len(content) > MAX_CSV_BYTES:
        raise SourceError(f"{path} has {len(content)} bytes, more than {MAX_CSV_BYTES}: divide it")
    try:
        text = io.StringIO(content.decode("utf-8-sig"), newline="")
        reader = csv.reader(text, strict=True)
        header = [name.strip() for name in next(reader, [])]
        lines = [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except (csv.Error, UnicodeDecodeError) as error:
        raise SourceError(f"{path} is not a CSV table in UTF-8 ({error}): save it as one") from error
    problems = [
        *(f"lacks the column {name!r}" for name in _NEEDED if name not in header),
        *(f"has a column {_shown(name)!r}" for name in header if name not in _COLUMNS),
        *(f"has the column {name!r} twice" for name in _COLUMNS if header.count(name) > 1),
    ]
    if problems:
        raise SourceError(f"{path} {problems[0]}: the columns are {', '.join(_COLUMNS)}, parted by commas")
    return header, lines


def _row(cells: dict[str, str]) -> dict[str, Any]:
    """Return a row under the names of `tables.raw` and its `structure`; a blank cell is missing.

    Raises:
        _RefusedError: for a needed cell that is blank, a number or space group that is none, and a text that
            a spreadsheet would execute or that holds control characters.
    """
    row: dict[str, Any] = {}
    for column, name in _TEXTS.items():
        text = cells[column].strip(" ")
        if has_control_characters(text):
            raise _RefusedError(f"{column} is {_shown(text)!r} and holds a line break or control character")
        if is_command(text):
            raise _RefusedError(f"{column} is {_shown(text)!r}, which a spreadsheet would take for a command")
        if not text and column in _NEEDED:
            raise _RefusedError(f"{column} is blank")
        row[name] = text or None
    if len(row["source_id"]) > _MAX_ID_LENGTH:
        raise _RefusedError(f"the id has {len(row['source_id'])} characters, more than {_MAX_ID_LENGTH}")
    if len(quote(row["source_id"], safe="")) > _MAX_ID_BYTES:
        raise _RefusedError(f"the id {_shown(row['source_id'])!r} is too long for the name of a file")
    for column in _NUMBERS:
        text = cells[column].strip()
        if text and not is_number(text):
            raise _RefusedError(f"{column} is {_shown(text)!r} and should be a number or blank")
        row[column] = float(text) if text else math.nan
    if row["space_group"]:
        try:
            row["space_group"] = read_space_group(row["space_group"]).symbol
        except SpaceGroupError as error:
            raise _RefusedError(f"space_group: {error}, or leave it blank") from error
    return row


def _structure(row: dict[str, Any], path: str, contents: dict[str, bytes]) -> dict[str, str]:
    """Return a row of `tables.raw.INBOX_STRUCTURES` for the CIF that a measurement names.

    Raises:
        _RefusedError: if it is not in the inbox, is no CIF, is too large or is no text.
    """
    remedy = "or leave its cell `structure` empty"
    if path not in contents:
        raise _RefusedError(f"there is no {path}: add it, {remedy}")
    if _ending(path) != ".cif":
        raise _RefusedError(f"{path} is not a .cif file: name one, {remedy}")
    content = contents[path]
    if len(content) > MAX_CIF_BYTES:
        raise _RefusedError(
            f"{path} has {len(content)} bytes, more than {MAX_CIF_BYTES}: reduce it, {remedy}"
        )
    try:
        cif = decoded(content)
    except CifError as error:
        raise _RefusedError(f"{path}: {error}, {remedy}") from error
    return {
        "origin": _SOURCE,
        "structure_id": f"{_SOURCE}:{row['source_id']}",
        "source_id": row["source_id"],
        "formula": row["formula"],
        "cif": cif,
        "sha256": hashlib.sha256(content).hexdigest(),
        "licence": LICENCE,
        "provenance": f"{_shown(path)} of the inbox; structure from {row['structure_doi'] or 'its owner'}",
    }


def _crystal(structure: dict[str, str] | None) -> Crystal | None:
    """Return the crystal of a row's CIF; None for one that cannot be read, which is for curation to say."""
    try:
        return None if structure is None else read_crystal(structure["cif"])
    except CifError:
        return None


def _confirmed(cells: dict[str, str]) -> bool:
    """Tell whether the owner of a row says that what looks like a slip is right.

    Raises:
        _RefusedError: for an answer that is neither yes nor no.
    """
    answer = cells[CONFIRMED].strip().lower()
    if answer not in ("", "yes", "no"):
        raise _RefusedError(f"{CONFIRMED} is {_shown(answer)!r} and should be yes, no or blank")
    return answer == "yes"


def _beside(csv_path: str, name: str) -> str:
    """The path of a file that a CSV names, in the CSV's folder or below it.

    Raises:
        _RefusedError: if the name leads out of the folder.
    """
    path = PurePosixPath(name)
    if path.is_absolute() or ".." in path.parts or "\\" in name:
        raise _RefusedError(f"structure is {name!r}, which leads out of the folder of the CSV")
    return str(PurePosixPath(csv_path).parent / path)


def _ending(path: str) -> str:
    return PurePosixPath(path).suffix.lower()


def _refusal(
    file: str,
    source_id: str,
    reason: str,
    code: Reason = Reason.UNREADABLE_FILE,
    formula: str = "",
    line: int = 0,
) -> dict[str, str | int]:
    return {
        "source": _SOURCE,
        "source_id": _shown(source_id),
        "formula": _shown(formula),
        "reason_code": code.value,
        "reason": _shown(reason, 500),
        "file": _shown(file),
        "line": line,
    }


def _shown(text: str, length: int = 100) -> str:
    """A stranger's text as it may stand in a table that is opened in a spreadsheet: no command, one line."""
    line = harmless(text)
    return line if len(line) <= length else line[: length - 1] + "…"
