import math

import pandas as pd
import pytest

from sse_assets.descriptors.feature_sets import (
    GEOMETRIC_COLUMNS,
    descriptor_kind,
    feature_matrix,
    with_absent_elements,
)
from sse_assets.tables.names import DescriptorKind, FeatureSet

STOICHIOMETRIC = pd.DataFrame(
    {"electrolyte_id": ["oxide", "salt"], "Li": [2 / 3, 0.5], "O": [1 / 3, 0.0], "Cl": [0.0, 0.5]}
)
GEOMETRIC = pd.DataFrame(
    {
        "electrolyte_id": ["salt", "oxide"],
        "a": [5, 4],
        "b": [5, 4],
        "c": [5, 4],
        "density_g_cm3": [2.1, 2.0],
        "volume_per_atom_a3": [16.9, 8.2],
        "poav_cm3_g": [0.02, math.nan],
    }
)


@pytest.mark.parametrize(
    ("feature_set", "columns"),
    [
        (FeatureSet.STOICHIOMETRIC, ["Li", "O", "Cl"]),
        (FeatureSet.GEOMETRIC, ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]),
        (FeatureSet.ALL, ["Li", "O", "Cl", "a", "b", "c", "density_g_cm3", "poav_cm3_g"]),
    ],
)
def test_columns_rows_and_types(feature_set: FeatureSet, columns: list[str]):
    matrix = feature_matrix(feature_set, STOICHIOMETRIC, GEOMETRIC)

    assert list(matrix.columns) == columns
    assert matrix.index.name == "electrolyte_id"
    assert list(matrix.index) == ["oxide", "salt"]
    assert (matrix.dtypes == "float64").all()


def test_rows_are_matched_by_id_and_unknown_stays_unknown():
    matrix = feature_matrix(FeatureSet.ALL, STOICHIOMETRIC, GEOMETRIC)
    assert matrix.loc["salt", ["Cl", *GEOMETRIC_COLUMNS]].tolist() == [0.5, 5, 5, 5, 2.1, 0.02]
    assert matrix.loc["oxide", "O"] == 1 / 3
    assert math.isnan(matrix.loc["oxide", "poav_cm3_g"])


def test_tables_of_different_electrolytes_are_refused():
    with pytest.raises(ValueError, match="salt is in only one of"):
        feature_matrix(FeatureSet.ALL, STOICHIOMETRIC.iloc[:1], GEOMETRIC)


def test_a_repeated_electrolyte_is_refused():
    with pytest.raises(ValueError, match="the geometric table lists oxide twice"):
        feature_matrix(FeatureSet.GEOMETRIC, STOICHIOMETRIC, GEOMETRIC.iloc[[0, 1, 1]])


def test_an_element_that_no_row_holds_is_absent_from_each() -> None:
    features = pd.DataFrame({"Li": [0.5, 1.0]}, index=["x", "y"])
    known = with_absent_elements(features, ["Po", "Li", "poav_cm3_g"])
    assert known.columns.tolist() == ["Li", "Po"]  # what is no element stays unknown
    assert known["Po"].tolist() == [0.0, 0.0]


def test_every_descriptor_has_a_kind() -> None:
    matrix = feature_matrix(FeatureSet.ALL, STOICHIOMETRIC, GEOMETRIC)
    assert {name: descriptor_kind(name).value for name in (*matrix, "Zr", "P")} == {
        "Li": "lithium",
        "O": "anions",
        "Cl": "anions",
        "a": "cell lengths",
        "b": "cell lengths",
        "c": "cell lengths",
        "density_g_cm3": "density",
        "poav_cm3_g": "pore volume",
        "Zr": "other cations",
        "P": "other cations",
    }
    assert {descriptor_kind(name) for name in (*matrix, "Zr")} == set(DescriptorKind)
    with pytest.raises(ValueError, match="volume is no descriptor of the trees"):
        descriptor_kind("volume")
