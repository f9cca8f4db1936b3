"""What a unit cell measures and weighs, from its CIF or from a table of lattice constants."""

import math
from collections.abc import Mapping
from typing import Any

import pandas as pd
from pymatgen.core import Composition, Lattice, Structure

from sse_assets.descriptors.crystals import Failure
from sse_assets.materials.formula import COMPOSITION_TOLERANCE, largest_difference, parse_composition
from sse_assets.tables.names import Reason

CELL_COLUMNS = ["a", "b", "c", "density_g_cm3", "volume_per_atom_a3"]

_G_CM3_PER_DALTON_A3 = 1.66053907


def cell_features(
    electrolytes: pd.DataFrame, crystals: Mapping[str, Structure]
) -> tuple[pd.DataFrame, list[Failure]]:
    """Lengths, density and volume per atom of every electrolyte's unit cell.

    Lengths (Å) are the crystal's, or the table's where there is no crystal.

    Density (g/cm³) and volume per atom (Å³) weigh and count what the crystal's sites hold, occupancies
    included. Without a crystal, or with one that differs from the table's formula by more than
    `COMPOSITION_TOLERANCE` (some CIFs leave Li out), the cell holds `z` times the table's formula, if `z` is
    known.

    Args:
        electrolytes: columns `electrolyte_id`, `formula`, `z`, and the unit cell `a`, `b`, `c` (Å), `alpha`,
            `beta`, `gamma` (degrees).
        crystals: by electrolyte_id, for those electrolytes that have one.

    Returns:
        `CELL_COLUMNS` by electrolyte_id, NaN where unknown; and a failure for each density that is.
    """
    rows, failures = [], []
    for electrolyte in electrolytes.to_dict("records"):
        crystal = crystals.get(electrolyte["electrolyte_id"])
        lattice = _table_lattice(electrolyte) if crystal is None else crystal.lattice
        content = _cell_content(electrolyte, crystal)
        density, volume_per_atom = math.nan, math.nan
        if lattice is not None and content is not None:
            density = _G_CM3_PER_DALTON_A3 * content.weight / lattice.volume
            volume_per_atom = lattice.volume / content.num_atoms
        else:
            missing = "unit cell" if lattice is None else "Z"
            failures.append(
                Failure(
                    electrolyte["electrolyte_id"],
                    "density_g_cm3",
                    Reason.NOT_KNOWN,
                    f"there is no readable CIF and the table gives no {missing}",
                )
            )
        lengths = (electrolyte["a"], electrolyte["b"], electrolyte["c"]) if lattice is None else lattice.abc
        rows.append([*lengths, density, volume_per_atom])
    cells = pd.DataFrame(rows, index=electrolytes["electrolyte_id"], columns=CELL_COLUMNS, dtype="float64")
    return cells, failures


def _table_lattice(electrolyte: Mapping[Any, Any]) -> Lattice | None:
    parameters = [electrolyte[name] for name in ("a", "b", "c", "alpha", "beta", "gamma")]
    return None if any(math.isnan(value) for value in parameters) else Lattice.from_parameters(*parameters)


def _cell_content(electrolyte: Mapping[Any, Any], crystal: Structure | None) -> Composition | None:
    """What one cell holds: as the CIF says, unless it contradicts the table's formula."""
    z = electrolyte["z"]
    stated = None if math.isnan(z) else parse_composition(electrolyte["formula"]) * z
    if crystal is None:
        return stated
    found = crystal.composition.element_composition
    if stated is None or abs(largest_difference(found, stated)[1]) <= COMPOSITION_TOLERANCE:
        return found
    return stated
