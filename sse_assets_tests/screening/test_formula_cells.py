"""A new formula has the cell of its prototype, through every door, and the answer says which."""

import json
import shutil
from pathlib import Path

import pandas as pd
import pytest
from click.testing import CliRunner
from starlette.testclient import TestClient
from upath import UPath

from sse_assets.cli import main
from sse_assets.descriptors.cell import CELL_COLUMNS, crystal_features
from sse_assets.materials.crystal import read_crystal
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.prototypes.stored_library import Library
from sse_assets.screening import Predictor
from sse_assets.screening.answer import FlagCode
from sse_assets.screening.formula_cells import prototype_cells
from sse_assets.screening.server import application
from sse_assets_tests.prototypes.crystal_examples import ANTIPEROVSKITE, LITHIUM_BROMIDE, known

NEW, DEAR = "Li3OCl0.98Br0.02", "Li3PO4"


@pytest.fixture(scope="module")
def library() -> Library:
    return Library.of([known(ANTIPEROVSKITE, "x:li3ocl", doi="10.1/a"), known(LITHIUM_BROMIDE, "x:libr")])


@pytest.fixture(scope="module")
def own(home: Path, library: Library, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A home that keeps the prototypes."""
    folder = tmp_path_factory.mktemp("placed") / "home"
    shutil.copytree(home, folder)
    TableStore(UPath(folder / "blobs")).write(TableKey("generated", "prototype_library"), library.table())
    return folder


def test_cells_are_those_of_trusted_prototypes_alone(library: Library) -> None:
    cells, sentences = prototype_cells(pd.Series({"a": NEW, "b": DEAR, "c": NEW}), library)
    assert list(cells.index) == ["a", "c"]
    placed, sentence = library.of_formula(NEW)
    assert placed is not None
    assert cells.loc["a"].to_dict() == pytest.approx(crystal_features(placed.structure)[0])
    assert list(cells.columns) == CELL_COLUMNS
    assert sentences["a"] == sentence
    assert "at a cost of 0.25 for each anion or less" in sentences["b"]


def test_a_new_formula_is_answered_with_the_cell_of_its_prototype(home: Path, own: Path) -> None:
    placed, dear = Predictor.load(own).predict([NEW, DEAR])
    imputed, without = Predictor.load(home).predict([NEW, DEAR])
    assert placed.prediction is not None
    assert imputed.prediction is not None
    assert dear.prediction is not None
    assert without.prediction is not None
    assert abs(placed.prediction.log10_sigma - imputed.prediction.log10_sigma) > 1e-3
    assert dear.prediction.log10_sigma == pytest.approx(without.prediction.log10_sigma, abs=1e-9)
    (flag,) = [one for one in placed.prediction.flags if one.code is FlagCode.COMPOSITION_ONLY]
    assert flag.sentence.startswith(
        "its cell is that of a known structure type, as in Li3ClO (x:li3ocl, 10.1/a), at a cost of 0.0"
    )
    assert "the cell of a known structure type" in placed.prediction.rests_on
    (flag,) = [one for one in dear.prediction.flags if one.code is FlagCode.COMPOSITION_ONLY]
    assert "imputed from the composition, since no known structure type is to be trusted (no" in flag.sentence
    (left_out,) = Predictor.load(own, prototypes=False).predict(NEW)
    assert left_out.prediction is not None
    assert left_out.prediction.log10_sigma == pytest.approx(imputed.prediction.log10_sigma, abs=1e-9)


def test_every_door_has_that_cell(own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SSE_HOME", str(own))
    (direct,) = Predictor.load(own).predict(NEW)
    assert direct.prediction is not None
    printed = CliRunner().invoke(main, ["predict", NEW, "--json"])
    assert printed.exit_code == 0, printed.output
    with TestClient(application(Predictor.load(own), ["testserver"])) as client:
        (served,) = client.post("/predict", json={"materials": [NEW]}).json()["answers"]
    many = Predictor.load(own).predict(["LiCl", DEAR, NEW, "Li2O"])[2]
    assert many.prediction is not None
    numbers = [
        json.loads(printed.output)["prediction"]["log10_sigma"],
        served["prediction"]["log10_sigma"],
        many.prediction.log10_sigma,
    ]
    assert numbers == pytest.approx([direct.prediction.log10_sigma] * 3, abs=1e-9)


def test_the_structure_of_a_new_formula_can_be_written(
    own: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SSE_HOME", str(own))
    cif = tmp_path / "new.cif"
    result = CliRunner().invoke(main, ["structure", NEW, "--output", str(cif)])
    assert result.exit_code == 0, result.output
    assert f"used: prototype:{NEW} ({NEW}); inferred: " in result.output
    assert "that of Li3ClO (x:li3ocl, 10.1/a), at a cost of 0.0" in result.output
    assert read_crystal(cif.read_text()).composition.get_atomic_fraction("Br") == pytest.approx(
        0.004, abs=1e-4
    )
    refused = CliRunner().invoke(main, ["structure", DEAR])
    assert refused.exit_code == 2
    assert "no known structure type is to be trusted" in refused.output


def test_other_prototypes_are_another_version_of_the_answers(own: Path, home: Path) -> None:
    assert "prototypes " in Predictor.load(own).answering
    assert "prototypes " not in Predictor.load(home).answering


def test_the_time_of_a_fit_makes_no_other_version_of_the_answers(home: Path, tmp_path: Path) -> None:
    again = tmp_path / "home"
    shutil.copytree(home, again)
    store, fits = TableStore(UPath(again / "blobs")), TableKey("models", "gaussian_process")
    store.write(fits, store.read(fits).assign(seconds=7.0))
    assert Predictor.load(again).answering == Predictor.load(home).answering
    store.write(fits, store.read(fits).assign(n_train=7))
    assert Predictor.load(again).answering != Predictor.load(home).answering
