"""Journal of a search: one line for each finished candidate, from which a search that was killed goes on.

The first line says which search it is. A line is never changed, and reading gives back the same bits.
"""

import json
import os
from dataclasses import dataclass, fields
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.tables.names import Operator


class JournalError(ValueError):
    """Error over a journal of another search or a damaged one; the message names the file and the remedy."""


@dataclass(frozen=True, kw_only=True)
class Candidate(Evaluation):
    """One candidate of a search with its evaluation; before that, `atoms` is its starting cell."""

    candidate_id: str
    """Search, generation and index, which are unique within the composition."""
    generation: int
    index: int
    """Number within the generation."""
    operator: Operator
    parents: tuple[str, ...] = ()
    """Candidate ids of the parents."""
    delta_ev_per_atom: float = nan
    """Enthalpy minus that of the better parent; NaN without parents."""
    space_group: str | None = None
    """Space group at `winners.SYMPREC`; None if it failed."""
    seconds: float = nan
    """Wall time in s; the only value that differs between two runs of the same search."""


_NUMBERS = [field.name for field in fields(Candidate) if isinstance(field.default, float)]


class Journal:
    """File of a search, open for the next candidate."""

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        """Open or begin a journal.

        Args:
            path: path of the file; its folder is made if it is missing.
            identity: JSON values that decide the outcome of the search.

        Raises:
            JournalError: if the file is that of another search, or has a line that cannot be read.
        """
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        text = path.read_text() if path.exists() else ""
        whole = text[: text.rfind("\n") + 1]  # a kill may leave the beginning of a line
        if len(whole) < len(text):
            os.truncate(path, len(whole.encode()))
        self.candidates = _read(whole, path, json.loads(json.dumps(identity)))
        self._file = path.open("a")
        if not whole:
            self._write(identity)

    def add(self, candidate: Candidate) -> None:
        """Write one line; it is on the disk when this returns."""
        self._write(_to_json(candidate))
        self.candidates.append(candidate)

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _write(self, line: dict[str, Any]) -> None:
        self._file.write(json.dumps(line, allow_nan=False) + "\n")
        self._file.flush()
        os.fsync(self._file.fileno())


def _read(text: str, path: Path, identity: dict[str, Any]) -> list[Candidate]:
    try:
        lines = [json.loads(line) for line in text.splitlines()]
        candidates = [_from_json(line) for line in lines[1:]]
    except (ValueError, KeyError, TypeError) as error:
        raise JournalError(f"{path} is damaged ({error}): delete it to search again") from error
    if lines and lines[0] != identity:
        differing = sorted(key for key in identity if lines[0].get(key) != identity[key])
        raise JournalError(
            f"{path} is the journal of a search with other {', '.join(differing)}: delete it to search "
            "again, or go back to what it had"
        )
    return candidates


def _to_json(candidate: Candidate) -> dict[str, Any]:
    missing = {name: None for name in _NUMBERS if not isfinite(getattr(candidate, name))}
    seconds = round(candidate.seconds, 3)
    return vars(candidate) | {"atoms": _atoms_to_json(candidate.atoms), "seconds": seconds} | missing


def _from_json(line: dict[str, Any]) -> Candidate:
    values = {
        "operator": Operator(line["operator"]),
        "parents": tuple(line["parents"]),
        "atoms": _atoms_from_json(line["atoms"]),
    }
    unknown = {name: nan for name in _NUMBERS if line.get(name) is None}  # older journals lack some
    return Candidate(**line | values | unknown)


def _atoms_to_json(atoms: Atoms | None) -> dict[str, Any] | None:
    if atoms is None or not (np.isfinite(atoms.positions).all() and np.isfinite(atoms.cell.array).all()):
        return None
    return {
        "numbers": atoms.numbers.tolist(),
        "positions": atoms.positions.tolist(),
        "cell": atoms.cell.array.tolist(),
    }


def _atoms_from_json(values: dict[str, Any] | None) -> Atoms | None:
    return None if values is None else Atoms(**values, pbc=True)
