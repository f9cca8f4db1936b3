"""Which reported measurements become labels, and why the others do not."""

import math

import pandas as pd
from pymatgen.core import Composition

from sse_assets.curation.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.materials.conductivity import (
    Conductivity,
    ConductivityError,
    LabelConvention,
    conductivity_class,
    log10_sigma,
    parse_conductivity,
)
from sse_assets.materials.formula import FormulaError, composition_key, parse_composition, reduced_formula

ROOM_TEMPERATURE_C = (20.0, 34.0)
"""The paper's window (section III.A), ends included; a row without a temperature is at room temperature."""

REJECTED_COLUMNS = ["source", "source_id", "formula", "reason"]

_PRECEDENCE = {"obelix": 0, "sample": 0, "inbox": 0, "liion": 1}
"""Sources that describe the crystal win over those that give a formula alone. One's own repeat nobody."""

_MEASURED_AT_C = 25.0


def curate_measurements(measurements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn reported measurements into labelled rows.

    A row is refused if its formula cannot be read, holds no Li or cannot be charge balanced; if its
    conductivity is not a positive number or bound; if it was measured outside `ROOM_TEMPERATURE_C`; or if it
    repeats another. Two rows repeat one another when they share an id, or when they share a composition and
    at least one of them gives a formula alone: then the row that describes its crystal stays, else the one
    measured nearest to 25 °C. Different papers' measurements of one crystal stay apart, for their scatter is
    the noise between laboratories.

    Args:
        measurements: rows of every source, in the columns of `sources.columns.MEASUREMENT_COLUMNS`.

    Returns:
        The labelled rows (the input's columns and electrolyte_id, reduced_formula, composition_key,
        sigma_s_cm, censored, log10_sigma with a bound as its value, conductivity_class), and the refused
        ones (`REJECTED_COLUMNS`).
    """
    accepted, rejected = [], []
    seen: set[str] = set()
    for row in measurements.to_dict("records"):
        electrolyte_id = f"{row['source']}:{row['source_id']}"
        try:
            if electrolyte_id in seen:
                raise ValueError(f"the id {row['source_id']!r} occurs more than once; the first row is kept")
            seen.add(electrolyte_id)
            composition = _usable_composition(row["formula"])
            _require_room_temperature(row["temperature_c"])
            conductivity = parse_conductivity(row["reported_conductivity"])
        except (FormulaError, ConductivityError, ValueError) as error:
            rejected.append(refusal(row, str(error)))
        except Exception as error:  # noqa: BLE001 - one row never stops the others; the reason is kept
            rejected.append(refusal(row, f"it could not be curated ({type(error).__name__}: {error})"))
        else:
            accepted.append(row | _label(electrolyte_id, composition, conductivity))
    columns = [*measurements.columns, *_LABEL_COLUMNS]
    kept, repeats = _without_repeats(pd.DataFrame(accepted, columns=columns))
    return kept, pd.DataFrame([*rejected, *repeats], columns=REJECTED_COLUMNS)


_LABEL_COLUMNS = [
    "electrolyte_id",
    "reduced_formula",
    "composition_key",
    "sigma_s_cm",
    "censored",
    "log10_sigma",
    "conductivity_class",
]


def _usable_composition(formula: str) -> Composition:
    composition = parse_composition(formula)
    if composition["Li"] == 0:
        raise ValueError(f"{formula} holds no Li")
    imbalance = smallest_imbalance(composition)
    if math.isinf(imbalance):
        raise ValueError(f"{formula} has no charge balance: its elements take no states of both signs")
    if imbalance > TOLERANCE:
        raise ValueError(
            f"{formula} cannot be charge balanced: at least {imbalance:.0%} of the positive charge is left"
        )
    return composition


def _require_room_temperature(temperature_c: float) -> None:
    low, high = ROOM_TEMPERATURE_C
    if not math.isnan(temperature_c) and not low <= temperature_c <= high:
        raise ValueError(f"measured at {temperature_c:g} °C, outside {low:g}–{high:g} °C")


def _label(electrolyte_id: str, composition: Composition, conductivity: Conductivity) -> dict[str, object]:
    sigma, censored = conductivity.sigma_s_cm, conductivity.censored
    return {
        "electrolyte_id": electrolyte_id,
        "reduced_formula": reduced_formula(composition),
        "composition_key": composition_key(composition),
        "sigma_s_cm": sigma,
        "censored": censored,
        "log10_sigma": log10_sigma(sigma, censored, LabelConvention.BOUND),
        "conductivity_class": conductivity_class(sigma).value,
    }


def _without_repeats(rows: pd.DataFrame) -> tuple[pd.DataFrame, list[dict[str, object]]]:
    """Split off rows that repeat a composition without describing a crystal of their own."""
    order = rows.assign(
        precedence=rows["source"].map(_PRECEDENCE).fillna(1),
        distance=(rows["temperature_c"] - _MEASURED_AT_C).abs().fillna(0.0),
    ).sort_values(["precedence", "distance"], kind="stable")
    keeper: dict[str, str] = {}
    repeats = []
    for index, row in order.iterrows():
        first = keeper.setdefault(row["composition_key"], row["electrolyte_id"])
        if row["precedence"] > 0 and first != row["electrolyte_id"]:
            reason = f"repeats the composition of {first}, which "
            reason += (
                "describes its crystal" if not first.startswith(row["source"]) else "was nearer to 25 °C"
            )
            repeats.append((index, refusal(row.to_dict(), reason)))
    kept = rows.drop(index=[index for index, _ in repeats]).reset_index(drop=True)
    return kept, [refusal for _, refusal in repeats]


def refusal(row: dict, reason: str) -> dict[str, object]:
    """A line of the rejected table: which row, and why."""
    return {column: row[column] for column in ("source", "source_id", "formula")} | {"reason": reason}
