"""The three sets of features that the paper compares, as matrices for a model."""

from collections.abc import Iterable

import pandas as pd
from pymatgen.core import Element

from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.tables.names import DescriptorKind, FeatureSet

GEOMETRIC_COLUMNS = ["a", "b", "c", "density_g_cm3", "poav_cm3_g"]
"""The paper's five geometric features, of all that the geometric table holds."""
_GEOMETRIC_KINDS = {
    **dict.fromkeys("abc", DescriptorKind.LENGTHS),
    "density_g_cm3": DescriptorKind.DENSITY,
    "poav_cm3_g": DescriptorKind.PORES,
}
_ANIONS = frozenset({"N", "O", "F", "S", "Cl", "Se", "Br", "Te", "I"})
"""Elements that are anions in most of the electrolytes that hold them."""


def feature_matrix(
    feature_set: FeatureSet, stoichiometric: pd.DataFrame, geometric: pd.DataFrame
) -> pd.DataFrame:
    """The features of every electrolyte, NaN where a value is unknown.

    Args:
        feature_set: which columns to take.
        stoichiometric: table of `stoichiometric.stoichiometric`.
        geometric: table of `geometric.geometric`, of the same electrolytes in any order.

    Returns:
        Floats, indexed by `electrolyte_id` in the order of the stoichiometric table.

    Raises:
        ValueError: if an electrolyte is in one table and not in the other, or twice in one.
    """
    fractions = _by_electrolyte(stoichiometric, "stoichiometric")
    geometry = _by_electrolyte(geometric, "geometric")[GEOMETRIC_COLUMNS]
    unmatched = fractions.index.symmetric_difference(geometry.index)
    if not unmatched.empty:
        raise ValueError(
            f"{unmatched[0]} is in only one of the stoichiometric and the geometric table: "
            "compute both from the same electrolytes"
        )
    match feature_set:
        case FeatureSet.STOICHIOMETRIC:
            return fractions
        case FeatureSet.GEOMETRIC:
            return geometry.loc[fractions.index]
        case FeatureSet.ALL:
            return fractions.join(geometry)


def descriptor_kind(name: str) -> DescriptorKind:
    """Return the kind of a column of `feature_matrix`.

    Raises:
        ValueError: for a column that it does not have.
    """
    if name in _GEOMETRIC_KINDS:
        return _GEOMETRIC_KINDS[name]
    if not Element.is_valid_symbol(name):
        raise ValueError(f"{name} is no descriptor of the trees: they see elements and {GEOMETRIC_COLUMNS}")
    if name == "Li":
        return DescriptorKind.LITHIUM
    return DescriptorKind.ANIONS if name in _ANIONS else DescriptorKind.OTHER_CATIONS


def composition_chemistry_cell(
    electrolytes: pd.DataFrame, chemistry: pd.DataFrame, cell: pd.DataFrame
) -> pd.DataFrame:
    """Return the features that do not depend on the choice of cell.

    Args:
        electrolytes: columns `electrolyte_id` and `formula`.
        chemistry: table of `chemistry.chemistry`, of the same electrolytes at least.
        cell: table of `cell.cell`, likewise.

    Returns:
        Atomic fractions, `CHEMISTRY_COLUMNS` and `CELL_COLUMNS`; index electrolyte_id.

    Raises:
        KeyError: if an electrolyte is missing from one of the tables.
    """
    fractions = _by_electrolyte(stoichiometric(electrolytes), "stoichiometric")
    numbers = _by_electrolyte(chemistry, "chemistry").loc[fractions.index, CHEMISTRY_COLUMNS]
    room = cell.set_index("electrolyte_id").loc[fractions.index, CELL_COLUMNS].astype("float64")
    return fractions.join(numbers).join(room)


def with_absent_elements(features: pd.DataFrame, names: Iterable[str]) -> pd.DataFrame:
    """The same features, and a column of zeros for each element among the names that they lack.

    A table of stoichiometric features has a column for those elements alone that occur in it; a model that
    was trained on other rows may ask for more.
    """
    absent = [name for name in names if name not in features and Element.is_valid_symbol(name)]
    return features.assign(**dict.fromkeys(absent, 0.0))


def _by_electrolyte(table: pd.DataFrame, name: str) -> pd.DataFrame:
    features = table.set_index("electrolyte_id").astype("float64")
    if not features.index.is_unique:
        repeated = features.index[features.index.duplicated()][0]
        raise ValueError(f"the {name} table lists {repeated} twice: give it one row an electrolyte")
    return features
