"""Descriptors as the rows of numbers that the kernels compare."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
import pandas as pd

from sse_assets.materials.pettifor import MODIFIED_PETTIFOR_SCALE

_N_ELEMENTS = len(MODIFIED_PETTIFOR_SCALE)
_CLIP = 4.0
"""Z-scores beyond ± 4 count as ± 4, so that one odd number does not make a material unlike all others."""


@dataclass(frozen=True)
class Inputs:
    """How descriptors become inputs: the layout, and the z-scores of the rows that train.

    The city-block distance between two rows is, over each block, a distance that has a name:

    - fractions: Σ|Δx| over the elements, from 0 to 2;
    - cumulative: the earth mover's distance of the two compositions on the modified Pettifor scale, in steps
      of the scale (ElMD; Hargreaves et al., Chem. Mater. 32, 10610, 2020), for in one dimension that
      distance is the area between the two cumulative sums;
    - chemistry, cell: the mean of |Δz|.
    """

    chemistry: tuple[str, ...]
    """Columns of the chemistry block; may be empty."""
    cell: tuple[str, ...]
    """Columns of the cell block; may be empty."""
    mean: np.ndarray
    """Over the rows that train, of chemistry and then cell, shape (n_columns,)."""
    scale: np.ndarray
    """Standard deviation likewise, 1 where it is zero."""

    @classmethod
    def fit(cls, features: pd.DataFrame, chemistry: Sequence[str], cell: Sequence[str]) -> Self:
        """Take the z-scores from the rows that train."""
        values = features[[*chemistry, *cell]].to_numpy(dtype=float)
        scale = values.std(axis=0)
        return cls(tuple(chemistry), tuple(cell), values.mean(axis=0), np.where(scale > 0, scale, 1.0))

    @property
    def blocks(self) -> dict[str, tuple[int, int]]:
        """First column, and one past the last, of each block."""
        chemistry = 2 * _N_ELEMENTS + len(self.chemistry)
        return {
            "fractions": (0, _N_ELEMENTS),
            "cumulative": (_N_ELEMENTS, 2 * _N_ELEMENTS),
            "chemistry": (2 * _N_ELEMENTS, chemistry),
            "cell": (chemistry, chemistry + len(self.cell)),
        }

    @property
    def paper_column(self) -> int:
        """Column of the paper's number, the last."""
        return self.blocks["cell"][1]

    def rows(self, features: pd.DataFrame, papers: np.ndarray | None = None) -> np.ndarray:
        """Lay out the rows, shape (n, paper_column + 1).

        Args:
            features: one column an element symbol (atomic fraction; an element without a column is absent),
                and those of the chemistry and the cell.
            papers: number of each row's paper, shape (n,); by default each row is of a new one.

        Raises:
            ValueError: if a column of chemistry or cell is missing or holds NaN; impute first.
        """
        needed = [*self.chemistry, *self.cell]
        missing = [name for name in needed if name not in features]
        if missing:
            raise ValueError(f"the process needs features that the table lacks: {', '.join(missing)}")
        values = features[needed].to_numpy(dtype=float)
        if np.isnan(values).any():
            raise ValueError("a chemistry or cell number is unknown: impute it from the composition first")
        z = np.clip((values - self.mean) / self.scale, -_CLIP, _CLIP)
        n_chemistry = len(self.chemistry)
        fractions = features.reindex(columns=list(MODIFIED_PETTIFOR_SCALE), fill_value=0.0).to_numpy(float)
        return np.column_stack(
            [
                fractions,
                np.cumsum(fractions, axis=1),
                z[:, :n_chemistry] / max(n_chemistry, 1),
                z[:, n_chemistry:] / max(len(self.cell), 1),
                np.full(len(features), -1.0) if papers is None else papers,
            ]
        )


def paper_numbers(dois: pd.Series) -> np.ndarray:
    """Number the papers; a row without one, or one that names several, keeps to itself: −1."""
    plain = dois.astype("str").str.strip().str.lower()
    plain = plain.mask(dois.isna() | (plain == "") | plain.str.contains("|", regex=False))
    return pd.factorize(plain)[0].astype(float)
