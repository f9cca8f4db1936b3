"""Files of candidates, and files of answers: CSV, Parquet and JSON lines."""

import io
import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, BinaryIO

import pandas as pd

from sse_assets.materials.plain_text import harmless, harmless_table
from sse_assets.screening.answer import Answers
from sse_assets.screening.errors import PredictionError
from sse_assets.screening.material import Material

STANDARD_STREAM = "-"
FORMULA, STRUCTURE = "formula", "structure"
_CSV, _PARQUET, _JSON_LINES = ".csv", ".parquet", ".jsonl"
SUFFIXES = (_CSV, _PARQUET, _JSON_LINES)


def read_candidates(content: bytes, name: str, folder: Path) -> Iterator[Material]:
    """Read the rows of a file as materials, each under its formula, or the name of its structure.

    Args:
        content: of the file; a standard stream holds CSV.
        name: of the file; its end says what it is.
        folder: where the paths in the column `structure` begin.

    Raises:
        PredictionError: if it is no such file, or has neither a column `formula` nor `structure`.
    """
    table = candidate_frame(content, name)
    empty = pd.Series(None, index=table.index, dtype=object)
    formulas, structures = (table.get(column, empty) for column in (FORMULA, STRUCTURE))
    return (_material(*row, folder) for row in zip(formulas, structures, strict=True))


def candidate_frame(content: bytes, name: str) -> pd.DataFrame:
    """Read a file of candidates as it is.

    Raises:
        PredictionError: as `read_candidates`.
    """
    table = _table(content, name)
    if not {FORMULA, STRUCTURE} & set(table):
        raise PredictionError(
            f"{name} has neither a column formula nor a column structure, but "
            f"{', '.join(map(str, table)) or 'none'}: name one of its columns so"
        )
    return table


def write_answers(answers: Answers, name: str, standard_output: BinaryIO) -> None:
    """Write answers into a file, by the end of its name, or as CSV to the standard output.

    A text that a spreadsheet would take for a command gets an apostrophe before it in CSV.

    Raises:
        PredictionError: if the name ends otherwise, or the file cannot be written.
    """
    content = _WRITERS[suffix_of(name)](answers)
    if name == STANDARD_STREAM:
        standard_output.write(content)
        return
    try:
        Path(name).write_bytes(content)
    except OSError as error:
        raise PredictionError(f"{name} cannot be written ({error.strerror}): name another file") from error


def suffix_of(name: str) -> str:
    """Return the end of a name that says what a file is; a standard stream is CSV.

    Raises:
        PredictionError: if it is none of `SUFFIXES`.
    """
    suffix = _CSV if name == STANDARD_STREAM else Path(name).suffix.lower()
    if suffix not in SUFFIXES:
        raise PredictionError(f"{name} should end with {', '.join(SUFFIXES[:-1])} or {SUFFIXES[-1]}")
    return suffix


def _table(content: bytes, name: str) -> pd.DataFrame:
    suffix = suffix_of(name)
    try:
        if suffix == _PARQUET:
            return pd.read_parquet(io.BytesIO(content))
        text = content.decode("utf-8-sig")
        if suffix == _JSON_LINES:
            return pd.DataFrame([json.loads(line) for line in text.splitlines() if line.strip()])
        return pd.read_csv(io.StringIO(text), dtype=str, keep_default_na=False)
    except (ValueError, OSError) as error:  # pandas, pyarrow and json all raise kinds of these
        reason = harmless(str(error).partition("\n")[0])
        raise PredictionError(f"{name} cannot be read as {suffix.removeprefix('.')} ({reason})") from error


def _material(formula: Any, structure: Any, folder: Path) -> Material:
    text = formula.strip() if isinstance(formula, str) else ""
    crystal = structure.strip() if isinstance(structure, str) else ""
    if not crystal:
        return Material(formula=text)  # an empty one is refused with its sentence
    if "\n" in crystal:
        return Material(formula=text or None, cif=crystal)
    return Material(formula=text or None, file=folder / crystal, name=text or crystal)


def _json_lines(answers: Answers) -> bytes:
    lines = (json.dumps(answer.to_dict(), ensure_ascii=False) for answer in answers)
    return "".join(f"{line}\n" for line in lines).encode()


def _parquet(answers: Answers) -> bytes:
    buffer = io.BytesIO()
    answers.to_frame().to_parquet(buffer, index=False)
    return buffer.getvalue()


_WRITERS: dict[str, Callable[[Answers], bytes]] = {
    _CSV: lambda answers: harmless_table(answers.to_frame()).to_csv(index=False).encode(),
    _PARQUET: _parquet,
    _JSON_LINES: _json_lines,
}
