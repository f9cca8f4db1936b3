"""Atoms and cells of many crystals relaxed at once, by FIRE (10.1103/PhysRevLett.97.170201).

Every test and every step is one operation on the whole batch, and no number of a single crystal is read back.
"""

import time
from collections.abc import Sequence
from dataclasses import dataclass, fields

import torch
from ase import Atoms, units
from torch import Tensor

from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import judged, response_flaws, shape_flaws, well_shaped
from sse_assets.atomistics.one_by_one import LONGEST_STEP_A
from sse_assets.atomistics.potential import Potential, Response

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

    def joined_by(self, others: "_Inertia") -> "_Inertia":
        names = [field.name for field in fields(self)]
        return _Inertia(**{name: torch.cat([getattr(self, name), getattr(others, name)]) for name in names})


@dataclass(frozen=True)
class Relaxed:
    """Crystals that leave a relaxation at the same step."""

    keys: list[int]
    """Keys under which they joined."""
    cells: Cells
    response: Response
    """Response where they are; it says nothing on a crystal with a flaw."""
    flaws: list[str | None]
    """Sentence on why a crystal had to leave; None where it went through."""
    steps: list[int]
    """Number of evaluations of the forces of each crystal."""


@dataclass
class _UnderWay:
    """Crystals on their way down."""

    keys: list[int]
    cells: Cells
    inertia: _Inertia
    steps: Tensor
    """Number of evaluations of the forces: (crystals,), int64."""
    most_steps: Tensor
    """Largest number of steps: (crystals,), int64."""
    begun: Tensor
    """Time in s at which they joined: (crystals,)."""

    def only(self, kept: Tensor) -> "_UnderWay":
        return _UnderWay(
            [key for key, stays in zip(self.keys, kept.tolist(), strict=True) if stays],
            self.cells.only(kept),
            self.inertia.only(kept, self.cells.owner),
            self.steps[kept],
            self.most_steps[kept],
            self.begun[kept],
        )

    def joined_by(self, others: "_UnderWay") -> "_UnderWay":
        return _UnderWay(
            self.keys + others.keys,
            self.cells.joined_by(others.cells),
            self.inertia.joined_by(others.inertia),
            torch.cat([self.steps, others.steps]),
            torch.cat([self.most_steps, others.most_steps]),
            torch.cat([self.begun, others.begun]),
        )


class Relaxation:
    """Minimisation of the enthalpies of many crystals; any may join at any time, and each leaves when done.

    A crystal is done once no force on an atom or on the cell is above `max_force_ev_a`. The force on a cell
    is the virial minus that of the pressure, over the number of atoms, as in the Fréchet filter of ASE. Each
    step strains the present cell, not a reference cell: the path differs from ASE's, and the minimum is the
    same.
    """

    def __init__(
        self, potential: Potential, *, pressure_gpa: float, max_force_ev_a: float, time_limit_s: float
    ) -> None:
        self._potential = potential
        self._pressure_gpa, self._max_force_ev_a = pressure_gpa, max_force_ev_a
        self._time_limit_s = time_limit_s
        self._under_way: _UnderWay | None = None

    @property
    def keys(self) -> list[int]:
        """Keys of the crystals under way."""
        return self._under_way.keys if self._under_way is not None else []

    def join(self, keys: Sequence[int], crystals: Sequence[Atoms], most_steps: Sequence[int]) -> None:
        """Take crystals whose shape CHGNet can judge, each with the largest number of its steps."""
        cells = Cells.of(crystals, self._potential.device)
        device = cells.owner.device
        others = _UnderWay(
            list(keys),
            cells,
            _Inertia.at_rest(cells),
            torch.zeros(len(cells), dtype=torch.int64, device=device),
            torch.tensor(most_steps, device=device),
            torch.full_like(cells.volumes, time.monotonic()),
        )
        self._under_way = others if self._under_way is None else self._under_way.joined_by(others)

    def forget(self) -> None:
        """Part from all crystals under way."""
        self._under_way = None

    def step(self) -> Relaxed | None:
        """Take one step with all crystals; return those that leave, None if all stay.

        The only values that are read back from the device are two flags, unless a crystal leaves.
        """
        under_way = self._under_way
        assert under_way is not None, "no crystal has joined"
        cells = under_way.cells
        response = self._potential(cells)
        under_way.steps += 1
        forces, pulls = _generalised_forces(cells, response, self._pressure_gpa)
        largest = torch.zeros_like(cells.volumes).scatter_reduce(0, cells.owner, forces.norm(dim=1), "amax")
        largest = torch.maximum(largest, pulls.norm(dim=2).amax(1))
        answered = judged(cells, response)
        done = answered & (
            (largest < self._max_force_ev_a) | (under_way.steps > under_way.most_steps)  # after the last step
        )
        late = ~done & (time.monotonic() - under_way.begun > self._time_limit_s)
        leaving = done | late | ~answered
        moved = _step(cells, forces, pulls, under_way.inertia, still=leaving)
        misshapen = ~well_shaped(moved)
        under_way.cells = moved
        if not bool((leaving | misshapen).any()):
            return None
        gone = leaving | misshapen
        left = under_way.only(gone)
        answers = response.only(gone, cells.owner)
        flaws = [
            f"the evaluation took longer than {self._time_limit_s:.0f} s" if too_late else flaw or shape
            for too_late, flaw, shape in zip(
                late[gone].tolist(),
                response_flaws(left.cells, answers),
                shape_flaws(left.cells),
                strict=True,
            )
        ]
        self._under_way = None if bool(gone.all()) else under_way.only(~gone)
        return Relaxed(left.keys, left.cells, answers, flaws, left.steps.tolist())


def _generalised_forces(cells: Cells, response: Response, pressure_gpa: float) -> tuple[Tensor, Tensor]:
    """Return forces on atoms (atoms, 3), and on strains over the number of atoms (crystals, 3, 3); eV/Å."""
    pressure = pressure_gpa * units.GPa * torch.eye(3).to(response.stresses)
    outward = -response.stresses - pressure
    return response.forces, outward * (cells.volumes / cells.sizes)[:, None, None]


def _step(cells: Cells, forces: Tensor, pulls: Tensor, inertia: _Inertia, still: Tensor) -> Cells:
    """Return the crystals after one step, those of the mask `still` where they are; change `inertia`."""
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
    # The strain of a crystal whose forces are no numbers must not reach matrix_exp, which may never end.
    moving = (stride / cells.sizes)[:, None, None] * inertia.cell
    strain = torch.matrix_exp(torch.where(still[:, None, None], 0.0, moving))
    positions = (cells.positions.unsqueeze(1) @ strain[owner]).squeeze(1) + stride[
        owner, None
    ] * inertia.atoms
    positions = torch.where(still[owner, None], cells.positions, positions)
    return cells.moved(positions, cells.lattices @ strain)
