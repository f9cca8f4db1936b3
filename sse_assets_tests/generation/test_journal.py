from contextlib import closing
from dataclasses import replace
from math import isnan, nan
from pathlib import Path

import numpy as np
import pytest
from ase import Atoms

from sse_assets.generation.journal import Candidate, Journal, JournalError
from sse_assets.tables.names import Operator

CANDIDATE = Candidate(
    candidate_id="z1-r0-g00-00",
    generation=0,
    index=0,
    operator=Operator.SEED,
    parents=(),
    atoms=Atoms(
        "LiF",
        positions=[[0.1, 0, 0], [1 / 3, 2.1, 2e-17]],
        cell=[[3.1, 0.2, 0], [0, 4, 0.3], [0, 0, 5]],
        pbc=True,
    ),
    enthalpy_ev_per_atom=-1 / 3,
    seconds=1.0,
)
IDENTITY = {"formula": "LiF", "formula_units": (1, 2)}


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "search.jsonl"


def write(path: Path, *candidates: Candidate) -> None:
    with closing(Journal(path, IDENTITY)) as journal:
        for candidate in candidates:
            journal.add(candidate)


def test_reading_gives_back_the_same_bits(path: Path) -> None:
    broken = replace(CANDIDATE, index=1, failure="it broke", atoms=Atoms("Li", positions=[[nan, 0, 0]]))
    write(path, CANDIDATE, broken)
    first, second = Journal(path, IDENTITY).candidates
    assert first.enthalpy_ev_per_atom == CANDIDATE.enthalpy_ev_per_atom
    assert isnan(first.mean_temperature_k)
    assert np.array_equal(first.atoms.positions, CANDIDATE.atoms.positions)
    assert np.array_equal(first.atoms.cell.array, CANDIDATE.atoms.cell.array)
    assert (second.failure, second.atoms) == ("it broke", None)


def test_half_a_line_is_cut_off_and_the_journal_goes_on(path: Path) -> None:
    write(path, CANDIDATE)
    whole = path.read_text()
    path.write_text(whole + whole.splitlines()[1][:40])
    assert len(Journal(path, IDENTITY).candidates) == 1
    write(path, replace(CANDIDATE, index=1))
    assert [candidate.index for candidate in Journal(path, IDENTITY).candidates] == [0, 1]


def test_another_search_and_a_damaged_file_are_refused(path: Path) -> None:
    write(path)
    with pytest.raises(JournalError, match="other formula_units: delete it"):
        Journal(path, {**IDENTITY, "formula_units": (1,)})
    path.write_text(path.read_text() + '{"candidate_id": "z1"}\n')
    with pytest.raises(JournalError, match=r"is damaged .*: delete it"):
        Journal(path, IDENTITY)


def test_a_journal_from_before_pressures_were_kept_is_read(path: Path) -> None:
    write(path, CANDIDATE)
    path.write_text(path.read_text().replace('"pressure_gpa": null, ', ""))
    (candidate,) = Journal(path, IDENTITY).candidates
    assert candidate == replace(CANDIDATE, atoms=candidate.atoms, pressure_gpa=candidate.pressure_gpa)
    assert isnan(candidate.pressure_gpa)
