import json
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import NamedTuple

import pandas as pd
import pytest
import torch

from sse_assets.atomistics.evaluators import ase_evaluator
from sse_assets.generation import search_composition, tables, validations
from sse_assets.generation.composition_search import record_of
from sse_assets.generation.history import History
from sse_assets.generation.records import Record, read_record
from sse_assets.generation.settings import SMOKE, SMOKE_VALIDATION
from sse_assets.generation.structures import JOURNALS, Found, find_structure
from sse_assets.generation.validation import Validated, validate_together
from sse_assets.generation.winners import UnsettledError
from sse_assets.materials.crystal import read_cif
from sse_assets.tables import generated


class Smoke(NamedTuple):
    """One small composition at smoke settings, from nothing to a validated structure."""

    found: Found
    validated: Validated
    folder: Path


@pytest.fixture(scope="module")
def smoke(tmp_path_factory: pytest.TempPathFactory) -> Smoke:
    folder = tmp_path_factory.mktemp("Li2O")
    found = find_structure("Li2O", SMOKE, folder, ase_evaluator)
    assert found.best is not None
    assert found.best.atoms is not None
    (validated,) = validate_together([(found.best.atoms, folder)], SMOKE_VALIDATION, ase_evaluator)
    assert isinstance(validated, Validated)
    return Smoke(found, validated, folder)


def read_back(record: Record, folder: Path) -> Record:
    """Write the files of a record of Li2O, and read them."""
    assert read_record(folder, "Li2O") is None
    for name, text in record.to_files().items():
        (folder / name).write_text(text)
    read = read_record(folder, "Li2O")
    assert read is not None
    return read


def test_every_candidate_is_a_row(smoke: Smoke) -> None:
    found, _, folder = smoke
    table = tables.candidates(found)
    lines = sum(path.read_text().count("\n") - 1 for path in (folder / JOURNALS).iterdir())
    generated.SEARCH_HISTORY.check(table)
    assert len(table) == lines == SMOKE.population * SMOKE.max_generations
    assert table["candidate_id"].is_unique
    assert table.loc[table["operator"] == "seed", "delta_ev_per_atom"].isna().all()
    kept = table.loc[table["failure"].isna(), "enthalpy_ev_per_atom"]
    assert kept.min() == found.best.enthalpy_ev_per_atom


def test_a_structure_is_a_row(smoke: Smoke) -> None:
    found, validated, _ = smoke
    row = tables.structure(found, validated)
    assert list(row) == [column.name for column in generated.FOUND]
    assert (row["formula"], row["z"], row["cell_atoms"], row["ambient_ps"]) == ("Li2O", 1, 3, 0.02)
    assert read_cif(row["cif"]).composition.reduced_formula == "Li2O"
    assert row["valid"] == validated.valid


def test_a_composition_without_a_structure_is_a_row_with_its_reason(smoke: Smoke) -> None:
    row = tables.structure(smoke.found, None)
    assert (row["valid"], row["failure"]) == (False, "not validated")
    assert row["cif"] is None
    empty = replace(smoke.found.searches[0], history=History(SMOKE), failure="nothing survived")
    row = tables.structure(Found("Li2O", [empty]), None)
    assert row["failure"] == "Li2O: nothing survived"


def test_dynamics_and_comparisons(smoke: Smoke) -> None:
    moved = tables.dynamics("Li2O", smoke.validated)
    assert list(moved.columns[:3]) == ["formula", "conditions", "time_ps"]
    assert set(moved["conditions"]) == {"search", "ambient"}
    assert tables.dynamics("Li2O", None).empty

    settled = smoke.validated.settled
    (row,) = tables.comparison("Li2O", "itself", settled, settled).to_dict("records")
    assert row["matches"]
    assert row["found_minus_known_mev"] == 0
    assert row["a"] == row["known_a"] >= 10


def test_a_record_is_read_back_bit_by_bit(smoke: Smoke, tmp_path: Path) -> None:
    written = record_of(smoke.found, smoke.validated, SMOKE, SMOKE_VALIDATION)
    read = read_back(written, tmp_path)
    assert list(read.structure) == [column.name for column in generated.FOUND]
    assert read.structure == written.structure
    assert read.made_with == json.loads(json.dumps(written.made_with))
    numbers = ["enthalpy_ev_per_atom", "shortest_distance_a"]
    assert read.candidates[numbers].equals(written.candidates[numbers])
    assert read.dynamics.equals(written.dynamics)
    assert read.candidates["failure"].isna().all()
    assert read.candidates["failure"].dtype == read.candidates["operator"].dtype  # stacked with others'


def test_one_call_searches_validates_and_records_and_goes_on_in_its_folder(
    smoke: Smoke, tmp_path: Path
) -> None:
    told: list[str] = []
    threads: set[int] = set()

    def watch(*_: object) -> None:
        told.append("candidate")
        threads.add(torch.get_num_threads())

    def search() -> Record:
        return search_composition(
            "Li2O",
            tmp_path,
            SMOKE,
            SMOKE_VALIDATION,
            progress=watch,
            dynamics_progress=lambda _formula, name, *_: told.append(name),
        )

    torch.set_num_threads(2)
    try:
        record = search()
        assert torch.get_num_threads() == 2
    finally:
        torch.set_num_threads(1)
    assert threads == {1}
    assert told.count("candidate") == SMOKE.population * SMOKE.max_generations
    assert {"search", "ambient"} <= set(told)

    expected = record_of(smoke.found, smoke.validated, SMOKE, SMOKE_VALIDATION)
    assert record.structure | {"seconds": 0} == expected.structure | {"seconds": 0}
    assert record.dynamics.equals(expected.dynamics)
    pd.testing.assert_frame_equal(
        record.candidates.drop(columns="seconds"), expected.candidates.drop(columns="seconds")
    )
    told.clear()
    again = search()
    assert "candidate" not in told
    assert again.structure | {"seconds": 0} == record.structure | {"seconds": 0}


def test_a_structure_that_does_not_survive_has_a_record_that_says_so(
    smoke: Smoke, monkeypatch: pytest.MonkeyPatch
) -> None:
    def unsettled(*_: object) -> list[UnsettledError]:
        return [UnsettledError("the last relaxation failed: the cell exploded")]

    monkeypatch.setattr(validations, "validate_together", unsettled)
    record = search_composition("Li2O", smoke.folder, SMOKE, SMOKE_VALIDATION)
    assert record.structure["failure"] == "the last relaxation failed: the cell exploded"
    assert record.structure["cif"] is None


def test_the_package_brings_no_torch_before_a_search_is_asked_for() -> None:
    script = "import sse_assets.generation.records, sys; sys.exit('torch' in sys.modules)"
    subprocess.run([sys.executable, "-c", script], check=True)


def test_a_record_without_a_structure_says_why(smoke: Smoke, tmp_path: Path) -> None:
    read = read_back(record_of(smoke.found, None, SMOKE, SMOKE_VALIDATION, "it fell apart"), tmp_path)
    assert (read.structure["failure"], read.structure["cif"]) == ("it fell apart", None)
    assert read.dynamics.empty
