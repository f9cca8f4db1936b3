"""The crystals that descriptors are computed from, and the record of what could not be computed."""

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from functools import lru_cache
from typing import Any, TypeVar

import pandas as pd

from sse_assets.materials.crystal import CifError, Crystal, read_crystal
from sse_assets.materials.plain_text import fault
from sse_assets.tables import descriptors
from sse_assets.tables.names import Reason

_Result = TypeVar("_Result")


@dataclass(frozen=True)
class Failure:
    """A descriptor that is missing where one might expect it."""

    electrolyte_id: str
    descriptor: str
    """Name of the column, or `structure` where the crystal itself cannot be read."""
    reason_code: Reason
    reason: str


def read_crystals(structures: pd.DataFrame) -> tuple[dict[str, Crystal], list[Failure]]:
    """Parse every CIF once, and not again while the same structures are described.

    Args:
        structures: columns `electrolyte_id`, `structure_id` and `cif`, one row an electrolyte that has one.

    Returns:
        The crystals by electrolyte_id, and one failure for each CIF that cannot be read. No caller may change
        a crystal.
    """
    rows = structures[["electrolyte_id", "structure_id", "cif"]].itertuples(index=False, name=None)
    crystals, failures = _read(tuple(rows))
    return {**crystals}, [*failures]


@lru_cache(maxsize=2)  # a step after the other describes measured crystals, and those of prototypes
def _read(structures: tuple[tuple[str, str, str], ...]) -> tuple[dict[str, Crystal], list[Failure]]:
    crystals, failures = {}, []
    for electrolyte_id, structure_id, cif in structures:
        try:
            crystals[electrolyte_id] = read_crystal(cif)
        except CifError as error:
            reason = f"structure {structure_id}: {error}; it counts as having none"
            failures.append(Failure(electrolyte_id, "structure", Reason.UNREADABLE_STRUCTURE, reason))
        except Exception as error:  # noqa: BLE001 - one crystal never stops the others
            reason = (
                f"structure {structure_id}: it could not be read ({fault(error)}); it counts as having none"
            )
            failures.append(Failure(electrolyte_id, "structure", Reason.FAILED, reason))
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
        reason = f"it could not be computed ({fault(error)})"
        failures.append(Failure(electrolyte["electrolyte_id"], descriptor, Reason.FAILED, reason))
        return None


def failures_table(failures: list[Failure]) -> pd.DataFrame:
    """Return the failures as `tables.descriptors.FAILURES`, empty where all went well."""
    return descriptors.FAILURES.frame([asdict(failure) for failure in failures])
