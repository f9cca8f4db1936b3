import math

import pandas as pd
import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.descriptors.symmetry_and_disorder import (
    disorder_features,
    symmetry_and_disorder,
)
from sse_assets.materials.crystal import Crystal
from sse_assets_tests.descriptors.crystal_examples import (
    electrolytes_table,
    lithium_oxide,
    rock_salt,
    structures_table,
)

SYMMETRY = ["space_group_number", "point_group_order", "centrosymmetric"]
DISORDER = ["li_disordered", "other_disordered", "disordered_site_share", "mean_li_occupancy"]


def described(number: float, crystal: Structure | None) -> tuple[pd.Series, pd.DataFrame]:
    """Features of one electrolyte, and the failures."""
    features, failures = symmetry_and_disorder(
        electrolytes_table({"electrolyte_id": "one", "space_group_number": number}),
        structures_table({} if crystal is None else {"one": crystal}),
    )
    return features.set_index("electrolyte_id").loc["one"], failures


def li3ycl6() -> Structure:
    """The shape of Table 4's example: Li at 0.86 and 0.62, Y at 0.57, 0.46 and 1, full Cl."""
    return Structure.from_spacegroup(
        "P-3m1",
        Lattice.hexagonal(11.2, 6.05),
        [{"Li": 0.86}, {"Li": 0.62}, {"Y": 0.57}, {"Y": 0.46}, "Y", "Cl", "Cl", "Cl"],
        [
            [0, 0.33, 0.5],
            [0, 0.33, 0],
            [1 / 3, 2 / 3, 0.49],
            [1 / 3, 2 / 3, 0.98],
            [0, 0, 0],
            [0.11, 0.22, 0.77],
            [0.12, 0.56, 0.75],
            [0.21, 0.42, 0.28],
        ],
    )


def test_the_papers_example_of_disorder():
    row, failures = described(164, li3ycl6())

    assert row["li_disordered"] == 1
    assert row["other_disordered"] == 1
    # Sites: 6 + 6 Li and 2 + 2 Y are partly empty; 1 Y and 18 Cl are full.
    assert row["disordered_site_share"] == pytest.approx(16 / 35)
    assert row["mean_li_occupancy"] == pytest.approx((0.86 + 0.62) / 2)
    assert failures.empty


@pytest.mark.parametrize(
    ("occupancy", "li_disordered", "share", "mean"), [(1.0, 0, 0.0, 1.0), (0.5, 1, 0.5, 0.5)]
)
def test_rock_salt_full_and_half_empty(occupancy: float, li_disordered: int, share: float, mean: float):
    row, _ = described(225, rock_salt(occupancy))
    assert row[DISORDER].tolist() == [li_disordered, 0, share, mean]


def test_a_shared_site_disorders_both_species_and_the_framework_alone_may_be_disordered():
    shared = lithium_oxide()
    shared.replace(0, {"Li": 0.25, "Na": 0.75})
    row, _ = described(225, shared)
    assert (row["li_disordered"], row["other_disordered"]) == (1, 1)
    assert row["mean_li_occupancy"] == pytest.approx((7 + 0.25) / 8)

    anions = rock_salt()
    anions.replace_species({"Cl": {"Cl": 0.5, "Br": 0.5}})
    row, _ = described(225, anions)
    assert row[DISORDER].tolist() == [0, 1, 0.5, 1.0]


@pytest.mark.parametrize(
    ("number", "order", "centrosymmetric"),
    [(1, 1, 0), (2, 2, 1), (4, 2, 0), (62, 8, 1), (164, 12, 1), (167, 12, 1), (216, 24, 0), (230, 48, 1)],
)
def test_point_groups(number: int, order: int, centrosymmetric: int):
    row, _ = described(number, None)
    assert row[SYMMETRY].tolist() == [number, order, centrosymmetric]
    assert row[DISORDER].isna().all()


def test_what_is_unknown_is_said():
    row, failures = described(math.nan, None)
    assert row.isna().all()
    assert failures.to_numpy().tolist() == [
        ["one", "space_group_number", "not_known", "no space group is known"]
    ]

    framework = rock_salt()
    framework.remove_species(["Li"])
    row, failures = described(225, framework)
    assert row[DISORDER].isna().tolist() == [False, False, False, True]
    assert failures.to_numpy().tolist() == [["one", "mean_li_occupancy", "no_lithium", "the CIF holds no Li"]]


def test_an_unreadable_cif_costs_its_row_the_disorder():
    table = electrolytes_table(
        {"electrolyte_id": "bad", "space_group_number": 225},
        {"electrolyte_id": "good", "space_group_number": 225},
    )
    structures = structures_table({"bad": rock_salt(), "good": rock_salt()})
    structures.loc[0, "cif"] = "data_nothing\n"
    features, failures = symmetry_and_disorder(table, structures)

    features = features.set_index("electrolyte_id")
    assert features.loc["bad", SYMMETRY].tolist() == [225, 48, 1]
    assert features.loc["bad", DISORDER].isna().all()
    assert features.loc["good"].notna().all()
    assert failures["electrolyte_id"].tolist() == ["bad"]


def test_disorder_of_obelix(obelix_crystals: dict[str, Crystal]):
    features = pd.DataFrame(
        {name: disorder_features(crystal.structure) for name, crystal in obelix_crystals.items()}
    ).T

    assert (features["disordered_site_share"] > 0).sum() == 249  # the paper says 248
    counts = features.groupby(["li_disordered", "other_disordered"]).size().to_dict()
    assert counts == {(1, 0): 32, (0, 1): 22, (1, 1): 195, (0, 0): 72}
    lithium = features["mean_li_occupancy"]
    assert set(lithium.index[lithium.isna()]) == {"5tl", "b4c", "cy2", "hta", "s3h", "u2y", "u8r"}
    assert lithium.dropna().between(0.01, 1.001).all()


def test_a_row_that_raises_costs_itself_alone():
    table = electrolytes_table(
        {"electrolyte_id": "odd", "space_group_number": 999},
        {"electrolyte_id": "salt", "space_group_number": 225},
    )
    features, failures = symmetry_and_disorder(table, structures_table({"salt": rock_salt()}))
    assert features["point_group_order"].isna().tolist() == [True, False]
    assert "it could not be computed" in failures["reason"].item()
