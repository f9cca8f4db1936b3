import math

import pandas as pd
import pytest

from sse_assets.descriptors.unit_cells import CELL_COLUMNS, cell_features
from sse_assets.materials.crystal import Crystal
from sse_assets_tests.descriptors.crystal_examples import (
    LI_CL_A,
    electrolytes_table,
    lithium_oxide,
    one_atom,
    rock_salt,
)

LI, OXYGEN, CL = 6.94, 15.999, 35.45
"""Standard atomic weights."""

LI_CL_CELL = {"a": LI_CL_A, "b": LI_CL_A, "c": LI_CL_A, "alpha": 90.0, "beta": 90.0, "gamma": 90.0}


def grams_per_cm3(daltons: float, a: float) -> float:
    return daltons * 1.66054 / a**3


def test_density_of_lithium_oxide():
    table = electrolytes_table({"electrolyte_id": "oxide", "formula": "Li2O"})
    cells, failures = cell_features(table, {"oxide": Crystal(lithium_oxide())})

    density = cells.loc["oxide", "density_g_cm3"]
    assert density == pytest.approx(grams_per_cm3(4 * (2 * LI + OXYGEN), 4.619), rel=1e-3)
    assert density == pytest.approx(2.013, abs=0.002)  # handbook
    assert cells.loc["oxide", "volume_per_atom_a3"] == pytest.approx(4.619**3 / 12)
    assert cells.loc["oxide", ["a", "b", "c"]].tolist() == pytest.approx([4.619] * 3)
    assert failures == []


def test_half_the_lithium_weighs_and_counts_half():
    table = electrolytes_table({"electrolyte_id": "half", "formula": "Li0.5Cl"})
    cells, _ = cell_features(table, {"half": Crystal(rock_salt(lithium_occupancy=0.5))})

    assert cells.loc["half", "density_g_cm3"] == pytest.approx(
        grams_per_cm3(4 * (LI / 2 + CL), LI_CL_A), rel=1e-3
    )
    assert cells.loc["half", "volume_per_atom_a3"] == pytest.approx(LI_CL_A**3 / 6)


def test_without_a_crystal_the_table_is_weighed():
    row = {"electrolyte_id": "salt", "formula": "LiCl", "z": 4, **LI_CL_CELL}
    cells, failures = cell_features(electrolytes_table(row), {})

    from_crystal, _ = cell_features(electrolytes_table(row), {"salt": Crystal(rock_salt())})
    pd.testing.assert_frame_equal(cells, from_crystal)
    assert failures == []


def test_a_crystal_without_its_lithium_takes_the_mass_of_the_formula():
    framework = rock_salt()
    framework.remove_species(["Li"])
    row = {"electrolyte_id": "salt", "formula": "LiCl", "z": 4}
    cells, _ = cell_features(electrolytes_table(row), {"salt": Crystal(framework)})

    assert cells.loc["salt", "density_g_cm3"] == pytest.approx(
        grams_per_cm3(4 * (LI + CL), LI_CL_A), rel=1e-3
    )


@pytest.mark.parametrize(
    ("stated", "daltons"),
    [("Li0.9Cl", 4 * LI + 4 * CL), ("Li0.75Cl", 3 * LI + 4 * CL)],
    ids=["0.026 off: the crystal", "0.071 off: the table"],
)
def test_what_is_weighed_where_crystal_and_table_differ(stated: str, daltons: float):
    row = {"electrolyte_id": "salt", "formula": stated, "z": 4}
    cells, _ = cell_features(electrolytes_table(row), {"salt": Crystal(rock_salt())})

    assert cells.loc["salt", "density_g_cm3"] == pytest.approx(grams_per_cm3(daltons, LI_CL_A), rel=1e-3)


@pytest.mark.parametrize(("known", "missing"), [(LI_CL_CELL, "Z"), ({"z": 4}, "unit cell")])
def test_an_unknown_density_is_said_to_be_so(known: dict, missing: str):
    table = electrolytes_table({"electrolyte_id": "salt", "formula": "LiCl", **known})
    cells, [failure] = cell_features(table, {})

    assert math.isnan(cells.loc["salt", "density_g_cm3"])
    assert (failure.electrolyte_id, failure.descriptor) == ("salt", "density_g_cm3")
    assert failure.reason.endswith(f"the table gives no {missing}")


def test_lengths_keep_the_order_of_the_axes():
    row = {"electrolyte_id": "long", "formula": "LiCl", **LI_CL_CELL, "a": 3.0, "b": 9.0, "c": 6.0}
    cells, _ = cell_features(electrolytes_table(row), {})
    assert cells.loc["long", ["a", "b", "c"]].tolist() == pytest.approx([3.0, 9.0, 6.0])


def test_no_electrolytes_give_no_rows():
    cells, failures = cell_features(electrolytes_table({"electrolyte_id": "x", "formula": "Li"}).iloc[:0], {})
    assert (cells.shape, failures) == ((0, len(CELL_COLUMNS)), [])


def test_densities_of_obelix(obelix_electrolytes: pd.DataFrame, obelix_crystals: dict[str, Crystal]):
    with_cif, failures = cell_features(
        obelix_electrolytes[obelix_electrolytes["electrolyte_id"].isin(list(obelix_crystals))],
        obelix_crystals,
    )
    assert (len(with_cif), failures) == (321, [])
    assert with_cif["density_g_cm3"].between(0.5, 10).all()
    # The spinel 6du has 0.157 g/cm³ in the paper's own table, where occupancies were ignored.
    assert with_cif.loc["6du", "density_g_cm3"] == pytest.approx(3.48, abs=0.01)

    # The table gives cell, Z and formula of all rows, and nearly always the mass that the CIF gives.
    all_rows, failures = cell_features(obelix_electrolytes, {})
    assert (len(all_rows), failures) == (599, [])
    ratio = (all_rows["density_g_cm3"] / with_cif["density_g_cm3"]).dropna()
    assert (abs(ratio - 1) < 0.05).sum() >= 310


def test_one_heavy_atom():
    # Po: 209 u in a cubic cell of 3.359 Å; the handbook says 9.2 g/cm³.
    table = electrolytes_table({"electrolyte_id": "po", "formula": "Po"})
    cells, _ = cell_features(table, {"po": Crystal(one_atom("Po", 3.359))})
    assert cells.loc["po", "density_g_cm3"] == pytest.approx(9.2, abs=0.1)
