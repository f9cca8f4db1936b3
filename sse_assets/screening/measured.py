"""Measured materials, to find those that are most like the one that is asked about."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, Self

import numpy as np
import pandas as pd
from pymatgen.core import Composition
from scipy.spatial.distance import cdist

from sse_assets.materials.formula import composition_key, element_fractions
from sse_assets.materials.pettifor import MODIFIED_PETTIFOR_SCALE
from sse_assets.screening.answer import Measured
from sse_assets.tables.names import StructureOrigin

N_NEAREST = 5
_SAME_FAMILY = 0.3
"""Distance up to which a material is taken for one of the same family; Li6PS5Cl and Li5.5PS4.5Cl1.5 are 0.15
apart."""
_ROWS_AT_A_TIME = 1000
_PLACES = {symbol: place for place, symbol in enumerate(MODIFIED_PETTIFOR_SCALE)}
_KEY_PART = re.compile(r"([A-Z][a-z]?)([0-9.]+)")


@dataclass(frozen=True)
class MeasuredMaterials:
    """Every measurement that is curated, the rows with a crystal first."""

    rows: tuple[Measured, ...]
    families: tuple[str | None, ...]
    keys: tuple[str, ...]
    """Composition key of each row."""
    fractions: np.ndarray
    """Atomic fractions of each row to three decimals, shape (n, n_elements)."""

    @classmethod
    def of(cls, electrolytes: pd.DataFrame, trained: Collection[str] | None) -> Self:
        """Take the rows of tables.

        Args:
            electrolytes: columns electrolyte_id, formula, composition_key, sigma_s_cm, censored, doi, family,
                space_group, structure_origin and structure_path. A prototype counts as no crystal.
            trained: ids of the rows that the model has learned from; None for all of them.
        """
        inferred = electrolytes["structure_origin"] == StructureOrigin.PROTOTYPE
        paths = electrolytes["structure_path"].mask(inferred)
        table = electrolytes.assign(structure_path=paths).sort_values("structure_path", kind="stable")
        records = table.astype(object).where(table.notna(), None).to_dict("records")
        rows = tuple(_measured(row, trained is None or row["electrolyte_id"] in trained) for row in records)
        keys = tuple(row["composition_key"] for row in records)
        # The key tells the fractions to three decimals, and is read in a tenth of the time of a formula.
        fractions = _table([dict(_KEY_PART.findall(key)) for key in keys])
        return cls(rows, tuple(row["family"] for row in records), keys, fractions)

    def nearest(self, compositions: Sequence[Composition], n: int = N_NEAREST) -> list[tuple[Measured, ...]]:
        """Return the `n` measurements most like each composition, and all of the very same composition.

        Those of the same composition come first, then the others by the sum of the differences in atomic
        fractions. Where two are as far, the one with a crystal is first.
        """
        found: list[tuple[Measured, ...]] = []
        keys = np.array(self.keys, dtype=object)
        for start in range(0, len(compositions), _ROWS_AT_A_TIME):
            part = compositions[start : start + _ROWS_AT_A_TIME]
            rows = fraction_table(part)
            for composition, distances in zip(part, cdist(rows, self.fractions, "cityblock"), strict=True):
                same = keys == composition_key(composition)
                order = np.lexsort((np.arange(len(keys)), distances.round(2), ~same))
                taken = order[: max(n, int(same.sum()))]
                found.append(
                    tuple(
                        replace(
                            self.rows[place],
                            distance=float(distances[place]),
                            same_composition=bool(same[place]),
                        )
                        for place in taken
                    )
                )
        return found

    def family_of(self, nearest: Sequence[Measured]) -> str | None:
        """Return the family of the nearest measured material that has one; None if none is near."""
        for row in nearest:
            if row.distance <= _SAME_FAMILY and (family := self._by_id[row.electrolyte_id]) is not None:
                return family
        return None

    @cached_property
    def _by_id(self) -> dict[str, str | None]:
        """Family of each row."""
        return dict(zip((row.electrolyte_id for row in self.rows), self.families, strict=True))


def _measured(row: Mapping[Any, Any], trained: bool) -> Measured:
    return Measured(
        row["electrolyte_id"],
        row["formula"].strip("'\""),
        row["sigma_s_cm"],
        row["censored"],
        row["doi"],
        row["space_group"],
        row["structure_path"],
        distance=0.0,
        same_composition=True,
        trained=trained,
    )


def fraction_table(compositions: Sequence[Composition]) -> np.ndarray:
    """Return atomic fractions, one column an element, shape (n, n_elements)."""
    return _table([element_fractions(composition) for composition in compositions])


def _table(fractions: Sequence[Mapping[str, float | str]]) -> np.ndarray:
    """Lay out atomic fractions by element, shape (n, n_elements)."""
    table = np.zeros((len(fractions), len(_PLACES)))
    for row, of_row in zip(table, fractions, strict=True):
        for symbol, fraction in of_row.items():
            row[_PLACES[symbol]] = fraction
    return table
