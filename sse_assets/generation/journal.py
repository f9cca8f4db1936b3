"""The record of a search: a line for each finished candidate, never changed, from which a search goes on.

The first line says which search it is. Numbers are written so that reading gives back the same bits.
"""

import json
import os
from dataclasses import dataclass
from math import isfinite, nan
from pathlib import Path
from typing import Any

import numpy as np
from ase import Atoms

from sse_assets.tables.names import Operator

_NUMBERS = (
    "enthalpy_ev_per_atom",
    "delta_ev_per_atom",
    "energy_ev_per_atom",
    "volume_a3_per_atom",
    "max_force_ev_a",
    "shortest_distance_a",
    "mean_temperature_k",
    "mean_pressure_gpa",
)


class JournalError(ValueError):
    """A journal of another search, or one that was damaged; the message names the file and the remedy."""


@dataclass(frozen=True)
class Candidate:
    """What became of one candidate; a number is NaN that its evaluation did not reach."""

    candidate_id: str
    """Unique within the composition: search, generation and index."""
    generation: int
    index: int
    """Within the generation."""
    operator: Operator
    parents: tuple[str, ...]
    """Their candidate ids."""
    atoms: Atoms | None
    """As the evaluation left it; None if no cell could be made."""
    enthalpy_ev_per_atom: float = nan
    delta_ev_per_atom: float = nan
    """Enthalpy minus that of the better parent; NaN without parents."""
    energy_ev_per_atom: float = nan
    volume_a3_per_atom: float = nan
    max_force_ev_a: float = nan
    shortest_distance_a: float = nan
    mean_temperature_k: float = nan
    """Of its dynamics; NaN without."""
    mean_pressure_gpa: float = nan
    """Of its dynamics; NaN without."""
    steps: int = 0
    """Evaluations of the forces."""
    space_group: str | None = None
    """At `winners.SYMPREC`; None if it failed."""
    failure: str | None = None
    """Why it has no enthalpy to trust, one sentence."""
    seconds: float = nan
    """Wall time; the one entry that two runs of the same search do not share."""


class Journal:
    """A search's file, open for the next candidate."""

    def __init__(self, path: Path, identity: dict[str, Any]) -> None:
        """Open or begin a journal.

        Args:
            path: of the file; its folder is made if need be.
            identity: all that decides the outcome of the search, as JSON values.

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
        """Write one line, to the disk before this returns."""
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
    atoms = candidate.atoms
    return {
        "candidate_id": candidate.candidate_id,
        "generation": candidate.generation,
        "index": candidate.index,
        "operator": candidate.operator.value,
        "parents": list(candidate.parents),
        **{name: _finite_or_none(getattr(candidate, name)) for name in _NUMBERS},
        "steps": candidate.steps,
        "space_group": candidate.space_group,
        "failure": candidate.failure,
        "atoms": _atoms_to_json(atoms),
        "seconds": round(candidate.seconds, 3),
    }


def _from_json(line: dict[str, Any]) -> Candidate:
    return Candidate(
        candidate_id=line["candidate_id"],
        generation=line["generation"],
        index=line["index"],
        operator=Operator(line["operator"]),
        parents=tuple(line["parents"]),
        atoms=_atoms_from_json(line["atoms"]),
        **{name: nan if line[name] is None else line[name] for name in _NUMBERS},
        steps=line["steps"],
        space_group=line["space_group"],
        failure=line["failure"],
        seconds=line["seconds"],
    )


def _finite_or_none(value: float) -> float | None:
    return float(value) if isfinite(value) else None


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
