"""Small crystals with known answers, and the tables that descriptors read, for the tests of this package."""

import math

import pandas as pd
from pymatgen.core import Lattice, Structure

LI_CL_A = 5.13
"""Lattice constant of rock salt LiCl in Å."""


def rock_salt(lithium_occupancy: float = 1.0) -> Structure:
    """LiCl, four formula units a cell, with its Li sites filled to a share."""
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(LI_CL_A), [{"Li": lithium_occupancy}, "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
    )


def lithium_oxide() -> Structure:
    """Antifluorite Li2O, four formula units a cell of a = 4.619 Å."""
    return Structure.from_spacegroup(
        "Fm-3m", Lattice.cubic(4.619), ["Li", "O"], [[0.25, 0.25, 0.25], [0, 0, 0]]
    )


def one_atom(element: str, a: float) -> Structure:
    """One atom in a cubic cell of a Å."""
    return Structure(Lattice.cubic(a), [element], [[0, 0, 0]])


def electrolytes_table(*rows: dict) -> pd.DataFrame:
    """One row an electrolyte; what a row does not name is unknown."""
    unknown = dict.fromkeys(("z", "a", "b", "c", "alpha", "beta", "gamma", "space_group_number"), math.nan)
    return pd.DataFrame([{"source": "sample"} | unknown | row for row in rows])


def structures_table(crystals: dict[str, Structure]) -> pd.DataFrame:
    """CIF of each electrolyte that has one."""
    return pd.DataFrame(
        [
            {
                "electrolyte_id": electrolyte_id,
                "structure_id": f"made:{electrolyte_id}",
                "cif": cif_of(crystal),
            }
            for electrolyte_id, crystal in crystals.items()
        ],
        columns=["electrolyte_id", "structure_id", "cif"],
    )


def cif_of(crystal: Structure) -> str:
    """The crystal as the text of a CIF."""
    return crystal.to(fmt="cif")
