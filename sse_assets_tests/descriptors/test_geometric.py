import pytest

from sse_assets.descriptors.geometric import VOID_COLUMNS, geometric
from sse_assets.descriptors.pore_settings import PAPER_SETTINGS, PoreSettings
from sse_assets.descriptors.pores import void_fractions
from sse_assets.tables import descriptors
from sse_assets_tests.descriptors.crystal_examples import (
    LI_CL_A,
    electrolytes_table,
    lithium_oxide,
    one_atom,
    rock_salt,
    structures_table,
)

LI_CL = {
    "formula": "LiCl",
    "z": 4,
    **dict.fromkeys(("a", "b", "c"), LI_CL_A),
    **dict.fromkeys(("alpha", "beta", "gamma"), 90.0),
}


@pytest.mark.parametrize("settings", [PoreSettings(), PAPER_SETTINGS], ids=["open", "closed pockets"])
def test_voids_are_per_gram_of_the_whole_compound(settings: PoreSettings):
    crystal = rock_salt()
    features, failures = geometric(
        electrolytes_table({"electrolyte_id": "salt", **LI_CL}),
        structures_table({"salt": crystal}),
        settings,
        workers=1,
    )

    probed, as_in_paper = void_fractions([(crystal, settings), (crystal, PAPER_SETTINGS)], workers=1)
    [row] = features.to_dict("records")
    assert row["density_g_cm3"] == pytest.approx(2.086, abs=0.002)
    assert row["poav_cm3_g"] == pytest.approx(probed.accessible / row["density_g_cm3"])
    assert row["void_cm3_g"] == pytest.approx(
        (probed.accessible + probed.inaccessible) / row["density_g_cm3"]
    )
    assert row["void_cm3_g"] > 0.015
    assert row["poav_li_kept_cm3_g"] == pytest.approx(as_in_paper.accessible / row["density_g_cm3"])
    assert failures.empty
    descriptors.FAILURES.check(failures)
    descriptors.GEOMETRIC.check(features)


def test_a_truncated_cif_costs_one_rows_voids_and_one_line():
    structures = structures_table({"cut": rock_salt(), "oxide": lithium_oxide()})
    whole = structures.loc[0, "cif"]
    structures.loc[0, "cif"] = whole[: whole.index("_atom_site_occupancy")]
    table = electrolytes_table(
        {"electrolyte_id": "cut", **LI_CL}, {"electrolyte_id": "oxide", "formula": "Li2O"}
    )
    features, failures = geometric(table, structures, PoreSettings(), workers=1)

    features = features.set_index("electrolyte_id")
    assert features.loc["cut", "a"] == LI_CL_A
    assert features.loc["cut", "density_g_cm3"] == pytest.approx(2.086, abs=0.002)
    assert features.loc["cut", VOID_COLUMNS].isna().all()
    assert features.loc["oxide", VOID_COLUMNS].notna().all()
    [failure] = failures.to_dict("records")
    assert (failure["electrolyte_id"], failure["descriptor"]) == ("cut", "structure")
    assert failure["reason"].startswith("structure made:cut: the CIF cannot be read")


def test_having_no_cif_is_no_failure():
    features, failures = geometric(
        electrolytes_table({"electrolyte_id": "salt", **LI_CL}),
        structures_table({}),
        PoreSettings(),
        workers=1,
    )
    assert features.loc[0, VOID_COLUMNS].isna().all()
    assert features.loc[0, "density_g_cm3"] == pytest.approx(2.086, abs=0.002)
    assert failures.empty


def test_what_lithium_metal_and_a_lithium_free_cif_cannot_have():
    chloride = rock_salt()
    chloride.remove_species(["Li"])
    table = electrolytes_table(
        {"electrolyte_id": "metal", "formula": "Li"}, {"electrolyte_id": "salt", **LI_CL}
    )
    structures = structures_table({"metal": one_atom("Li", 3.5), "salt": chloride})
    features, failures = geometric(table, structures, PoreSettings(), workers=2)

    features = features.set_index("electrolyte_id")
    assert features.loc["metal"].isna().to_dict() == dict.fromkeys(features.columns, False) | {
        "poav_cm3_g": True,
        "void_cm3_g": True,
    }
    assert features.loc["salt", VOID_COLUMNS].isna().tolist() == [False, False, True]
    assert failures[["electrolyte_id", "descriptor", "reason"]].to_numpy().tolist() == [
        ["salt", "poav_li_kept_cm3_g", "the CIF holds no Li"],
        ["metal", "poav_cm3_g", "no atom is left once Li is removed, so there is no framework to probe"],
    ]


def test_no_electrolytes_give_an_empty_table_of_the_same_columns():
    nothing = electrolytes_table({"electrolyte_id": "salt", **LI_CL}).iloc[:0]
    features, failures = geometric(nothing, structures_table({}), PoreSettings(), workers=1)

    full, _ = geometric(
        electrolytes_table({"electrolyte_id": "salt", **LI_CL}),
        structures_table({}),
        PoreSettings(),
        workers=1,
    )
    assert features.columns.equals(full.columns)
    assert features.empty
    assert failures.empty


def test_a_row_that_raises_costs_itself_alone():
    structures = structures_table({"odd": rock_salt(), "oxide": lithium_oxide()})
    structures["cif"] = structures["cif"].astype(object)
    structures.loc[0, "cif"] = None  # no text, on which any parser fails
    table = electrolytes_table(
        {"electrolyte_id": "odd", **LI_CL},
        {"electrolyte_id": "formula", "formula": "Xy2", "z": 4},
        {"electrolyte_id": "angles", **LI_CL, "alpha": 10.0, "beta": 10.0, "gamma": 150.0},
        {"electrolyte_id": "zero", **LI_CL, "z": 0},
        {"electrolyte_id": "oxide", "formula": "Li2O"},
    )
    table.loc[table["electrolyte_id"] == "formula", ["a", "b", "c", "alpha", "beta", "gamma"]] = 90.0
    features, failures = geometric(table, structures, PoreSettings(), workers=1)

    assert features.set_index("electrolyte_id").loc["oxide"].notna().all()
    reasons = failures.set_index("electrolyte_id")["reason"]
    assert "it could not be read (AttributeError" in reasons["odd"]
    assert "FormulaError" in reasons["formula"]
    assert "no cell has the angles 10, 10 and 150" in reasons["angles"]
    assert "Z is 0" in reasons["zero"]
    assert set(failures["electrolyte_id"]) == {"odd", "formula", "angles", "zero"}
