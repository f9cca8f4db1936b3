"""Any stored model answers for a new material, and says what it did not know."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from upath import UPath

from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.cell import CELL_COLUMNS, cell
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS, chemistry
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.gaussian_process.conformal import ConformalIntervals
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings
from sse_assets.gaussian_process.trained import MEASUREMENTS_FILE, TrainedProcess
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.materials.crystal import CifError
from sse_assets.screening.prediction import (
    Material,
    PredictionError,
    open_predictor,
)

ROCK_SALT = """\
data_licl
_cell_length_a 5.13
_cell_length_b 5.13
_cell_length_c 5.13
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_space_group_name_H-M_alt 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Li1 Li 0.0 0.0 0.0
Li2 Li 0.5 0.5 0.0
Li3 Li 0.5 0.0 0.5
Li4 Li 0.0 0.5 0.5
Cl1 Cl 0.5 0.5 0.5
Cl2 Cl 0.0 0.0 0.5
Cl3 Cl 0.0 0.5 0.0
Cl4 Cl 0.5 0.0 0.0
"""


def stored_trees(
    folder: Path, feature_set: str, columns: list[str], told_by: str, half: float = 0.5
) -> UPath:
    """Trees that predict -1 where the column `told_by` is above a half, and -9 where it is below."""
    X = pd.DataFrame(
        np.random.default_rng(0).uniform(high=2 * half, size=(200, len(columns))), columns=columns
    )
    y = pd.Series(np.where(X[told_by] > half, -1.0, -9.0))
    settings = BoostedTreesSettings(
        n_estimators=50, num_parallel_tree=1, reg_lambda=0, reg_alpha=0, subsample=1
    )
    card = ModelCard(feature_set, "all_rows", LabelConvention.BOUND, "v1", 200, {}, 0.5)
    BoostedTreesModel.fit(X, y, settings).with_card(card).save(folder)
    return UPath(folder)


def test_trees_read_a_formula_whatever_its_order(tmp_path: Path) -> None:
    predictor = open_predictor(stored_trees(tmp_path, "stoichiometric", ["S", "Li", "O"], "Li"))
    rich = predictor.predict(Material("Li9S1"))
    assert rich.log10_sigma == pytest.approx(-1, abs=0.5)
    assert rich.high - rich.low == pytest.approx(1.0)
    assert rich.remarks == ()
    assert predictor.predict(Material("SLi0.1")).log10_sigma == pytest.approx(-9, abs=0.5)


def test_what_the_trees_do_not_see_is_said(tmp_path: Path) -> None:
    columns = ["Li", "Cl", "a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    predictor = open_predictor(stored_trees(tmp_path, "all", columns, "Li"))
    assert predictor.predict(Material("LiPoI")).remarks == (
        "no training row holds I, Po: the model does not see it",
        "not known, give a CIF: a, b, c, density_g_cm3, poav_cm3_g",
    )
    assert predictor.predict(Material(cif=ROCK_SALT)).remarks == ()


def test_a_misprint_is_asked_about(tmp_path: Path) -> None:
    predictor = open_predictor(stored_trees(tmp_path, "stoichiometric", ["Li", "P", "S", "C", "I"], "Li"))
    (remark,) = predictor.predict(Material("Li6PS5CI")).remarks
    assert remark == "Li6PS5CI may be a misprint: did you mean Li6PS5Cl?"


def test_a_cif_counts_as_its_cell(tmp_path: Path) -> None:
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    predictor = open_predictor(stored_trees(tmp_path, "geometric", columns, "density_g_cm3"))
    assert predictor.predict(Material(cif=ROCK_SALT)).log10_sigma == pytest.approx(-1, abs=0.5)
    thin = ROCK_SALT.replace("5.13", "9.0")  # 0.39 g/cm³, below the half on which these trees decide
    assert predictor.predict(Material(cif=thin)).log10_sigma == pytest.approx(-9, abs=0.5)


def test_bad_input_is_refused_with_a_sentence(tmp_path: Path) -> None:
    with pytest.raises(PredictionError, match="give a formula, a CIF or both"):
        Material()
    with pytest.raises(PredictionError, match="holds no model"):
        open_predictor(UPath(tmp_path))
    predictor = open_predictor(stored_trees(tmp_path, "stoichiometric", ["Li"], "Li"))
    with pytest.raises(CifError):
        predictor.predict(Material("LiCl", cif="no crystal"))


def test_what_does_not_fit_in_a_cif_is_said(tmp_path: Path) -> None:
    columns = ["Li", "Cl", "a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    predictor = open_predictor(stored_trees(tmp_path, "all", columns, "Li"))
    volume = ROCK_SALT.replace("loop_", "_cell_volume 99\nloop_", 1)
    [remark] = predictor.predict(Material("LiCl", volume)).remarks
    assert "the CIF says 99 Å³" in remark
    lithium_lost = "\n".join(line for line in ROCK_SALT.splitlines() if not line.startswith("Li")) + "\n"
    remarks = predictor.predict(Material("LiCl", lithium_lost)).remarks
    assert "the CIF holds no Li" in remarks
    sodium = ROCK_SALT.replace(" Li ", " Na ")
    assert any("holds no Li" in remark for remark in predictor.predict(Material(cif=sodium)).remarks)
    assert any("holds no Li" in remark for remark in predictor.predict(Material("NaCl")).remarks)
    with pytest.raises(PredictionError, match="only one of the two holds Na, P, S: correct"):
        predictor.predict(Material("Li6PS5Cl", sodium))


def test_a_cell_that_is_not_the_conventional_one_is_said(tmp_path: Path) -> None:
    columns = ["Li", "Cl", "a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    predictor = open_predictor(stored_trees(tmp_path, "all", columns, "Li"))
    primitive = """data_licl
_cell_length_a 3.6275
_cell_length_b 3.6275
_cell_length_c 3.6275
_cell_angle_alpha 60
_cell_angle_beta 60
_cell_angle_gamma 60
_space_group_name_H-M_alt 'P 1'
loop_
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Li1 0 0 0
Cl1 0.5 0.5 0.5
"""
    [remark] = predictor.predict(Material(cif=primitive)).remarks
    assert "the cell has 2 sites and the conventional one 8" in remark


def test_z_of_a_cif_without_its_li_is_the_one_that_it_states(tmp_path: Path) -> None:
    columns = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    # LiCl has 2.09 g/cm³ and its chlorine alone 1.74: these trees decide at 1.9.
    trees = stored_trees(tmp_path, "geometric", columns, "density_g_cm3", half=1.9)
    predictor = open_predictor(trees)
    lithium_lost = "\n".join(line for line in ROCK_SALT.splitlines() if not line.startswith("Li")) + "\n"
    stated = lithium_lost.replace("loop_", "_chemical_formula_sum 'Cl Li'\n_cell_formula_units_Z 4\nloop_", 1)
    for cif in (ROCK_SALT, stated):
        assert predictor.predict(Material("LiCl", cif)).log10_sigma == pytest.approx(-1, abs=0.5)
    unknown = predictor.predict(Material("LiCl", lithium_lost))
    assert any("not known, give a CIF: density_g_cm3" in remark for remark in unknown.remarks)


FORMULAS = ["LiF", "LiCl", "LiBr", "LiI", "Li2O", "Li2S", "Li3N", "Li3OCl", "Li3PS4", "Li3PO4"]
PRIMITIVE_ROCK_SALT = """\
data_licl
_cell_length_a 3.6274578
_cell_length_b 3.6274578
_cell_length_c 3.6274578
_cell_angle_alpha 60
_cell_angle_beta 60
_cell_angle_gamma 60
_space_group_name_H-M_alt 'P 1'
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
Cl1 Cl 0.5 0.5 0.5
Li1 Li 0.0 0.0 0.0
"""


@pytest.fixture(scope="module")
def stored_process(tmp_path_factory: pytest.TempPathFactory) -> UPath:
    """A process on ten compounds in cubic cells, whose labels follow from the cell."""
    lengths = np.linspace(4.0, 7.0, len(FORMULAS))
    rows = pd.DataFrame(
        {"electrolyte_id": [f"x:{name}" for name in FORMULAS], "formula": FORMULAS, "z": 4.0}
        | dict.fromkeys("abc", lengths)
        | dict.fromkeys(["alpha", "beta", "gamma"], 90.0)
        | {"space_group": "Fm-3m", "space_group_number": 225.0}
    )
    cells, _ = cell(rows, {})
    features = composition_chemistry_cell(rows, chemistry(rows), cells)
    label = pd.Series(np.linspace(-9, -3, len(FORMULAS)), index=features.index)
    dois = pd.Series("10.1/x", index=features.index)
    settings = GaussianProcessSettings()
    model = GaussianProcessModel.fit(
        features, label, dois, settings, chemistry=tuple(CHEMISTRY_COLUMNS), cell=tuple(CELL_COLUMNS)
    )
    domain = Domain.fit(features, dois, model.inputs, settings.lengths)
    folder = UPath(tmp_path_factory.mktemp("process"))
    TrainedProcess(model, ConformalIntervals({0.5: 0.6, 0.9: 2.0}), domain).save(str(folder))
    measured = rows[["electrolyte_id", "formula"]].assign(sigma_s_cm=1e-5, censored=False, doi="10.1/x")
    measured.merge(cells).to_parquet(str(folder / MEASUREMENTS_FILE))
    return folder


def test_the_process_answers_the_same_whichever_cell_is_given(stored_process: UPath) -> None:
    predictor = open_predictor(stored_process)
    conventional = predictor.predict(Material(cif=ROCK_SALT))
    primitive = predictor.predict(Material(cif=PRIMITIVE_ROCK_SALT))
    assert primitive.log10_sigma == pytest.approx(conventional.log10_sigma, abs=1e-6)
    assert conventional.low < conventional.log10_sigma < conventional.high
    assert not [remark for remark in conventional.remarks if "imputed" in remark]


def test_the_process_says_which_measurements_carry_its_answer(stored_process: UPath) -> None:
    remarks = open_predictor(stored_process).predict(Material("LiCl")).remarks
    assert remarks[0] == "its cell is imputed from the composition: give a CIF if there is one"
    evidence = [remark for remark in remarks if remark.startswith("weight ")]
    assert len(evidence) == 5
    assert evidence[0].endswith(": LiCl, 1.0e-05 S/cm (10.1/x)")


def test_the_process_says_what_it_has_never_seen(stored_process: UPath) -> None:
    remarks = open_predictor(stored_process).predict(Material("Li3InCl6")).remarks
    assert "no training row holds In: this is outside what was learned" in remarks
