"""The crystals that descriptors are computed from, and the record of what could not be computed."""

from dataclasses import asdict, dataclass

import pandas as pd
from pymatgen.core import Structure

from sse_assets.materials.crystal import CifError, read_cif

FAILURE_COLUMNS = ["electrolyte_id", "descriptor", "reason"]


@dataclass(frozen=True)
class Failure:
    """A descriptor that is missing where one might expect it."""

    electrolyte_id: str
    descriptor: str
    """Name of the column, or `structure` where the crystal itself cannot be read."""
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
            failures.append(Failure(electrolyte_id, "structure", reason))
    return crystals, failures


def failures_table(failures: list[Failure]) -> pd.DataFrame:
    """The failures as a table of `FAILURE_COLUMNS`, texts throughout, empty where all went well."""
    return pd.DataFrame([asdict(failure) for failure in failures], columns=FAILURE_COLUMNS, dtype="str")
