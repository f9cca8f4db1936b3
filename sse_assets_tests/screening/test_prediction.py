"""Any stored model answers for new materials, and says what it did not know."""

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from upath import UPath

from sse_assets.descriptors.cell import cell
from sse_assets.descriptors.chemistry import chemistry
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.descriptors.pores import KeptVoids
from sse_assets.gaussian_process.files import CARD_FILE
from sse_assets.screening import prediction
from sse_assets.screening.answer import FlagCode, Prediction
from sse_assets.screening.errors import PredictionError
from sse_assets.screening.material import Accepted, Material, Refusal, accept
from sse_assets.screening.prediction import StoredModel, open_model
from sse_assets.tables.names import Reason
from sse_assets_tests.descriptors.crystal_examples import electrolytes_table
from sse_assets_tests.screening.stored import (
    FORMULAS,
    OF_PROTOTYPE,
    PRIMITIVE_ROCK_SALT,
    ROCK_SALT,
    stored_process,
    stored_trees,
)

ALL = ["Li", "Cl", "a", "b", "c", "density_g_cm3", "poav_cm3_g"]


def accepted(formula: str | None = None, cif: str | None = None) -> Accepted:
    one = accept(Material(formula, cif), anyway=True)
    assert isinstance(one, Accepted), one
    return one


def said(model: StoredModel, formula: str | None = None, cif: str | None = None) -> Prediction:
    (one,) = model.predict([accepted(formula, cif)])
    assert isinstance(one, Prediction), one
    return one


@pytest.fixture(scope="module")
def process(tmp_path_factory: pytest.TempPathFactory) -> StoredModel:
    return open_model(stored_process(tmp_path_factory.mktemp("version") / "all_rows-bound"))


def test_trees_read_a_formula_whatever_its_order(tmp_path: Path) -> None:
    model = open_model(stored_trees(tmp_path, "stoichiometric", ["S", "Li", "O"], "Li"))
    rich = said(model, "Li9S1")
    assert rich.log10_sigma == pytest.approx(-1, abs=0.5)
    assert rich.interval_90 == pytest.approx((rich.log10_sigma - 0.5, rich.log10_sigma + 0.5))
    assert (rich.interval_50, rich.flags, rich.remarks) == (None, (), ())
    assert said(model, "SLi0.1").log10_sigma == pytest.approx(-9, abs=0.5)
    assert model.data_version == "v1"


def test_what_the_trees_do_not_see_is_said_of_each_material_alone(tmp_path: Path) -> None:
    model = open_model(stored_trees(tmp_path, "stoichiometric", ["Li", "Cl"], "Li"))
    known, unknown = model.predict([accepted("LiCl"), accepted("LiPoI")])
    assert isinstance(known, Prediction)
    assert isinstance(unknown, Prediction)
    assert known.flags == ()
    (flag,) = unknown.flags
    assert flag.code is FlagCode.UNSEEN_ELEMENT
    assert flag.sentence == "no training row holds I, Po: the model does not see it"
    assert unknown.outside_domain


def test_a_variant_that_lacks_its_crystal_refuses_that_material_alone(tmp_path: Path) -> None:
    model = open_model(stored_trees(tmp_path, "all", ALL, "Li"))
    alone, whole = model.predict([accepted("LiCl"), accepted(cif=ROCK_SALT)])
    assert isinstance(alone, Refusal)
    assert alone.code is Reason.NOT_KNOWN
    assert "needs a crystal: give a CIF" in alone.reason
    assert isinstance(whole, Prediction)
    assert whole.remarks == ()


def test_a_cif_counts_as_its_cell(tmp_path: Path) -> None:
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    model = open_model(stored_trees(tmp_path, "geometric", columns, "density_g_cm3"))
    assert said(model, cif=ROCK_SALT).log10_sigma == pytest.approx(-1, abs=0.5)
    thin = ROCK_SALT.replace("5.13", "9.0")  # 0.39 g/cm³, below the half on which these trees decide
    assert said(model, cif=thin).log10_sigma == pytest.approx(-9, abs=0.5)


def test_pores_are_probed_as_they_were_for_the_training_rows(tmp_path: Path) -> None:
    # A probe of 3 Å passes nowhere in rock salt, and these trees decide at 0.05 cm³/g of pores.
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    folder = stored_trees(tmp_path, "geometric", columns, "poav_cm3_g", half=0.05)
    settings = PoreSettings(probe_radius_a=0.0, lithium_removed=True, n_samples=5000)
    rows, cifs = electrolytes_table({"electrolyte_id": "e1", "formula": "LiCl"}), [("e1", "s", ROCK_SALT)]
    structures = pd.DataFrame(cifs, columns=["electrolyte_id", "structure_id", "cif"])
    wide, _ = geometric(rows, structures, settings, workers=1)
    narrow, _ = geometric(rows, structures, replace(settings, probe_radius_a=3.0), workers=1)
    assert wide["poav_cm3_g"].item() > 0.05
    assert narrow["poav_cm3_g"].item() == 0
    values = [said(open_model(folder, table), cif=ROCK_SALT).log10_sigma for table in (wide, narrow)]
    assert values == pytest.approx([-1, -9], abs=0.5)


def test_pores_that_are_kept_are_not_probed_again(tmp_path: Path) -> None:
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    folder = stored_trees(tmp_path, "geometric", columns, "poav_cm3_g", half=0.05)
    settings, kept = PoreSettings(probe_radius_a=3.0, lithium_removed=True, n_samples=5000), KeptVoids()
    rows, cifs = electrolytes_table({"electrolyte_id": "e1", "formula": "LiCl"}), [("e1", "s", ROCK_SALT)]
    structures = pd.DataFrame(cifs, columns=["electrolyte_id", "structure_id", "cif"])
    probed, _ = geometric(rows, structures, settings, workers=1, kept=kept)
    wide = kept.table().assign(accessible=0.9)  # Zeo++ itself finds no pore for so large a probe
    assert said(open_model(folder, probed), cif=ROCK_SALT).log10_sigma == pytest.approx(-9, abs=0.5)
    assert said(open_model(folder, probed, wide), cif=ROCK_SALT).log10_sigma == pytest.approx(-1, abs=0.5)


def test_a_folder_without_a_whole_model_is_refused(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="holds no model"):
        open_model(UPath(tmp_path))
    folder = stored_process(tmp_path / "process")
    card = json.loads((folder / CARD_FILE).read_text())
    del card["kernel"]
    (folder / CARD_FILE).write_text(json.dumps(card))
    with pytest.raises(PredictionError, match="another version of this project, without 'kernel': run"):
        open_model(folder)
    (folder / "cell_imputer.npz").unlink()
    with pytest.raises(PredictionError, match="lacks a file of its model: run the pipeline again"):
        open_model(folder)


def test_a_cell_that_is_not_the_conventional_one_is_said(tmp_path: Path) -> None:
    model = open_model(stored_trees(tmp_path, "all", ALL, "Li"))
    (remark,) = said(model, cif=PRIMITIVE_ROCK_SALT).remarks
    assert "the cell has 2 sites and the conventional one 8" in remark


def test_z_of_a_cif_without_its_li_is_the_one_that_it_states(tmp_path: Path) -> None:
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    # LiCl has 2.09 g/cm³ and its chlorine alone 1.74: these trees decide at 1.9.
    model = open_model(stored_trees(tmp_path, "geometric", columns, "density_g_cm3", half=1.9))
    lithium_lost = "\n".join(line for line in ROCK_SALT.splitlines() if not line.startswith("Li")) + "\n"
    stated = lithium_lost.replace("loop_", "_chemical_formula_sum 'Cl Li'\n_cell_formula_units_Z 4\nloop_", 1)
    for cif in (ROCK_SALT, stated):
        assert said(model, "LiCl", cif).log10_sigma == pytest.approx(-1, abs=0.5)
    assert "not known: density_g_cm3, poav_cm3_g" in said(model, "LiCl", lithium_lost).remarks


def test_the_process_answers_the_same_whichever_cell_is_given(process: StoredModel) -> None:
    conventional, primitive = said(process, cif=ROCK_SALT), said(process, cif=PRIMITIVE_ROCK_SALT)
    assert primitive.log10_sigma == pytest.approx(conventional.log10_sigma, abs=1e-6)
    assert conventional.interval_50 is not None
    assert conventional.interval_90 is not None
    low_90, low_50, high_50, high_90 = (
        *(interval[0] for interval in (conventional.interval_90, conventional.interval_50)),
        *(interval[1] for interval in (conventional.interval_50, conventional.interval_90)),
    )
    assert low_90 < low_50 < conventional.log10_sigma < high_50 < high_90
    assert sum(conventional.probabilities.values()) == pytest.approx(1)
    assert FlagCode.COMPOSITION_ONLY not in {flag.code for flag in conventional.flags}


def test_the_process_says_what_its_answer_rests_on(process: StoredModel) -> None:
    formula, cif = said(process, "LiCl"), said(process, cif=ROCK_SALT)
    assert [flag.code for flag in formula.flags] == [FlagCode.COMPOSITION_ONLY]
    assert not formula.outside_domain
    assert formula.rests_on.startswith("the composition; the measurements that count most")
    assert cif.rests_on.startswith("the composition and the cell of the CIF; ")
    assert len(formula.carried_by) == 5
    assert formula.carried_by[0][0] == "x:LiCl"
    assert "LiCl 1.0e-05 S/cm (+0." in formula.rests_on
    assert process.data_version == "version0"


def test_a_formula_has_the_cell_of_its_prototype_where_there_is_one(process: StoredModel) -> None:
    placed, imputed = said(process, OF_PROTOTYPE), said(process, "Li3P")
    assert placed.rests_on.startswith("the composition and the cell of a known structure type; ")
    assert placed.flags[-1].sentence.startswith("its cell is that of a known structure type")
    assert imputed.rests_on.startswith("the composition; ")
    cubic = FORMULAS.index(OF_PROTOTYPE)  # its cell in training, with which the process repeats its label
    length = np.linspace(4.0, 7.0, len(FORMULAS))[cubic]
    row = pd.DataFrame(
        [
            {
                "electrolyte_id": "0",
                "formula": OF_PROTOTYPE,
                "source": "obelix",
                "z": 4.0,
                "space_group": "Fm-3m",
            }
        ]
    ).assign(space_group_number=225.0, **dict.fromkeys("abc", length), alpha=90.0, beta=90.0, gamma=90.0)
    features = composition_chemistry_cell(row, chemistry(row), cell(row, {})[0])
    assert isinstance(process, prediction._Process)
    direct = process.process.predict(features)["predicted"].item()
    assert placed.log10_sigma == pytest.approx(direct, abs=1e-9)


def test_the_process_says_what_it_has_never_seen(process: StoredModel) -> None:
    codes = {flag.code: flag.sentence for flag in said(process, "Li3InCl6").flags}
    assert codes[FlagCode.UNSEEN_ELEMENT] == "no training row holds In: this is outside what was learned"


def test_many_materials_are_answered_as_each_alone(process: StoredModel) -> None:
    asked = [accepted("LiCl"), accepted(cif=ROCK_SALT), accepted("Li3PS4"), accepted("LiI")]
    together = process.predict(asked)
    for one, answer in zip(asked, together, strict=True):
        (alone,) = process.predict([one])
        assert isinstance(alone, Prediction)
        assert isinstance(answer, Prediction)
        assert answer.log10_sigma == pytest.approx(alone.log10_sigma, abs=1e-9)
        assert answer.interval_90 == pytest.approx(alone.interval_90, abs=1e-9)
        assert answer.probabilities == pytest.approx(alone.probabilities, abs=1e-9)
