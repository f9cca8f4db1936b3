"""Lower bounds of the cost of a composition from others of the same ions that were placed before it.

The cost on a prototype is that of a linear program, and so a convex function of the amounts. It lies nowhere
below the plane that touches it at one composition. In a series of doped compounds a few planes say which
prototypes are too costly for all of them.
"""

from collections import defaultdict
from dataclasses import dataclass, field

import numpy as np

from sse_assets.prototypes.ions import Ion
from sse_assets.prototypes.mapping import Mapping, Target


@dataclass
class Tangents:
    """Planes that touch the costs on prototypes, by the ions that are placed."""

    _planes: dict[tuple[Ion, ...], list[tuple[int, np.ndarray]]] = field(
        default_factory=lambda: defaultdict(list)
    )
    """Number of the prototype; slopes of the plane, and its height where there are no atoms."""

    def add(self, mapping: Mapping, number: int) -> None:
        """Keep the plane that touches the cost on a prototype at a placed composition."""
        height = mapping.cost - mapping.slopes @ mapping.target.per_anion
        plane = np.append(mapping.slopes, height)
        self._planes[tuple(mapping.target.ions.values())].append((number, plane))

    def bounds(self, target: Target, n_prototypes: int) -> np.ndarray:
        """Return a cost for each anion that no placement is below, shape (n_prototypes,).

        It is -inf where nothing is known.
        """
        bounds = np.full(n_prototypes, -np.inf)
        if planes := self._planes.get(tuple(target.ions.values())):
            numbers, heights = zip(*planes, strict=True)
            np.maximum.at(bounds, list(numbers), np.array(heights) @ np.append(target.per_anion, 1.0))
        return bounds
