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


def test_reading_gives_back_the_same_bits(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    journal = Journal(path, IDENTITY)
    journal.add(CANDIDATE)
    journal.add(replace(CANDIDATE, index=1, failure="it broke", atoms=Atoms("Li", positions=[[nan, 0, 0]])))
    journal.close()

    first, second = Journal(path, IDENTITY).candidates
    assert first.enthalpy_ev_per_atom == CANDIDATE.enthalpy_ev_per_atom
    assert isnan(first.mean_temperature_k)
    assert np.array_equal(first.atoms.positions, CANDIDATE.atoms.positions)
    assert np.array_equal(first.atoms.cell.array, CANDIDATE.atoms.cell.array)
    assert (second.failure, second.atoms) == ("it broke", None)


def test_half_a_line_is_cut_off_and_the_journal_goes_on(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    journal = Journal(path, IDENTITY)
    journal.add(CANDIDATE)
    journal.close()
    whole = path.read_text()
    path.write_text(whole + whole.splitlines()[1][:40])

    journal = Journal(path, IDENTITY)
    assert len(journal.candidates) == 1
    journal.add(replace(CANDIDATE, index=1))
    journal.close()
    assert [candidate.index for candidate in Journal(path, IDENTITY).candidates] == [0, 1]


def test_another_search_and_a_damaged_file_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "search.jsonl"
    Journal(path, IDENTITY).close()
    with pytest.raises(JournalError, match="other formula_units: delete it"):
        Journal(path, {**IDENTITY, "formula_units": (1,)})
    path.write_text(path.read_text() + '{"candidate_id": "z1"}\n')
    with pytest.raises(JournalError, match=r"is damaged .*: delete it"):
        Journal(path, IDENTITY)
