"""What a crystal's cell says whichever cell is chosen: primitive, conventional, doubled, axes renamed.

Everything is per atom, per anion or per Å³, or of the conventional cell in the standard setting that spglib
finds (Togo et al., Sci. Technol. Adv. Mater. Methods 4, 2384822, 2024).
"""

import math
from collections.abc import Mapping
from functools import cache, partial
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd
from pymatgen.core import Composition, Element, Lattice, Structure

from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.descriptors.crystals import Failure, guarded
from sse_assets.materials.anions import anion_symbols
from sse_assets.materials.conventional_cell import point_group_order, standard_lattice
from sse_assets.materials.formula import (
    COMPOSITION_TOLERANCE,
    largest_difference,
    parse_composition,
)
from sse_assets.materials.symmetry import symmetry_dataset
from sse_assets.tables.names import CellOrigin, Reason, Source

ROOM_COLUMNS = [
    "volume_per_atom_a3",
    "volume_per_anion_a3",
    "li_per_a3",
    "packing_fraction",
    "free_volume_per_anion_a3",
]
SHAPE_COLUMNS = ["middle_to_shortest", "log_longest", "log_point_group_order", "crystal_system"]
PROTOTYPE_COLUMNS = [
    "log_shortest",
    "log_middle",
    "smallest_angle",
    "largest_angle",
    "log_atoms_in_cell",
    "log_li_in_cell",
]
CELL_COLUMNS = [*ROOM_COLUMNS, *SHAPE_COLUMNS, *PROTOTYPE_COLUMNS]
_UNKNOWN = dict.fromkeys(CELL_COLUMNS, math.nan)

_PARAMETERS = ["a", "b", "c", "alpha", "beta", "gamma"]
_MOST_SITES = 1000
"""spglib's time grows with the square of the sites; OBELiX's largest cell has 256."""
_FLAT = 1e-4
"""Square of the volume of a cell over that of a box of its edges, below which it is flat: 1 % of the box."""
_LAST_OF_SYSTEM = (2, 15, 74, 142, 167, 194, 230)
"""Number of the last space group of the triclinic, monoclinic, …, cubic system."""


def cell(
    electrolytes: pd.DataFrame,
    crystals: Mapping[str, Structure],
    imputer: CellImputer | None = None,
    prototypes: Mapping[str, Structure] = MappingProxyType({}),
) -> tuple[pd.DataFrame, list[Failure]]:
    """Compute `CELL_COLUMNS` of every electrolyte, and impute from the composition what is not known.

    The crystal comes first, for a table's Z may count another cell than the CIF shows. The table is next, and
    first where the crystal's composition differs from the formula by more than `COMPOSITION_TOLERANCE`: some
    CIFs leave atoms out. A row without either has the cell of its prototype, if it has one.

    The imputation is fitted on all rows that have a cell of their own, test rows among them. It sees what is
    known of a material before it is measured, and no conductivity; so one table serves every protocol. What a
    person left in the inbox serves the rows of the inbox alone: the published ones stay as they are.

    Args:
        electrolytes: columns `electrolyte_id`, `formula`, `z`, `a`, `b`, `c` (Å), `alpha`, `beta`, `gamma`
            (degrees), `space_group` and `space_group_number`; what is unknown is missing. And `source`, where
            no imputer is given.
        crystals: by electrolyte_id, for those electrolytes that have one.
        imputer: fitted on other rows; by default one that is fitted on these.
        prototypes: by electrolyte_id, structures from known structure types that are trusted.

    Returns:
        `electrolyte_id`, `CELL_COLUMNS` and `cell_origin` (`CellOrigin`), one row an electrolyte in their
        order; and why a crystal or a table that is there could not be used.
    """
    known, origins = [], []
    failures: list[Failure] = []
    for row in electrolytes.to_dict("records"):
        crystal = crystals.get(row["electrolyte_id"])
        placed = prototypes.get(row["electrolyte_id"])
        described = guarded(row, "cell", partial(_described, row, crystal, placed), failures)
        numbers, failure, origin = described or (_UNKNOWN, None, CellOrigin.COMPOSITION)
        n_known = sum(not math.isnan(value) for value in numbers.values())
        if n_known == 0:
            origin = CellOrigin.COMPOSITION
        elif n_known < len(CELL_COLUMNS):
            origin = CellOrigin.TABLE_IN_PART
        if failure is not None:
            reason = f"{failure}; imputed from the composition"
            failures.append(Failure(row["electrolyte_id"], "cell", Reason.NOT_COMPUTED, reason))
        known.append(numbers)
        origins.append(origin)
    index = pd.Index(electrolytes["electrolyte_id"], name="electrolyte_id")
    measured = pd.DataFrame(known, index=index, columns=CELL_COLUMNS, dtype="float64")
    formulas = electrolytes.set_index("electrolyte_id")["formula"]
    if imputer is not None:
        complete = imputer.fill(formulas, measured)
    else:
        is_own = (electrolytes["source"] == Source.INBOX).to_numpy()
        has_cell = np.array([origin is not CellOrigin.PROTOTYPE for origin in origins], dtype=bool)
        complete = _imputed(formulas, measured, has_cell & ~is_own)
        if is_own.any():
            complete[is_own] = _imputed(formulas, measured, has_cell)[is_own]
    return complete.assign(cell_origin=[origin.value for origin in origins]).reset_index(), failures


def _imputed(formulas: pd.Series, measured: pd.DataFrame, is_learned_from: np.ndarray) -> pd.DataFrame:
    return CellImputer.fit(formulas, measured[is_learned_from]).fill(formulas, measured)


def _described(
    row: Mapping[Any, Any], crystal: Structure | None, placed: Structure | None
) -> tuple[dict[str, float], str | None, CellOrigin]:
    composition = parse_composition(row["formula"])
    if crystal is not None and _shows(crystal, composition):
        return *crystal_features(crystal), CellOrigin.STRUCTURE
    if placed is not None and all(pd.isna(row[name]) for name in _PARAMETERS):
        return *crystal_features(placed), CellOrigin.PROTOTYPE
    return *_table_features(row, composition), CellOrigin.TABLE


def crystal_features(
    crystal: Structure, standard: tuple[Lattice, int] | None = None
) -> tuple[dict[str, float], str | None]:
    """Compute `CELL_COLUMNS` of a crystal in any cell, NaN where unknown, and why they are.

    With `standard`, its conventional lattice in the standard setting and the number of its space group are
    known, and spglib is not asked.

    - `volume_per_atom_a3`, `volume_per_anion_a3`, `li_per_a3`: Å³, Å³ and Å⁻³, occupancies counted.
    - `packing_fraction`: volume of the ions as spheres (pymatgen's mean ionic radii, the van der Waals radius
      for an anion that has none) over that of the cell; it may exceed one, for ions are no spheres.
    - `free_volume_per_anion_a3`: what the ions leave of the cell, in Å³ for each anion.
    - `middle_to_shortest`, `log_longest`, `log_shortest`, `log_middle`, `smallest_angle`, `largest_angle`:
      edges (ratio, log10 Å) and angles (degrees) of the conventional cell, sorted.
    - `log_point_group_order`: log10 of the number of operations, 1 to 48.
    - `crystal_system`: 1 (triclinic) to 7 (cubic).
    - `log_atoms_in_cell`, `log_li_in_cell`: log10 of the atoms in the conventional cell, and of 1 plus its
      Li.
    """
    content = crystal.composition.element_composition
    numbers = dict.fromkeys(CELL_COLUMNS, math.nan) | _room(content, crystal.volume)
    if standard is not None:
        return numbers | _shape(*standard, content, crystal.volume), None
    if len(crystal) > _MOST_SITES:
        return numbers, f"the crystal has more than {_MOST_SITES} sites"
    dataset = symmetry_dataset(crystal)
    if dataset is None:
        return numbers, "spglib finds no space group for this structure"
    numbers |= _shape(Lattice(dataset.std_lattice), int(dataset.number), content, crystal.volume)
    return numbers, None


def _table_features(row: Mapping[Any, Any], composition: Composition) -> tuple[dict[str, float], str | None]:
    numbers = dict.fromkeys(CELL_COLUMNS, math.nan)
    parameters = [row[name] for name in _PARAMETERS]
    if any(pd.isna(value) for value in parameters):
        return numbers, None  # a formula alone is no failure
    if not _encloses_volume(*parameters):
        return numbers, "the lattice constants enclose no volume"
    lattice = Lattice.from_parameters(*parameters)
    if pd.isna(row["z"]) or row["z"] <= 0:
        return numbers, "the table gives a cell and no Z"
    content = composition * row["z"]
    numbers |= _room(content, lattice.volume)
    if pd.isna(row["space_group_number"]):
        return numbers, "the table gives a cell and no space group"
    number = int(row["space_group_number"])
    standard = standard_lattice(lattice, number, row["space_group"])
    if standard is None:
        return numbers, f"the lattice constants do not fit the space group {row['space_group']}"
    numbers |= _shape(standard, number, content, lattice.volume)
    return numbers, None


def _encloses_volume(a: float, b: float, c: float, *angles: float) -> bool:
    """Whether edges and angles (degrees) span a cell that is not flat; spglib takes long over one that is."""
    alpha, beta, gamma = (math.cos(math.radians(angle)) for angle in angles)
    squared = 1 - alpha**2 - beta**2 - gamma**2 + 2 * alpha * beta * gamma  # (V / abc)²
    return min(a, b, c) > 0 and math.isfinite(a * b * c) and squared > _FLAT


def _shows(crystal: Structure, composition: Composition) -> bool:
    found = crystal.composition.element_composition
    return abs(largest_difference(found, composition)[1]) <= COMPOSITION_TOLERANCE


def _room(content: Composition, volume: float) -> dict[str, float]:
    anions = set(anion_symbols(content))
    n_anions = math.fsum(content[symbol] for symbol in anions)  # in whatever order a set has
    filled = sum(
        amount * 4 / 3 * math.pi * _ionic_radius(element.symbol, element.symbol in anions) ** 3
        for element, amount in content.items()
    )
    return {
        "volume_per_atom_a3": volume / content.num_atoms,
        "volume_per_anion_a3": volume / n_anions,
        "li_per_a3": content["Li"] / volume,
        "packing_fraction": filled / volume,
        "free_volume_per_anion_a3": (volume - filled) / n_anions,
    }


@cache
def _ionic_radius(symbol: str, is_anion: bool) -> float:
    element = Element(symbol)
    if is_anion:
        return float(element.average_anionic_radius or element.van_der_waals_radius or 0.0)
    return float(element.average_cationic_radius)  # zero for a proton


def _shape(lattice: Lattice, number: int, content: Composition, volume: float) -> dict[str, float]:
    """Describe a conventional lattice; `content` is what `volume` holds, which may be another cell's."""
    shortest, middle, longest = sorted(lattice.abc)
    in_cell = lattice.volume / volume
    return {
        "middle_to_shortest": middle / shortest,
        "log_longest": math.log10(longest),
        "log_point_group_order": math.log10(point_group_order(number)),
        "crystal_system": 1.0 + sum(number > last for last in _LAST_OF_SYSTEM),
        "log_shortest": math.log10(shortest),
        "log_middle": math.log10(middle),
        "smallest_angle": min(lattice.angles),
        "largest_angle": max(lattice.angles),
        "log_atoms_in_cell": math.log10(content.num_atoms * in_cell),
        "log_li_in_cell": math.log10(1 + content["Li"] * in_cell),
    }
