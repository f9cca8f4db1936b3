"""The potential as a calculator for ASE, one crystal at a time and under guard."""

from collections.abc import Sequence

from ase import Atoms
from ase.calculators.calculator import Calculator, all_changes

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import Deadline, UnfitCrystalError, response_flaws, shape_flaws
from sse_assets.atomistics.potential import Potential


class GuardedCalculator(Calculator):  # type: ignore[misc]  # ASE is untyped here
    """Calculator that raises UnfitCrystalError once the crystal cannot be judged or its time is up."""

    implemented_properties = ("energy", "free_energy", "forces", "stress")

    def __init__(self, potential: Potential, time_limit_s: float = float("inf")) -> None:
        super().__init__()
        self._potential = potential
        self._deadline = Deadline(time_limit_s)
        self.steps = 0
        """Number of evaluations so far."""

    def calculate(
        self,
        atoms: Atoms | None = None,
        properties: Sequence[str] | None = None,
        system_changes: Sequence[str] = all_changes,
    ) -> None:
        """Fill `results` for `atoms`, as ASE asks for it."""
        super().calculate(atoms, properties, system_changes)
        cells = Cells.of([self.atoms], self._potential.device)
        _refuse([self._deadline.flaw, *shape_flaws(cells)])
        response = self._potential(cells)
        self.steps += 1
        _refuse(response_flaws(cells, response))
        energy, stress = float(response.energies[0]), response.stresses[0].cpu().numpy()
        self.results = {
            "energy": energy,
            "free_energy": energy,
            "forces": response.forces.cpu().numpy(),
            "stress": stress[[0, 1, 2, 1, 0, 0], [0, 1, 2, 2, 2, 1]],
        }


def _refuse(flaws: list[str | None]) -> None:
    for flaw in flaws:
        if flaw is not None:
            raise UnfitCrystalError(flaw)
