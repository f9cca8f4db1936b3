"""CHGNet for ASE: the project's potential, one crystal at a time, under guard."""

import time
from collections.abc import Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import UnfitCrystalError, require_finite, require_shape
from sse_assets.atomistics.potential import ChgnetPotential


class ChgnetCalculator(Calculator):  # type: ignore[misc]  # ASE is untyped here
    """Raises UnfitCrystalError, from whatever drives it, once the crystal is none or its time is up."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def __init__(self, potential: ChgnetPotential, time_limit_s: float = float("inf")) -> None:
        super().__init__()
        self._potential = potential
        self._time_limit_s = time_limit_s
        self._start = time.monotonic()
        self.steps = 0
        """How many times it was asked."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] | None = None,
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """ASE's hook: fills `results` for `atoms`."""
        super().calculate(atoms, properties, system_changes)
        require_shape(self.atoms.cell.array, self.atoms.positions)
        if time.monotonic() - self._start > self._time_limit_s:
            raise UnfitCrystalError(f"the evaluation took longer than {self._time_limit_s:.0f} s")
        response = self._potential(Cells.of([self.atoms], self._potential.device))
        self.steps += 1
        if bool(response.isolated[0]):
            raise UnfitCrystalError(f"an atom has no neighbour within {self._potential.reach_a:.0f} Å")
        energy, forces = float(response.energies[0]), response.forces.cpu().numpy()
        stress = response.stresses[0].cpu().numpy()
        require_finite(energy, forces, stress)
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": forces,
            "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        }
