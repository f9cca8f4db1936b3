"""How symmetric a crystal is, and how many of its sites are shared or partly empty, as numbers for a tree."""

import math
from functools import partial

import gemmi
import pandas as pd
from pymatgen.core import Structure

from sse_assets.descriptors.crystals import Failure, failures_table, guarded, read_crystals
from sse_assets.materials.disorder import OCCUPANCY_TOLERANCE, DisorderClass, disorder_class
from sse_assets.tables import descriptors
from sse_assets.tables.names import Reason


def symmetry_and_disorder(
    electrolytes: pd.DataFrame, structures: pd.DataFrame
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the symmetry of every electrolyte, and the disorder of those that have a CIF.

    - `space_group_number`: as curated, 1 to 230.
    - `point_group_order`: how many operations the space group's point group has, 1 to 48; unlike the number,
      it grows with symmetry.
    - `centrosymmetric`: 1 if inversion is one of them, else 0.

    The columns of disorder are explained in `disorder_features`.

    Args:
        electrolytes: columns `electrolyte_id` and `space_group_number` (NaN where unknown).
        structures: columns `electrolyte_id`, `structure_id`, `cif`; one row an electrolyte that has a CIF.

    Returns:
        The features as `tables.descriptors.SYMMETRY_AND_DISORDER`, one row an electrolyte in their order, NaN
        where unknown. And the failures as `tables.descriptors.FAILURES`; to have no CIF is not one.
    """
    crystals, failures = read_crystals(structures)
    rows = []
    for electrolyte in electrolytes.to_dict("records"):
        electrolyte_id, number = electrolyte["electrolyte_id"], electrolyte["space_group_number"]
        crystal = crystals.get(electrolyte_id)
        row = {"electrolyte_id": electrolyte_id}
        if pd.isna(number):
            failures.append(
                Failure(electrolyte_id, "space_group_number", Reason.NOT_KNOWN, "no space group is known")
            )
        else:
            compute = partial(_symmetry, int(number))
            row |= guarded(electrolyte, "space_group_number", compute, failures) or {}
        if crystal is not None:
            compute = partial(disorder_features, crystal.structure)
            row |= guarded(electrolyte, "mean_li_occupancy", compute, failures) or {}
            if crystal.composition["Li"] == 0:
                failures.append(
                    Failure(electrolyte_id, "mean_li_occupancy", Reason.NO_LITHIUM, "the CIF holds no Li")
                )
        rows.append(row)
    return descriptors.SYMMETRY_AND_DISORDER.frame(rows), failures_table(failures)


def _symmetry(number: int) -> dict[str, float]:
    operations = gemmi.get_spacegroup_reference_setting(number).operations()
    return {
        "space_group_number": float(number),
        "point_group_order": float(len(operations.sym_ops)),  # those of the centring are listed apart
        "centrosymmetric": float(operations.is_centrosymmetric()),
    }


def disorder_features(crystal: Structure) -> dict[str, float]:
    """Return the disorder of a crystal as numbers.

    - `li_disordered`, `other_disordered`: 1 if Li, or any other element, has an occupancy other than one
      (`materials.disorder`), else 0.
    - `disordered_site_share`: sites that are shared or partly empty, of all sites in the cell.
    - `mean_li_occupancy`: the share that Li has of a site, mean over the sites that hold any; NaN without Li.
    """
    kind = disorder_class(crystal)
    partial = [
        any(abs(occupancy - 1) > OCCUPANCY_TOLERANCE for occupancy in site.species.values())
        for site in crystal
    ]
    lithium = [site.species.element_composition["Li"] for site in crystal]
    held = [occupancy for occupancy in lithium if occupancy > 0]
    return {
        "li_disordered": float(kind in (DisorderClass.LITHIUM, DisorderClass.LITHIUM_AND_OTHER)),
        "other_disordered": float(kind in (DisorderClass.OTHER, DisorderClass.LITHIUM_AND_OTHER)),
        "disordered_site_share": sum(partial) / len(partial),
        "mean_li_occupancy": sum(held) / len(held) if held else math.nan,
    }
