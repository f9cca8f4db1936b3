"""Rows as sources return them, for tests that need a few."""

import math

import pandas as pd

from sse_assets.tables.names import StructureOrigin

CUBIC_LI2O = """data_Li2O
_symmetry_space_group_name_H-M 'F m -3 m'
_cell_length_a 4.62
_cell_length_b 4.62
_cell_length_c 4.62
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
_symmetry_Int_Tables_number 225
loop_
_atom_site_type_symbol
_atom_site_label
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Li Li1 0.25 0.25 0.25 {occupancy}
O O1 0 0 0 1
"""


def li2o(occupancy: float = 1.0) -> str:
    """Li2O in Fm-3m (doi:10.1016/0167-2738(88)90303-5), its Li site filled to `occupancy`."""
    return CUBIC_LI2O.format(occupancy=occupancy)


def measurement(**changes: object) -> dict[str, object]:
    row = {
        "source": "obelix",
        "source_id": "abc",
        "formula": "Li3PS4",
        "z": 2.0,
        "reported_conductivity": "1e-4",
        "temperature_c": math.nan,
        "reported_family": None,
        "space_group": "Pnma",
        "a": 12.9,
        "b": 8.0,
        "c": 6.1,
        "alpha": 90.0,
        "beta": 90.0,
        "gamma": 90.0,
        "doi": "10.1/a",
        "licence": "CC BY 4.0",
    }
    return row | changes


def formula_only(**changes: object) -> dict[str, object]:
    """A row of a source that gives no crystal."""
    unknown = dict.fromkeys(["z", "a", "b", "c", "alpha", "beta", "gamma"], math.nan)
    return measurement(
        **unknown
        | {"source": "liion", "source_id": "1", "space_group": None, "temperature_c": 25.0}
        | changes
    )


def structure(**changes: object) -> dict[str, object]:
    row = {
        "origin": StructureOrigin.OBELIX.value,
        "structure_id": "obelix:abc",
        "source_id": "abc",
        "formula": "Li2O",
        "cif": li2o(),
        "sha256": "",
        "licence": "CC BY 4.0",
        "provenance": "",
    }
    return row | changes


def frame(*rows: dict[str, object]) -> pd.DataFrame:
    return pd.DataFrame(list(rows))
