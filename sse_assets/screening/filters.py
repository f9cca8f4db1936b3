"""Reasons to set a candidate aside, whatever is predicted for it."""

import re
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pandas as pd
from pymatgen.core import Composition

from sse_assets.materials.formula import parse_composition

REDOX_ACTIVE = frozenset({"Ti", "V", "Cr", "Mn", "Fe", "Co", "Ni", "Cu", "Nb", "Mo", "W", "Re", "Ru"})
"""Transition metals that change their valence between lithium and a cathode, and may conduct electrons."""

_MIXTURE = re.compile(
    r"\(.+\)\d[\d.]*\(.+\)\d[\d.]*|.*[A-Za-z\d)][·*].*|[\d.(]*[A-Z].*(?<!\de)[–-][\d.(]*[A-Z].*"
)
"""A formula of two or more groups, each with its amount, or with a dot or a dash between compounds."""


@dataclass(frozen=True)
class Filters:
    """What a candidate has to be."""

    least_elements: int = 3
    """Fewest elements; binary compounds are known."""
    hydrates: bool = False
    """Whether H beside O may be there, as in hydrates, hydroxides and organic salts."""
    redox_active: bool = True
    """Whether one of `REDOX_ACTIVE` may be there."""
    least_band_gap_ev: float = 1.0
    """Smallest band gap in eV; a candidate whose source states none passes."""
    most_energy_above_hull_ev: float = 0.1
    """Largest energy above the hull, in eV for each atom; a candidate whose source states none passes."""
    outside_domain: bool = False
    """Whether the model may answer for what is unlike all that it has learned from."""
    measured: bool = False
    """Whether a composition that has been measured may be there."""
    least_distance: float = 0.02
    """Smallest distance to a measured composition, Σ|Δx| of the atomic fractions, unless `measured`; a little
    more of a dopant is no new material."""
    mixtures: bool = False
    """Whether it may be written as a mixture, such as (Li0.5La0.5TiO3)97(SiO2)3: a composite or a glass."""
    glasses: bool = False
    """Whether its source may name it a glass, which no crystal of the same composition stands for."""

    def set_aside(self, candidates: pd.DataFrame) -> list[str | None]:
        """Return why each candidate is set aside, None for those that pass.

        Args:
            candidates: columns `formula`, `band_gap_ev`, `energy_above_hull_ev`, `reported_family`,
                `outside_domain`, `measured`, `nearest_formula` and `nearest_distance`.
        """
        return ["; ".join(self._reasons(row)) or None for row in candidates.to_dict("records")]

    def _reasons(self, row: dict[Any, Any]) -> Iterator[str]:
        composition = parse_composition(row["formula"])
        yield from self._of_composition(composition)
        if row["band_gap_ev"] < self.least_band_gap_ev:
            yield f"its band gap is {row['band_gap_ev']:.2f} eV"
        if row["energy_above_hull_ev"] > self.most_energy_above_hull_ev:
            yield f"it lies {row['energy_above_hull_ev']:.2f} eV above the hull"
        if row["outside_domain"] and not self.outside_domain:
            yield "the model has learned from nothing like it"
        if row["measured"] and not self.measured:
            yield "its composition has been measured"
        elif row["nearest_distance"] < self.least_distance and not self.measured:
            yield f"it is nearly {row['nearest_formula'].strip()}, which has been measured"
        if _MIXTURE.fullmatch("".join(row["formula"].split())) and not self.mixtures:
            yield "it is written as a mixture of compounds"
        family = row["reported_family"]
        if isinstance(family, str) and "glass" in family.lower() and not self.glasses:
            yield "its source names it a glass"

    def _of_composition(self, composition: Composition) -> Iterator[str]:
        symbols = {element.symbol for element in composition.elements}
        if len(symbols) < self.least_elements:
            yield f"it has fewer than {self.least_elements} elements"
        if {"H", "O"} <= symbols and not self.hydrates:
            yield "it holds H beside O"
        if (active := sorted(symbols & REDOX_ACTIVE)) and not self.redox_active:
            yield f"{', '.join(active)} may be reduced or oxidised"
