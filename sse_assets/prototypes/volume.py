"""Volume of a crystal from its composition alone: one volume for each element."""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Self

import numpy as np
from pymatgen.core import Composition
from scipy.optimize import nnls

_USUAL_A3 = 15.0
"""Volume of an atom towards which the elements of few crystals are drawn."""
_STRENGTH = 0.02
"""How strongly they are drawn, as the relative error that counts as much as that of one crystal."""
_DECIMALS = 6
"""Decimals of a volume in Å³: the order of the crystals changes the last bits and must make no other cell."""


@dataclass(frozen=True)
class VolumeModel:
    """Volumes of the elements that add up to those of crystals."""

    volumes: dict[str, float]
    """Å³ for an atom, by element symbol."""

    @classmethod
    def fit(cls, crystals: Iterable[tuple[Composition, float]]) -> Self:
        """Fit by non-negative least squares of the relative errors.

        Args:
            crystals: content of a cell and its volume in Å³.
        """
        cells = list(crystals)
        if not cells:
            return cls({})
        symbols = sorted({element.symbol for content, _ in cells for element in content.elements})
        per_volume = np.array([[content[symbol] / volume for symbol in symbols] for content, volume in cells])
        drawn = _STRENGTH * np.eye(len(symbols))
        volumes, _ = nnls(
            np.vstack([per_volume, drawn / _USUAL_A3]),
            np.concatenate([np.ones(len(cells)), np.full(len(symbols), _STRENGTH)]),
        )
        return cls(dict(zip(symbols, volumes.round(_DECIMALS).tolist(), strict=True)))

    def unknown(self, composition: Composition) -> list[str]:
        """Return the elements of which the model has no volume."""
        return [element.symbol for element in composition.elements if element.symbol not in self.volumes]

    def predict(self, composition: Composition) -> float:
        """Return the volume in Å³; an element that the model does not know counts as a usual atom."""
        return sum(
            amount * self.volumes.get(element.symbol, _USUAL_A3) for element, amount in composition.items()
        )
