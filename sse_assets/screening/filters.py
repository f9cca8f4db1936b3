"""Reasons to set a candidate aside, whatever is predicted for it."""

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
from pymatgen.core import Composition

from sse_assets.materials.formula import parse_composition
from sse_assets.screening.settings import Filters

REDOX_ACTIVE = frozenset({"Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Nb", "Mo", "W", "Re", "Ru"})
"""Transition metals that change their valence between lithium and a cathode, and may conduct electrons."""

_MIXTURE = re.compile(
    r"\(.+\)\d[\d.]*\(.+\)\d[\d.]*|.*[A-Za-z\d)][·*].*|[\d.(]*[A-Z].*(?<!\de)[–-][\d.(]*[A-Z].*"
)
"""A formula of two or more groups, each with its amount, or with a dot or a dash between compounds."""


def set_aside(candidates: pd.DataFrame, filters: Filters) -> list[str | None]:
    """Return why each candidate is set aside, None for those that pass.

    Args:
        candidates: columns `formula`, `band_gap_ev`, `energy_above_hull_ev`, `reported_family`,
            `outside_domain`, `measured`, `nearest_formula` and `nearest_distance`.
        filters: what a candidate has to be.
    """
    return ["; ".join(_reasons(row, filters)) or None for row in candidates.to_dict("records")]


def _reasons(row: dict[Any, Any], filters: Filters) -> Iterator[str]:
    composition = parse_composition(row["formula"])
    yield from _of_composition(composition, filters)
    if row["band_gap_ev"] < filters.least_band_gap_ev:
        yield f"its band gap is {row['band_gap_ev']:.2f} eV"
    if row["energy_above_hull_ev"] > filters.most_energy_above_hull_ev:
        yield f"it lies {row['energy_above_hull_ev']:.2f} eV above the hull"
    if row["outside_domain"] and not filters.outside_domain:
        yield "the model has learned from nothing like it"
    if row["measured"] and not filters.measured:
        yield "its composition has been measured"
    elif row["nearest_distance"] < filters.least_distance and not filters.measured:
        yield f"it is nearly {row['nearest_formula'].strip()}, which has been measured"
    if _MIXTURE.fullmatch("".join(row["formula"].split())) and not filters.mixtures:
        yield "it is written as a mixture of compounds"
    family = row["reported_family"]
    if isinstance(family, str) and "glass" in family.lower() and not filters.glasses:
        yield "its source names it a glass"


def _of_composition(composition: Composition, filters: Filters) -> Iterator[str]:
    symbols = {element.symbol for element in composition.elements}
    if len(symbols) < filters.least_elements:
        yield f"it has fewer than {filters.least_elements} elements"
    if {"H", "O"} <= symbols and not filters.hydrates:
        yield "it holds H beside O"
    if (active := sorted(symbols & REDOX_ACTIVE)) and not filters.redox_active:
        yield f"{', '.join(active)} may be reduced or oxidised"
