"""Dynamics of many crystals at once at constant temperature and pressure, each cell free in shape and volume.

The equations of Martyna, Tobias and Klein (10.1063/1.467468) with Nosé-Hoover chains of three on atoms and on
cell, factored as in Martyna et al. (10.1080/00268979600100761). Each step is that of ASE's MTKNPT on a single
crystal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import torch
from ase import Atoms, units
from ase.data import atomic_masses
from torch import Tensor

from sse_assets.atomistics.batch import Outcome, UnderWay
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.guards import Deadline
from sse_assets.atomistics.npt import State
from sse_assets.atomistics.potential import Potential
from sse_assets.atomistics.settings import Conditions

_CHAIN_LENGTH = 3
_EDGE = 1 / (2 - 2 ** (1 / 3))
_FOURTH_ORDER = (_EDGE, 1 - 2 * _EDGE, _EDGE)
"""Parts of a step of a chain (Yoshida, 10.1016/0375-9601(90)90092-3)."""


class _Chain:
    """One Nosé-Hoover chain for each crystal."""

    def __init__(self, degrees: Tensor, kt: float, damping: float) -> None:
        self._degrees, self._kt = degrees, kt
        self._masses = (kt * damping**2 * torch.ones_like(degrees))[:, None].repeat(1, _CHAIN_LENGTH)
        self._masses[:, 0] *= degrees
        self.positions = torch.zeros_like(self._masses)
        self.momenta = torch.zeros_like(self._masses)

    def scale(self, twice_kinetic: Tensor, duration: float) -> Tensor:
        """Move the chains on; return the factors by which they change the momenta: (crystals,)."""
        shrunk = torch.ones_like(twice_kinetic)
        for part in _FOURTH_ORDER:
            delta = part * duration
            for link in reversed(range(_CHAIN_LENGTH)):
                self._push(link, twice_kinetic * shrunk**2, delta)
            self.positions = self.positions + delta * self.momenta / self._masses
            shrunk = shrunk * torch.exp(-delta * self.momenta[:, 0] / self._masses[:, 0])
            for link in range(_CHAIN_LENGTH):
                self._push(link, twice_kinetic * shrunk**2, delta)
        return shrunk

    def _push(self, link: int, twice_kinetic: Tensor, delta: float) -> None:
        momenta, masses = self.momenta, self._masses
        if link == 0:
            push = twice_kinetic - self._degrees * self._kt
        else:
            push = momenta[:, link - 1] ** 2 / masses[:, link - 1] - self._kt
        drag = torch.ones_like(push)
        if link < _CHAIN_LENGTH - 1:
            drag = torch.exp(-delta / 4 * momenta[:, link + 1] / masses[:, link + 1])
        momenta[:, link] = (momenta[:, link] * drag + delta / 2 * push) * drag

    def energy(self) -> Tensor:
        """Return kinetic plus potential energy of the chains in eV: (crystals,)."""
        held = self._degrees * self.positions[:, 0] + self.positions[:, 1:].sum(1)
        return (self.momenta**2 / self._masses).sum(1) / 2 + self._kt * held

    def keep(self, kept: Tensor) -> None:
        for name in ("_degrees", "_masses", "positions", "momenta"):
            setattr(self, name, getattr(self, name)[kept])


class BatchNpt:
    """Crystals that move, one time step after another."""

    def __init__(
        self,
        cells: Cells,
        momenta: Tensor,
        potential: Potential,
        conditions: Conditions,
        deadline: Deadline,
        states: Sequence[State] = (),
    ) -> None:
        """Take crystals at the start of their motion, or with the states from which they go on.

        Args:
            cells: crystals where they are.
            momenta: momenta of their atoms: (atoms, 3), in ASE's units.
            potential: potential.
            conditions: temperature and pressure.
            deadline: time at which all must be through.
            states: state of every crystal; none at the start.
        """
        kt = units.kB * conditions.temperature_k
        damping = 1000 * units.fs * conditions.barostat_damping_ps
        self._dt = conditions.timestep_fs * units.fs
        self._pressure = conditions.pressure_gpa * units.GPa
        self._momenta = momenta
        self._lattice_momenta = torch.zeros_like(cells.lattices)
        self._masses = _masses(cells)
        atoms = cells.sizes.double()
        self._lattice_mass = (atoms + 1) * kt * damping**2
        self._thermostat = _Chain(3 * atoms, kt, 1000 * units.fs * conditions.thermostat_damping_ps)
        self._barostat = _Chain(torch.full_like(atoms, 9), kt, damping)
        if states:
            for name, values in self._of_crystals().items():
                values[:] = torch.tensor([state[name] for state in states], dtype=torch.float64)
        self._rates, self._axes = self._turned()
        self.under_way = UnderWay(cells, potential, deadline)
        self._move(cells.positions, cells.lattices)

    def step(self) -> Tensor:
        """Take one time step; return a mask of the crystals that are still there: (crystals,)."""
        half = self._dt / 2
        self._scale_lattice_momenta(half)
        self._scale_momenta(half)
        self._push_lattice(half)
        self._rates, self._axes = self._turned()
        self._push_atoms(half)
        kept = self._move(*self._drift(self._dt))
        if len(self.under_way.cells):
            self._push_atoms(half)
            self._push_lattice(half)
            self._scale_momenta(half)
            self._scale_lattice_momenta(half)
        return kept

    def part_from(self, done: Tensor) -> None:
        """Let the crystals leave for which a mask (crystals,) is true."""
        owner = self.under_way.cells.owner
        self._keep(self.under_way.finish(done), owner)

    def states(self) -> list[State]:
        """Return where each crystal under way is, as `Npt.state` does for one."""
        cells = self.under_way.cells
        of_crystals = {"lattice": cells.lattices, **self._of_crystals()}
        lists = {name: values.tolist() for name, values in of_crystals.items()}
        sizes = cells.sizes.tolist()
        positions, momenta = (values.cpu().split(sizes) for values in (cells.positions, self._momenta))
        return [
            {
                "positions": positions[crystal].tolist(),
                "momenta": momenta[crystal].tolist(),
                **{name: values[crystal] for name, values in lists.items()},
            }
            for crystal in range(len(cells))
        ]

    def atoms(self) -> list[Atoms]:
        """Return the crystals under way, with their momenta."""
        cells = self.under_way.cells
        crystals = cells.to_atoms()
        for atoms, momenta in zip(crystals, self._momenta.cpu().split(cells.sizes.tolist()), strict=True):
            atoms.set_momenta(momenta.numpy())
        return crystals

    def temperatures(self) -> Tensor:
        """Return the temperature of each crystal in K: (crystals,)."""
        return self._twice_kinetic() / self.under_way.cells.sizes / (3 * units.kB)

    def pressures(self) -> Tensor:
        """Return the pressure of each crystal in GPa, kinetic part included: (crystals,)."""
        outward = self._outward() / self.under_way.cells.volumes[:, None, None]
        return outward.diagonal(dim1=1, dim2=2).mean(1) / units.GPa

    def conserved(self) -> Tensor:
        """Return the energy in eV that the equations of motion keep constant: (crystals,)."""
        lattice_kinetic = self._lattice_momenta.square().sum((1, 2)) / (2 * self._lattice_mass)
        energies = self.under_way.response.energies + self._twice_kinetic() / 2 + lattice_kinetic
        volume_work = self._pressure * self.under_way.cells.volumes
        return energies + volume_work + self._thermostat.energy() + self._barostat.energy()

    def _of_crystals(self) -> dict[str, Tensor]:
        """Return the parts of a state that are not of atoms, and whose first axis is that of the crystals."""
        return {
            "lattice_momenta": self._lattice_momenta,
            "thermostat": self._thermostat.positions,
            "thermostat_momenta": self._thermostat.momenta,
            "barostat": self._barostat.positions,
            "barostat_momenta": self._barostat.momenta,
        }

    def _move(self, positions: Tensor, lattices: Tensor) -> Tensor:
        owner = self.under_way.cells.owner
        kept = self.under_way.move(positions, lattices)
        self._keep(kept, owner)
        return kept

    def _keep(self, kept: Tensor, owner: Tensor) -> None:
        """Drop what is held on crystals that have left; `owner` is the crystal of each atom before."""
        if not bool(kept.all()):
            self._momenta, self._masses = self._momenta[kept[owner]], self._masses[kept[owner]]
            self._lattice_momenta, self._lattice_mass = self._lattice_momenta[kept], self._lattice_mass[kept]
            self._rates, self._axes = self._rates[kept], self._axes[kept]
            self._thermostat.keep(kept)
            self._barostat.keep(kept)

    def _twice_kinetic(self) -> Tensor:
        return self.under_way.cells.total((self._momenta**2 / self._masses).sum(1))

    def _outward(self) -> Tensor:
        """Return pressure times volume, kinetic part included: (crystals, 3, 3)."""
        cells = self.under_way.cells
        motion = self._momenta.unsqueeze(2) * (self._momenta / self._masses).unsqueeze(1)
        return cells.total(motion) - cells.volumes[:, None, None] * self.under_way.response.stresses

    def _scale_momenta(self, duration: float) -> None:
        scale = self._thermostat.scale(self._twice_kinetic(), duration)
        self._momenta = self._momenta * scale[self.under_way.cells.owner, None]

    def _scale_lattice_momenta(self, duration: float) -> None:
        twice_kinetic = self._lattice_momenta.square().sum((1, 2)) / self._lattice_mass
        scale = self._barostat.scale(twice_kinetic, duration)
        self._lattice_momenta = self._lattice_momenta * scale[:, None, None]

    def _push_lattice(self, duration: float) -> None:
        cells = self.under_way.cells
        inward = self._pressure * cells.volumes - self._twice_kinetic() / (3 * cells.sizes)
        identity = torch.eye(3).to(self._lattice_momenta)
        push = self._outward() - inward[:, None, None] * identity
        self._lattice_momenta = self._lattice_momenta + duration * push

    def _turned(self) -> tuple[Tensor, Tensor]:
        """Return how fast the cells grow (crystals, 3), and along which axes (crystals, 3, 3).

        Three parts of a step use them. A processor finds those of small matrices sooner than a GPU does.
        """
        rates, axes = torch.linalg.eigh(self._lattice_momenta.cpu())
        return rates.to(self._momenta), axes.to(self._momenta)

    def _push_atoms(self, duration: float) -> None:
        cells, rates, axes = self.under_way.cells, self._rates, self._axes
        drag = rates + rates.sum(1, keepdim=True) / (3 * cells.sizes[:, None])
        exponents = (-duration * drag / self._lattice_mass[:, None])[cells.owner]
        momenta = _along(self._momenta, axes, cells.owner) * exponents.exp()
        momenta += duration * _along(self.under_way.response.forces, axes, cells.owner) * _mean_exp(exponents)
        self._momenta = _along(momenta, axes.mT, cells.owner)

    def _drift(self, duration: float) -> tuple[Tensor, Tensor]:
        """Return positions and lattices after a time without forces."""
        cells, axes = self.under_way.cells, self._axes
        exponents = duration * self._rates / self._lattice_mass[:, None]
        of_atoms = exponents[cells.owner]
        positions = _along(cells.positions, axes, cells.owner) * of_atoms.exp()
        velocities = _along(self._momenta / self._masses, axes, cells.owner)
        positions += duration * velocities * _mean_exp(of_atoms)
        lattices = (cells.lattices @ axes * exponents.exp().unsqueeze(1)) @ axes.mT
        return _along(positions, axes.mT, cells.owner), lattices


@dataclass(frozen=True)
class Motion(Outcome):
    """Result of dynamics on a batch; means are over the second half, and NaN for a crystal with a flaw."""

    mean_temperatures_k: list[float]
    mean_pressures_gpa: list[float]


def move(
    cells: Cells, momenta: Tensor, potential: Potential, conditions: Conditions, deadline: Deadline
) -> Motion:
    """Move every crystal under the same conditions, from momenta (atoms, 3) in ASE's units."""
    npt = BatchNpt(cells, momenta, potential, conditions, deadline)
    means = torch.zeros(2, len(npt.under_way.cells), dtype=torch.float64, device=cells.positions.device)
    counted = 0
    for step in range(conditions.steps):
        if len(npt.under_way.cells) == 0:
            break
        means = means[:, npt.step()]
        if 2 * step >= conditions.steps:
            counted += 1
            means += (torch.stack([npt.temperatures(), npt.pressures()]) - means) / counted
    outcome = npt.under_way.outcome()
    by_crystal = torch.full((2, len(cells)), float("nan"), dtype=torch.float64)
    by_crystal[:, [flaw is None for flaw in outcome.flaws]] = means.cpu()
    temperatures, pressures = by_crystal.tolist()
    return Motion(outcome.cells, outcome.flaws, outcome.steps, temperatures, pressures)


def _masses(cells: Cells) -> Tensor:
    """Return atomic masses in u: (atoms, 1)."""
    return torch.from_numpy(atomic_masses).to(cells.positions)[cells.numbers].unsqueeze(1)


def _along(vectors: Tensor, axes: Tensor, owner: Tensor) -> Tensor:
    """Return each atom's vector (atoms, 3) along its crystal's axes, the columns of (crystals, 3, 3)."""
    return (vectors.unsqueeze(1) @ axes[owner]).squeeze(1)


def _mean_exp(exponents: Tensor) -> Tensor:
    """Return (exp(x) - 1) / x, and 1 at zero."""
    safe = torch.where(exponents == 0, 1.0, exponents)
    return torch.where(exponents == 0, 1.0, torch.expm1(safe) / safe)
