"""Atoms and cells of many crystals relaxed at once, by FIRE (10.1103/PhysRevLett.97.170201)."""

from dataclasses import dataclass, fields

import torch
from ase import units
from torch import Tensor

from sse_assets.atomistics.batch import Outcome, UnderWay
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import Deadline
from sse_assets.atomistics.one_by_one import LONGEST_STEP_A
from sse_assets.atomistics.potential import Potential

# ASE's values, so that a batch takes the steps that single crystals would.
_START_STEP, _LONGEST_STEP = 0.1, 1.0
_GROWTH, _SHRINKAGE = 1.1, 0.5
_START_MIXING, _MIXING_DECAY = 0.1, 0.99
_DOWNHILL_STEPS = 5


@dataclass
class _Inertia:
    """Memory of FIRE on each crystal; the cell counts as three more atoms."""

    atoms: Tensor
    """Velocities: (atoms, 3)."""
    cell: Tensor
    """Velocities of the strain times the number of atoms: (crystals, 3, 3)."""
    step: Tensor
    """Time step: (crystals,)."""
    mixing: Tensor
    """Share of the force's direction in the velocity: (crystals,)."""
    downhill: Tensor
    """Number of steps since it last went uphill: (crystals,)."""

    @classmethod
    def at_rest(cls, cells: Cells) -> "_Inertia":
        each = torch.ones_like(cells.volumes)
        return cls(
            torch.zeros_like(cells.positions),
            torch.zeros_like(cells.lattices),
            _START_STEP / _SHRINKAGE * each,  # a crystal at rest counts as one that went uphill
            _START_MIXING * each,
            0 * each,
        )

    def only(self, kept: Tensor, owner: Tensor) -> "_Inertia":
        values = {field.name: getattr(self, field.name) for field in fields(self)}
        return _Inertia(
            **{name: value[kept[owner] if name == "atoms" else kept] for name, value in values.items()}
        )


def relax(
    cells: Cells,
    potential: Potential,
    *,
    pressure_gpa: float,
    max_force_ev_a: float,
    max_steps: int,
    deadline: Deadline,
) -> Outcome:
    """Minimise the enthalpy of each crystal, until no force on an atom or a cell is above `max_force_ev_a`.

    The force on a cell is the virial minus that of the pressure, over the number of atoms, as in the Fréchet
    filter of ASE. Each step strains the present cell, not a reference cell: the path differs from ASE's, and
    the minimum is the same.
    """
    under_way = UnderWay(cells, potential, deadline)
    inertia = _Inertia.at_rest(cells)
    positions, lattices = cells.positions, cells.lattices
    for step in range(max_steps + 1):
        owner = under_way.cells.owner
        kept = under_way.move(positions, lattices)
        inertia = inertia.only(kept, owner)
        if len(under_way.cells) == 0:
            break
        forces, pulls = _generalised_forces(under_way, pressure_gpa)
        owner = under_way.cells.owner
        largest = torch.zeros_like(under_way.cells.volumes)
        largest = largest.scatter_reduce(0, owner, forces.norm(dim=1), "amax")
        kept = under_way.finish(torch.maximum(largest, pulls.norm(dim=2).amax(1)) < max_force_ev_a)
        if step == max_steps or len(under_way.cells) == 0:
            break
        inertia = inertia.only(kept, owner)
        positions, lattices = _step(under_way.cells, forces[kept[owner]], pulls[kept], inertia)
    return under_way.outcome()


def _generalised_forces(under_way: UnderWay, pressure_gpa: float) -> tuple[Tensor, Tensor]:
    """Return forces on atoms (atoms, 3), and on strains over the number of atoms (crystals, 3, 3); eV/Å."""
    cells, response = under_way.cells, under_way.response
    outward = -response.stresses - pressure_gpa * units.GPa * torch.eye(3).to(response.stresses)
    return response.forces, outward * (cells.volumes / cells.sizes)[:, None, None]


def _step(cells: Cells, forces: Tensor, pulls: Tensor, inertia: _Inertia) -> tuple[Tensor, Tensor]:
    """Return new positions and lattices, and change `inertia`."""
    owner = cells.owner

    def dot(atoms: Tensor, cell: Tensor, other_atoms: Tensor, other_cell: Tensor) -> Tensor:
        return cells.total((atoms * other_atoms).sum(1)) + (cell * other_cell).sum((1, 2))

    power = dot(forces, pulls, inertia.atoms, inertia.cell)
    force = dot(forces, pulls, forces, pulls).sqrt()
    speed = dot(inertia.atoms, inertia.cell, inertia.atoms, inertia.cell).sqrt()
    falling = power > 0
    # Downhill the velocity turns towards the force, uphill it is forgotten.
    kept = torch.where(falling, 1 - inertia.mixing, 0.0)
    turned = torch.where(falling, inertia.mixing * speed / force, 0.0)
    faster = falling & (inertia.downhill > _DOWNHILL_STEPS)
    grown = torch.where(faster, (inertia.step * _GROWTH).clamp(max=_LONGEST_STEP), inertia.step)
    inertia.step = torch.where(falling, grown, inertia.step * _SHRINKAGE)
    inertia.mixing = torch.where(faster, inertia.mixing * _MIXING_DECAY, inertia.mixing)
    inertia.mixing = torch.where(falling, inertia.mixing, _START_MIXING)
    inertia.downhill = torch.where(falling, inertia.downhill + 1, 0.0)

    along = turned + inertia.step
    inertia.atoms = kept[owner, None] * inertia.atoms + along[owner, None] * forces
    inertia.cell = kept[:, None, None] * inertia.cell + along[:, None, None] * pulls
    length = inertia.step * dot(inertia.atoms, inertia.cell, inertia.atoms, inertia.cell).sqrt()
    stride = inertia.step * (LONGEST_STEP_A / length).clamp(max=1.0)
    strain = torch.matrix_exp((stride / cells.sizes)[:, None, None] * inertia.cell)
    positions = (cells.positions.unsqueeze(1) @ strain[owner]).squeeze(1)
    return positions + stride[owner, None] * inertia.atoms, cells.lattices @ strain
