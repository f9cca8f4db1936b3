"""The stored imputer answers as scikit-learn's own trees do."""

from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from sklearn.ensemble import ExtraTreesRegressor

from sse_assets.descriptors.cell_imputer import IMPUTER_FILE, CellImputer
from sse_assets.materials.formula import element_fractions, parse_composition

FORMULAS = pd.Series(["LiF", "LiCl", "Li2O", "Li2S", "Li3N", "Li3OCl", "Li3PS4", "Li3PO4", "Li6PS5Cl", "LiI"])
CELLS = pd.DataFrame(np.random.default_rng(0).normal(size=(10, 2)), columns=["volume", "system"])
ASKED = pd.Series(["Li7P3S11", "LiBr", "Na3N", "Li6PS5I"])
UNKNOWN = pd.DataFrame(np.nan, index=ASKED.index, columns=CELLS.columns)


def test_the_arrays_are_the_trees_of_scikit_learn(tmp_path: Path) -> None:
    fractions = pd.DataFrame([element_fractions(parse_composition(formula)) for formula in FORMULAS]).fillna(
        0
    )
    fractions = fractions.sort_index(axis="columns")
    trees = ExtraTreesRegressor(200, min_samples_leaf=2, random_state=0)
    trees.fit(fractions.to_numpy(), CELLS.to_numpy())
    asked = pd.DataFrame([element_fractions(parse_composition(formula)) for formula in ASKED])
    expected = trees.predict(asked.reindex(columns=fractions.columns).fillna(0).to_numpy())
    CellImputer.fit(FORMULAS, CELLS).save(str(tmp_path))
    filled = CellImputer.load(str(tmp_path)).fill(ASKED, UNKNOWN)
    assert filled.to_numpy() == pytest.approx(expected, abs=1e-12)
    assert np.ptp(filled["volume"]) > 0.1


def test_what_is_known_stays_and_what_nobody_ever_saw_stays_unknown(tmp_path: Path) -> None:
    imputer = CellImputer.fit(FORMULAS, CELLS)
    half_known = UNKNOWN.assign(volume=7.0)
    filled = imputer.fill(ASKED, half_known)
    assert (filled["volume"] == 7.0).all()
    assert filled["system"].notna().all()
    CellImputer.fit(FORMULAS, CELLS.assign(system=np.nan)).save(str(tmp_path))
    assert CellImputer.load(str(tmp_path)).fill(ASKED, UNKNOWN).isna().all(axis=None)


def test_a_folder_without_an_imputer_is_none(tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=IMPUTER_FILE):
        CellImputer.load(str(tmp_path))
