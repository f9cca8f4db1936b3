"""The crystals that descriptors are computed from, and the record of what could not be computed."""

from dataclasses import asdict, dataclass

import pandas as pd
from pymatgen.core import Structure

from sse_assets.materials.crystal import CifError, read_cif
from sse_assets.tables import descriptors
from sse_assets.tables.names import Reason


@dataclass(frozen=True)
class Failure:
    """A descriptor that is missing where one might expect it."""

    electrolyte_id: str
    descriptor: str
    """Name of the column, or `structure` where the crystal itself cannot be read."""
    reason_code: Reason
    reason: str


def read_crystals(structures: pd.DataFrame) -> tuple[dict[str, Structure], list[Failure]]:
    """Parse every CIF once.

    Args:
        structures: columns `electrolyte_id`, `structure_id` and `cif`, one row an electrolyte that has one.

    Returns:
        The crystals by electrolyte_id, and one failure for each CIF that cannot be read.
    """
    crystals, failures = {}, []
    for structure in structures.to_dict("records"):
        electrolyte_id = structure["electrolyte_id"]
        try:
            crystals[electrolyte_id] = read_cif(structure["cif"])
        except CifError as error:
            reason = f"structure {structure['structure_id']}: {error}; it counts as having none"
            failures.append(Failure(electrolyte_id, "structure", Reason.UNREADABLE_STRUCTURE, reason))
    return crystals, failures


def failures_table(failures: list[Failure]) -> pd.DataFrame:
    """Return the failures as `tables.descriptors.FAILURES`, empty where all went well."""
    return descriptors.FAILURES.frame([asdict(failure) for failure in failures])
