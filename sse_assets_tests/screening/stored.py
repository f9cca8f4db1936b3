"""A home with small models, written as a run writes it."""

from pathlib import Path

import numpy as np
import pandas as pd
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
from sse_assets.gaussian_process.trained import TrainedProcess
from sse_assets.materials.conductivity import LabelConvention, conductivity_class
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.screening.stored_process import store_process
from sse_assets.tables import curated, metrics, models
from sse_assets.tables.names import CellOrigin, FeatureSet, InputKind, Protocol, Role

FORMULAS = ["LiF", "LiCl", "LiBr", "LiI", "Li2O", "Li2S", "Li3N", "Li3OCl", "Li3PS4", "Li3PO4"]
OF_PROTOTYPE = "Li3N"
"""The one of these whose cell counts as that of a prototype."""
ERROR_ON_HALIDES = 3.0
"""Of the process on `grouped`; on the others it errs by one."""
PROCESS, TREES = "models/gaussian_process/version/all_rows-bound", "models/boosted_trees"

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


def stored_process(folder: Path) -> UPath:
    """A process on ten compounds in cubic cells, whose labels follow from the cell."""
    lengths = np.linspace(4.0, 7.0, len(FORMULAS))
    rows = pd.DataFrame(
        {"electrolyte_id": [f"x:{name}" for name in FORMULAS], "formula": FORMULAS, "source": "obelix"}
        | dict.fromkeys("abc", lengths)
        | dict.fromkeys(["alpha", "beta", "gamma"], 90.0)
        | {"z": 4.0, "space_group": "Fm-3m", "space_group_number": 225.0}
    )
    cells, _ = cell(rows, {})
    features = composition_chemistry_cell(rows, chemistry(rows), cells)
    label = pd.Series(np.linspace(-9, -3, len(FORMULAS)), index=features.index)
    dois = pd.Series("10.1/x", index=features.index)
    settings = GaussianProcessSettings()
    model = GaussianProcessModel.fit(
        features, label, dois, settings, chemistry=tuple(CHEMISTRY_COLUMNS), cell=tuple(CELL_COLUMNS)
    )
    keys = [composition_key(parse_composition(formula)) for formula in FORMULAS]
    measured = rows[["electrolyte_id", "formula"]].assign(
        composition_key=keys, sigma_s_cm=1e-5, censored=False, doi="10.1/x"
    )
    of_prototype = cells["electrolyte_id"] == f"x:{OF_PROTOTYPE}"
    cells["cell_origin"] = cells["cell_origin"].mask(of_prototype, CellOrigin.PROTOTYPE)
    domain = Domain.fit(features, dois, model.inputs, settings.lengths)
    trained = TrainedProcess(model, ConformalIntervals({0.5: 0.6, 0.9: 2.0}), domain)
    store_process(UPath(folder), trained, measured, cells)
    return UPath(folder)


def stored_home(home: Path) -> Path:
    """A home with the process, trees on two feature sets, what was measured, and how badly they err."""
    blobs = UPath(home / "blobs")
    store = TableStore(blobs)
    stored_process(home / "blobs" / PROCESS)
    geometry = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
    stored_trees(home / "blobs" / TREES / "stoichiometric", "stoichiometric", ["Li", "Cl", "S"], "Li")
    stored_trees(home / "blobs" / TREES / "all", "all", ["Li", "Cl", *geometry], "Li")
    fit = {"protocol": Protocol.ALL_ROWS, "fold": 0, "label_convention": LabelConvention.BOUND}
    store.write(
        TableKey("models", "gaussian_process"), models.GAUSSIAN_PROCESS.frame([fit | {"model_path": PROCESS}])
    )
    trees = [
        fit | {"feature_set": name, "model_path": f"{TREES}/{name}"}
        for name in (FeatureSet.STOICHIOMETRIC, FeatureSet.ALL)
    ]
    store.write(TableKey("models", "boosted_trees"), models.BOOSTED_TREES.frame(trees))
    answering = [
        {"kind": kind, "model": "gaussian_process", "variant": "none", "mae": 1.0, "answers": True}
        for kind in InputKind
    ]
    store.write(TableKey("models", "answering"), models.ANSWERING.frame(answering))
    electrolytes = curated.ELECTROLYTES.frame(_electrolytes())
    store.write(TableKey("curated", "electrolytes"), electrolytes)
    tested = {
        "protocol": Protocol.GROUPED,
        "model": "gaussian_process",
        "variant": "none",
        "label_convention": LabelConvention.BOUND,
        "role": Role.TEST,
    }
    score = {"metric": "mae", "value": 1.5, "low": 1.2, "high": 1.9, "n": 10}
    store.write(TableKey("metrics", "scores"), metrics.SCORES.frame([tested | score]))
    predictions = electrolytes[["electrolyte_id", "log10_sigma"]].assign(
        predicted=electrolytes["log10_sigma"]
        + np.where(electrolytes["family"] == "Other (Halide)", ERROR_ON_HALIDES, 1.0),
        fold=0,
        **tested,
    )
    store.write(TableKey("metrics", "predictions"), metrics.PREDICTIONS.frame(predictions))
    return home


def _electrolytes() -> list[dict[str, object]]:
    rows = []
    for place, formula in enumerate([*FORMULAS, "LiCl"]):
        composition = parse_composition(formula)
        halides = sum(composition[symbol] for symbol in ("F", "Cl", "Br", "I"))
        repeated = place == len(FORMULAS)
        rows.append(
            {
                "electrolyte_id": f"other:{formula}" if repeated else f"x:{formula}",
                "formula": formula,
                "reduced_formula": formula,
                "composition_key": composition_key(composition),
                "sigma_s_cm": 1e-8 if repeated else 1e-5,
                "log10_sigma": -8.0 if repeated else -5.0,
                "censored": repeated,
                "family": "Other (Halide)" if halides else "Other (Oxide)",
                "conductivity_class": conductivity_class(1e-5).value,
                "space_group": None if repeated else "Fm-3m",
                "structure_path": None if repeated else f"structures/obelix/{formula}.cif",
                "structure_origin": None if repeated else "obelix",
                "doi": "10.2/other" if repeated else "10.1/x",
                "source": "obelix",
            }
        )
    return rows
