"""What a unit cell measures and weighs, from its CIF or from a table of lattice constants."""

import math
from collections.abc import Mapping
from functools import partial
from typing import Any

import pandas as pd
from pymatgen.core import Composition, Lattice

from sse_assets.descriptors.crystals import Failure, guarded
from sse_assets.materials.crystal import Crystal, formula_units
from sse_assets.materials.formula import COMPOSITION_TOLERANCE, largest_difference, parse_composition
from sse_assets.materials.solids import G_CM3_PER_DALTON_A3, impossible_cell
from sse_assets.tables.names import Reason

CELL_COLUMNS = ["a", "b", "c", "density_g_cm3", "volume_per_atom_a3"]


def cell_features(
    electrolytes: pd.DataFrame, crystals: Mapping[str, Crystal]
) -> tuple[pd.DataFrame, list[Failure]]:
    """Lengths, density and volume per atom of every electrolyte's unit cell.

    Lengths (Å) are the crystal's, or the table's where there is no crystal.

    Density (g/cm³) and volume per atom (Å³) weigh and count what the crystal's sites hold, occupancies
    included, isotopes with their own mass. Without a crystal, or with one that differs from the table's
    formula by more than `COMPOSITION_TOLERANCE` (some CIFs leave Li out), the cell holds `z` times the
    table's formula, if `z` is known. A crystal that lacks the Li of the formula takes Z from its CIF where
    the table has none, and has no density where neither states it.

    Args:
        electrolytes: columns `electrolyte_id`, `formula`, `z`, and the unit cell `a`, `b`, `c` (Å), `alpha`,
            `beta`, `gamma` (degrees).
        crystals: by electrolyte_id, for those electrolytes that have one.

    Returns:
        `CELL_COLUMNS` by electrolyte_id, NaN where unknown; and a failure for each density that is, and for
        each row that cannot be computed.
    """
    rows: list[list[float]] = []
    failures: list[Failure] = []
    unknown = [math.nan] * len(CELL_COLUMNS)
    for electrolyte in electrolytes.to_dict("records"):
        compute = partial(_row, electrolyte, crystals.get(electrolyte["electrolyte_id"]), failures)
        rows.append(guarded(electrolyte, "density_g_cm3", compute, failures) or unknown)
    cells = pd.DataFrame(rows, index=electrolytes["electrolyte_id"], columns=CELL_COLUMNS, dtype="float64")
    return cells, failures


def _row(electrolyte: Mapping[Any, Any], crystal: Crystal | None, failures: list[Failure]) -> list[float]:
    """Return `CELL_COLUMNS` of one electrolyte, and take down in `failures` why there is no density."""
    lattice, why_not = _table_lattice(electrolyte) if crystal is None else (crystal.structure.lattice, None)
    content = None
    if lattice is not None:
        content, why_not = _cell_content(electrolyte, crystal)
    lengths = (electrolyte["a"], electrolyte["b"], electrolyte["c"]) if lattice is None else lattice.abc
    if lattice is None or content is None:
        assert why_not is not None  # one of the two is unknown, and it says why
        failures.append(Failure(electrolyte["electrolyte_id"], "density_g_cm3", *why_not))
        return [*lengths, math.nan, math.nan]
    weight, atoms = content
    return [*lengths, G_CM3_PER_DALTON_A3 * weight / lattice.volume, lattice.volume / atoms]


_WhyNot = tuple[Reason, str]


def _table_lattice(electrolyte: Mapping[Any, Any]) -> tuple[Lattice | None, _WhyNot | None]:
    """Return the cell of the table, or why there is none."""
    parameters = [electrolyte[name] for name in ("a", "b", "c", "alpha", "beta", "gamma")]
    if any(math.isnan(value) for value in parameters):
        return None, (Reason.NOT_KNOWN, "there is no readable CIF and the table gives no unit cell")
    if (trouble := impossible_cell(*parameters)) is not None:
        sentence = f"there is no readable CIF and the table's unit cell is none: {trouble}"
        return None, (Reason.IMPOSSIBLE_CELL, sentence)
    return Lattice.from_parameters(*parameters), None


def _cell_content(
    electrolyte: Mapping[Any, Any], crystal: Crystal | None
) -> tuple[tuple[float, float] | None, _WhyNot | None]:
    """Return mass (Da) and number of atoms of one cell, or why they are unknown.

    As the CIF says, unless it contradicts the table's formula.
    """
    z, formula = electrolyte["z"], parse_composition(electrolyte["formula"])
    if z <= 0:
        sentence = f"Z is {z:g}: a cell holds a positive number of formula units"
        return None, (Reason.IMPOSSIBLE_CELL, sentence)
    stated = None if math.isnan(z) else formula * z
    if crystal is None:
        return _mass(stated), (Reason.NOT_KNOWN, "there is no readable CIF and the table gives no Z")
    lacks_li = crystal.composition["Li"] == 0 and formula["Li"] > 0
    if stated is None and lacks_li and not math.isnan(units := formula_units(crystal, formula)):
        stated = formula * units
    if stated is None and lacks_li:
        return None, (Reason.NO_LITHIUM, "the CIF holds no Li, and neither it nor the table states Z")
    if stated is None or abs(largest_difference(crystal.composition, stated)[1]) <= COMPOSITION_TOLERANCE:
        return (crystal.weight_da, crystal.composition.num_atoms), None
    return _mass(stated), None


def _mass(content: Composition | None) -> tuple[float, float] | None:
    return None if content is None else (float(content.weight), content.num_atoms)
