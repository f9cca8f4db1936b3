"""Small crystals with known answers, as prototypes, for the tests of this package."""

import math
from typing import Any

import pandas as pd
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.prototypes.library import Prototype, Source, prototype
from sse_assets.prototypes.mapping import Mapping, Sites, place, target

FLUORITE = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.463), ["Ca", "F"], [[0, 0, 0], [0.25, 0.25, 0.25]]
)
LITHIUM_OXIDE = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(4.619), ["O", "Li"], [[0, 0, 0], [0.25, 0.25, 0.25]]
)
LITHIUM_CHLORIDE = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.13), ["Li", "Cl"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
LITHIUM_BROMIDE = Structure.from_spacegroup(
    "Fm-3m", Lattice.cubic(5.50), ["Li", "Br"], [[0, 0, 0], [0.5, 0.5, 0.5]]
)
ANTIPEROVSKITE = Structure.from_spacegroup(
    "Pm-3m", Lattice.cubic(3.91), ["Li", "O", "Cl"], [[0.5, 0.5, 0], [0.5, 0.5, 0.5], [0, 0, 0]]
)
"""Li3OCl."""
PEROVSKITE = Structure.from_spacegroup(
    "Pm-3m",
    Lattice.cubic(3.88),
    [{"Li": 0.3, "La": 0.567}, "Ti", "O"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0]],
)
"""Li0.3La0.567TiO3, neutral, with 13 % of the A sites empty."""

LAYERED = Structure.from_spacegroup(
    "P4/mmm",
    Lattice.tetragonal(3.7, 5.3),
    ["Li", "Na", "Cl", "Cl"],
    [[0, 0, 0], [0.5, 0.5, 0.5], [0.5, 0.5, 0], [0, 0, 0.5]],
)
"""LiNaCl2: rock salt with a layer of Li, then one of Na."""


def known(
    structure: Structure, name: str = "x:known", doi: str | None = None, family: str | None = None
) -> Prototype:
    formula = structure.composition.element_composition.reduced_formula
    return prototype(structure, Source(name, formula, doi, family))


def placed(formula: str, parent: Prototype) -> Mapping | None:
    wanted = target(Composition(formula))
    return place(wanted, parent, Sites.of(parent.orbits).costs(wanted))


def rows_table(*rows: dict[str, Any]) -> pd.DataFrame:
    """One row an electrolyte; what a row does not name is unknown."""
    unknown: dict[str, Any] = dict.fromkeys(
        ("z", "a", "b", "c", "alpha", "beta", "gamma", "space_group_number"), math.nan
    )
    names = {"family": "Other (Oxide)", "space_group": None}
    return pd.DataFrame([unknown | names | {"electrolyte_id": f"x:{n}"} | row for n, row in enumerate(rows)])
