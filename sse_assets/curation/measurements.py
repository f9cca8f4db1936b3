"""Which reported measurements become labels, and why the others do not."""

import math
from collections.abc import Hashable, Mapping
from typing import Any

import pandas as pd
from pymatgen.core import Composition

from sse_assets.materials.charge_balance import TOLERANCE, smallest_imbalance
from sse_assets.materials.conductivity import (
    Conductivity,
    ConductivityError,
    LabelConvention,
    conductivity_class,
    log10_sigma,
    parse_conductivity,
)
from sse_assets.materials.formula import (
    FormulaError,
    composition_key,
    misprinted,
    parse_composition,
    reduced_formula,
)
from sse_assets.materials.plain_text import fault
from sse_assets.tables import curated
from sse_assets.tables.names import Reason, Source

ROOM_TEMPERATURE_C = (20.0, 34.0)
"""The paper's window (section III.A), ends included; a row without a temperature is at room temperature."""

_FORMULA_ALONE = Source.LIION.value
"""The source that gives no crystal: a row of another one wins over its row."""

_MEASURED_AT_C = 25.0

_ROUNDING = 0.05
"""Largest relative difference between two readings of one conductivity from a paper."""


def curate_measurements(measurements: pd.DataFrame) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Turn reported measurements into labelled rows.

    A row is refused if its formula cannot be read, holds no Li, cannot be charge balanced or is misprinted;
    if its conductivity is not a positive number or bound; if it was measured outside `ROOM_TEMPERATURE_C`; if
    it repeats another; or if the code fails on it. Two rows repeat one another when they share an id, or when
    they share paper and composition, one of them gives a formula alone, and the other does so too or tells
    the same conductivity: then the row that describes its crystal stays, else the one measured nearest to
    25 °C. Different papers' measurements of one material stay apart, for their scatter is the noise between
    laboratories; `repeats` names the row that speaks for the material where a formula alone is given.

    Args:
        measurements: rows of every source, in the columns that the tables of measurements in `tables.raw`
            share.

    Returns:
        The labelled rows as `tables.curated.MEASUREMENTS`, and the refused ones as
        `tables.curated.REJECTED_MEASUREMENTS`.
    """
    accepted, rejected = [], []
    seen: set[str] = set()
    for row in measurements.to_dict("records"):
        electrolyte_id = f"{row['source']}:{row['source_id']}"
        try:
            if electrolyte_id in seen:
                raise RefusedError(
                    Reason.REPEATED_ID,
                    f"the id {row['source_id']!r} occurs more than once; the first row is kept",
                )
            seen.add(electrolyte_id)
            composition = parse_composition(row["formula"])
            check_composition(row["formula"], composition)
            _require_room_temperature(row["temperature_c"])
            conductivity = parse_conductivity(row["reported_conductivity"])
        except FormulaError as error:
            rejected.append(refusal(row, Reason.UNREADABLE_FORMULA, str(error)))
        except ConductivityError as error:
            rejected.append(refusal(row, Reason.NOT_A_CONDUCTIVITY, str(error)))
        except RefusedError as error:
            rejected.append(refusal(row, error.code, str(error)))
        except Exception as error:  # noqa: BLE001 - one row never stops the others; the reason is kept
            rejected.append(refusal(row, Reason.FAILED, f"it could not be curated ({fault(error)})"))
        else:
            accepted.append(row | _label(electrolyte_id, composition, conductivity))
    kept, repeats = _without_repeats(curated.MEASUREMENTS.frame(accepted))
    return kept, curated.REJECTED_MEASUREMENTS.frame([*rejected, *repeats])


class RefusedError(ValueError):
    """Why a row is not learned from."""

    def __init__(self, code: Reason, sentence: str) -> None:
        super().__init__(sentence)
        self.code = code


def check_composition(formula: str, composition: Composition, *, typed: bool = True) -> None:
    """Check that a compound is one that models may learn from or answer for.

    Args:
        formula: as somebody wrote it.
        composition: of that formula.
        typed: whether a person wrote it, who may have taken one character for another.

    Raises:
        RefusedError: if it holds no Li, cannot be charge balanced, or is misprinted.
    """
    if composition["Li"] == 0:
        raise RefusedError(Reason.NO_LITHIUM, f"{formula} holds no Li")
    meant = misprinted(formula) if typed else None
    question = f"; did you mean {meant}?" if meant else ""
    imbalance = smallest_imbalance(composition)
    if math.isinf(imbalance):
        raise RefusedError(
            Reason.CHARGE_IMBALANCE,
            f"{formula} has no charge balance: its elements take no states of both signs{question}",
        )
    if imbalance > TOLERANCE:
        raise RefusedError(
            Reason.CHARGE_IMBALANCE,
            f"{formula} cannot be charge balanced: at least {imbalance:.0%} of the positive charge is left"
            f"{question}",
        )
    if meant:
        raise RefusedError(Reason.CHARGE_IMBALANCE, f"{formula} holds carbon without H, N or O{question}")


def _require_room_temperature(temperature_c: float) -> None:
    low, high = ROOM_TEMPERATURE_C
    if not math.isnan(temperature_c) and not low <= temperature_c <= high:
        raise RefusedError(
            Reason.TEMPERATURE, f"measured at {temperature_c:g} °C, outside {low:g}–{high:g} °C"
        )


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
    """Split off formulas alone that repeat a measurement; name in the others whose material they repeat."""
    order = rows.assign(
        precedence=rows["source"] == _FORMULA_ALONE,
        distance=(rows["temperature_c"] - _MEASURED_AT_C).abs().fillna(0.0),
    ).sort_values(["precedence", "distance"], kind="stable")
    kept: dict[str, list[dict]] = {}
    """The rows that stay, by composition."""
    repeats: dict[Hashable, str] = {}
    refused: dict[Hashable, dict[str, object]] = {}
    for index, row in zip(order.index, order.to_dict("records"), strict=True):
        earlier = kept.setdefault(row["composition_key"], [])
        if row["precedence"] and earlier:
            if again := next((one for one in earlier if _is_one_measurement(one, row)), None):
                why = "was nearer to 25 °C" if again["precedence"] else "describes its crystal"
                reason = f"repeats the measurement {again['electrolyte_id']}, which {why}"
                refused[index] = refusal(row, Reason.REPEATED_MEASUREMENT, reason)
                continue
            repeats[index] = earlier[0]["electrolyte_id"]
        earlier.append(row)
    named = rows.assign(repeats=pd.Series(repeats, dtype="str").reindex(rows.index))
    return named.drop(index=list(refused)).reset_index(drop=True), list(refused.values())


def _is_one_measurement(one: Mapping[Any, Any], other: Mapping[Any, Any]) -> bool:
    """Tell whether two rows of one composition, the other a formula alone, come from one measurement."""
    papers = _papers(one["doi"])
    if papers.isdisjoint(_papers(other["doi"])) and (papers or _papers(other["doi"])):
        return False
    return one["precedence"] or math.isclose(one["sigma_s_cm"], other["sigma_s_cm"], rel_tol=_ROUNDING)


def _papers(dois: object) -> set[str]:
    """Return the papers that a row names, so that equal ones are equal texts."""
    return {doi.strip().lower() for doi in dois.split("|") if doi.strip()} if isinstance(dois, str) else set()


def refusal(row: Mapping[Any, Any], code: Reason, reason: str) -> dict[str, object]:
    """Return a row of `tables.curated.REJECTED`: which measurement is not used, and why."""
    named = {column: row[column] for column in ("source", "source_id", "formula")}
    return named | {"reason_code": code.value, "reason": reason}
