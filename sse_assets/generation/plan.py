"""Composition, cell size and replicate of a search."""

from dataclasses import dataclass

from pymatgen.core import Composition


@dataclass(frozen=True)
class Plan:
    """Composition, cell size and replicate of one search."""

    formula: str
    """Integer formula of one formula unit (Z = 1)."""
    z: int
    replicate: int

    @property
    def name(self) -> str:
        """Name of the search within its composition."""
        return f"z{self.z}-r{self.replicate}"

    @property
    def composition(self) -> Composition:
        """Composition of the whole cell."""
        return Composition(self.formula) * self.z
