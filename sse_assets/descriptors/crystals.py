"""The crystals that descriptors are computed from, and the record of what could not be computed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Any, TypeVar

import pandas as pd

from sse_assets.materials.crystal import CifError, Crystal, read_crystal

_Result = TypeVar("_Result")

FAILURE_COLUMNS = ["electrolyte_id", "descriptor", "reason"]


@dataclass(frozen=True)
class Failure:
    """A descriptor that is missing where one might expect it."""

    electrolyte_id: str
    descriptor: str
    """Name of the column, or `structure` where the crystal itself cannot be read."""
    reason: str


def read_crystals(structures: pd.DataFrame) -> tuple[dict[str, Crystal], list[Failure]]:
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
            crystals[electrolyte_id] = read_crystal(structure["cif"])
        except CifError as error:
            reason = f"structure {structure['structure_id']}: {error}; it counts as having none"
            failures.append(Failure(electrolyte_id, "structure", reason))
        except Exception as error:  # noqa: BLE001 - one crystal never stops the others
            reason = f"structure {structure['structure_id']}: {_fault(error)}; it counts as having none"
            failures.append(Failure(electrolyte_id, "structure", reason))
    return crystals, failures


def guarded(
    electrolyte: Mapping[Any, Any], descriptor: str, compute: Callable[[], _Result], failures: list[Failure]
) -> _Result | None:
    """Return what `compute` returns, or None and a failure: whatever one row does costs that row alone.

    Args:
        electrolyte: its column `electrolyte_id`.
        descriptor: what is computed, as in `Failure`.
        compute: for this row.
        failures: takes the failure.
    """
    try:
        return compute()
    except Exception as error:  # noqa: BLE001 - isolation of rows, reported in the table of failures
        failures.append(Failure(electrolyte["electrolyte_id"], descriptor, _fault(error)))
        return None


def _fault(error: Exception) -> str:
    detail = (str(error).strip().splitlines() or [""])[0]
    return f"it could not be computed ({type(error).__name__}{': ' if detail else ''}{detail})"


def failures_table(failures: list[Failure]) -> pd.DataFrame:
    """The failures as a table of `FAILURE_COLUMNS`, texts throughout, empty where all went well."""
    return pd.DataFrame([asdict(failure) for failure in failures], columns=FAILURE_COLUMNS, dtype="str")
