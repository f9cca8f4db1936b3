"""Dynamics of many crystals at once at constant temperature and pressure, each cell free in shape and volume.

The equations of Martyna, Tobias and Klein (10.1063/1.467468) with Nosé-Hoover chains of three on atoms and on
cell, factored as in Martyna et al. (10.1080/00268979600100761). Each step is that of ASE's MTKNPT on a single
crystal.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
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

    def __init__(self, degrees: np.ndarray, kt: float, damping: float) -> None:
        self._degrees, self._kt = degrees, kt
        self._masses = np.full((len(degrees), _CHAIN_LENGTH), kt * damping**2)
        self._masses[:, 0] *= degrees
        self.positions = np.zeros_like(self._masses)
        self.momenta = np.zeros_like(self._masses)

    def scale(self, twice_kinetic: np.ndarray, duration: float) -> np.ndarray:
        """Move the chains on; return the factors by which they change the momenta: (crystals,)."""
        shrunk = np.ones_like(twice_kinetic)
        for part in _FOURTH_ORDER:
            delta = part * duration
            for link in reversed(range(_CHAIN_LENGTH)):
                self._push(link, twice_kinetic * shrunk**2, delta)
            self.positions += delta * self.momenta / self._masses
            shrunk = shrunk * np.exp(-delta * self.momenta[:, 0] / self._masses[:, 0])
            for link in range(_CHAIN_LENGTH):
                self._push(link, twice_kinetic * shrunk**2, delta)
        return shrunk

    def _push(self, link: int, twice_kinetic: np.ndarray, delta: float) -> None:
        momenta, masses = self.momenta, self._masses
        if link == 0:
            push = twice_kinetic - self._degrees * self._kt
        else:
            push = momenta[:, link - 1] ** 2 / masses[:, link - 1] - self._kt
        if link == _CHAIN_LENGTH - 1:
            momenta[:, link] += delta / 2 * push
        else:
            drag = np.exp(-delta / 4 * momenta[:, link + 1] / masses[:, link + 1])
            momenta[:, link] = (momenta[:, link] * drag + delta / 2 * push) * drag

    def energy(self) -> np.ndarray:
        """Return kinetic plus potential energy of the chains in eV: (crystals,)."""
        held = self._degrees * self.positions[:, 0] + self.positions[:, 1:].sum(1)
        return (self.momenta**2 / self._masses).sum(1) / 2 + self._kt * held

    def keep(self, kept: np.ndarray) -> None:
        for name in ("_degrees", "_masses", "positions", "momenta"):
            setattr(self, name, getattr(self, name)[kept])


class BatchNpt:
    """Crystals that move, one time step after another.

    Atoms are on the device of the potential. Cells and chains are moved by the processor, which takes less
    time for small arrays than a GPU takes to begin.
    """

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
        self._masses = _masses(cells)
        self._sizes = cells.sizes.cpu().numpy().astype(float)
        self._lattice_momenta = np.zeros((len(cells), 3, 3))
        self._lattice_mass = (self._sizes + 1) * kt * damping**2
        self._thermostat = _Chain(3 * self._sizes, kt, 1000 * units.fs * conditions.thermostat_damping_ps)
        self._barostat = _Chain(np.full(len(cells), 9.0), kt, damping)
        if states:
            for name, values in self._of_crystals().items():
                values[:] = [state[name] for state in states]
        self._axes = self._growth = torch.empty(0)
        self.under_way = UnderWay(cells, potential, deadline)
        self._move(cells.positions, cells.lattices)
        self._look()

    def step(self) -> np.ndarray:
        """Take one time step; return a mask of the crystals that are still there: (crystals,)."""
        half = self._dt / 2
        self._scale_lattice_momenta(half)
        self._scale_momenta(half)
        self._push_lattice(half)
        self._turn()
        self._push_atoms(half)
        kept = self._move(*self._drift(self._dt))
        if kept.any():
            self._push_atoms(half)
            self._look()
            self._push_lattice(half)
            self._scale_momenta(half)
            self._scale_lattice_momenta(half)
        return kept

    def part_from(self, done: np.ndarray) -> None:
        """Let the crystals leave for which a mask (crystals,) is true."""
        owner = self.under_way.cells.owner
        self._keep(self.under_way.finish(torch.from_numpy(done).to(owner.device)), owner)
        self._look()

    def states(self) -> list[State]:
        """Return where each crystal under way is, as `Npt.state` does for one."""
        cells = self.under_way.cells
        lattices = cells.lattices.tolist()
        sizes = cells.sizes.tolist()
        positions, momenta = (values.cpu().split(sizes) for values in (cells.positions, self._momenta))
        return [
            {
                "positions": positions[crystal].tolist(),
                "momenta": momenta[crystal].tolist(),
                "lattice": lattices[crystal],
                **{name: values[crystal].tolist() for name, values in self._of_crystals().items()},
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

    def temperatures(self) -> np.ndarray:
        """Return the temperature of each crystal in K: (crystals,)."""
        return self._twice_kinetic() / self._sizes / (3 * units.kB)

    def pressures(self) -> np.ndarray:
        """Return the pressure of each crystal in GPa, kinetic part included: (crystals,)."""
        return _trace(self._outward) / 3 / self._volumes / units.GPa

    def conserved(self) -> np.ndarray:
        """Return the energy in eV that the equations of motion keep constant: (crystals,)."""
        lattice_kinetic = (self._lattice_momenta**2).sum((1, 2)) / (2 * self._lattice_mass)
        energies = self.under_way.response.energies.cpu().numpy() + self._twice_kinetic() / 2
        volume_work = self._pressure * self._volumes
        return energies + lattice_kinetic + volume_work + self._thermostat.energy() + self._barostat.energy()

    def _of_crystals(self) -> dict[str, np.ndarray]:
        """Return the parts of a state that are on the processor; their first axis is that of the crystals."""
        return {
            "lattice_momenta": self._lattice_momenta,
            "thermostat": self._thermostat.positions,
            "thermostat_momenta": self._thermostat.momenta,
            "barostat": self._barostat.positions,
            "barostat_momenta": self._barostat.momenta,
        }

    def _move(self, positions: Tensor, lattices: Tensor) -> np.ndarray:
        owner = self.under_way.cells.owner
        return self._keep(self.under_way.move(positions, lattices), owner)

    def _keep(self, kept: Tensor, owner: Tensor) -> np.ndarray:
        """Drop what is held on crystals that have left; `owner` is the crystal of each atom before."""
        here: np.ndarray = kept.cpu().numpy()
        if not here.all():
            self._momenta, self._masses = self._momenta[kept[owner]], self._masses[kept[owner]]
            if len(self._axes):
                self._axes, self._growth = self._axes[kept], self._growth[kept]
            self._lattice_momenta, self._lattice_mass = self._lattice_momenta[here], self._lattice_mass[here]
            self._sizes = self._sizes[here]
            self._thermostat.keep(here)
            self._barostat.keep(here)
        return here

    def _look(self) -> None:
        """Read what the processor needs of the atoms, all at once."""
        cells = self.under_way.cells
        motion = self._momenta.unsqueeze(2) * (self._momenta / self._masses).unsqueeze(1)
        inward = cells.volumes[:, None, None] * self.under_way.response.stresses
        self._motion, self._inward = torch.stack([cells.total(motion), inward]).cpu().numpy()
        self._volumes = cells.volumes.cpu().numpy()

    @property
    def _outward(self) -> np.ndarray:
        """Pressure times volume, kinetic part included: (crystals, 3, 3)."""
        outward: np.ndarray = self._motion - self._inward
        return outward

    def _twice_kinetic(self) -> np.ndarray:
        return _trace(self._motion)

    def _scale_momenta(self, duration: float) -> None:
        scale = self._thermostat.scale(self._twice_kinetic(), duration)
        self._motion = self._motion * scale[:, None, None] ** 2
        self._momenta = self._momenta * self._sent(scale)[self.under_way.cells.owner, None]

    def _scale_lattice_momenta(self, duration: float) -> None:
        twice_kinetic = (self._lattice_momenta**2).sum((1, 2)) / self._lattice_mass
        self._lattice_momenta *= self._barostat.scale(twice_kinetic, duration)[:, None, None]

    def _push_lattice(self, duration: float) -> None:
        inward = self._pressure * self._volumes - self._twice_kinetic() / (3 * self._sizes)
        self._lattice_momenta += duration * (self._outward - inward[:, None, None] * np.eye(3))

    def _turn(self) -> None:
        """Find how fast the cells grow (crystals, 3), and along which axes (crystals, 3, 3)."""
        rates, axes = np.linalg.eigh(self._lattice_momenta)
        self._growth, self._axes = self._sent(rates / self._lattice_mass[:, None]), self._sent(axes)

    def _push_atoms(self, duration: float) -> None:
        cells, growth, axes = self.under_way.cells, self._growth, self._axes
        drag = growth + growth.sum(1, keepdim=True) / (3 * cells.sizes[:, None])
        exponents = (-duration * drag)[cells.owner]
        momenta = _along(self._momenta, axes, cells.owner) * exponents.exp()
        momenta += duration * _along(self.under_way.response.forces, axes, cells.owner) * _mean_exp(exponents)
        self._momenta = _along(momenta, axes.mT, cells.owner)

    def _drift(self, duration: float) -> tuple[Tensor, Tensor]:
        """Return positions and lattices after a time without forces."""
        cells, axes = self.under_way.cells, self._axes
        exponents = duration * self._growth
        of_atoms = exponents[cells.owner]
        positions = _along(cells.positions, axes, cells.owner) * of_atoms.exp()
        velocities = _along(self._momenta / self._masses, axes, cells.owner)
        positions += duration * velocities * _mean_exp(of_atoms)
        lattices = (cells.lattices @ axes * exponents.exp().unsqueeze(1)) @ axes.mT
        return _along(positions, axes.mT, cells.owner), lattices

    def _sent(self, values: np.ndarray) -> Tensor:
        return torch.from_numpy(values).to(self._momenta.device)


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
    means = np.zeros((2, len(npt.under_way.cells)))
    counted = 0
    for step in range(conditions.steps):
        if len(npt.under_way.cells) == 0:
            break
        means = means[:, npt.step()]
        if 2 * step >= conditions.steps:
            counted += 1
            means += (np.stack([npt.temperatures(), npt.pressures()]) - means) / counted
    outcome = npt.under_way.outcome()
    by_crystal = np.full((2, len(cells)), np.nan)
    by_crystal[:, [flaw is None for flaw in outcome.flaws]] = means
    temperatures, pressures = by_crystal.tolist()
    return Motion(outcome.cells, outcome.flaws, outcome.steps, temperatures, pressures)


def _trace(matrices: np.ndarray) -> np.ndarray:
    trace: np.ndarray = np.trace(matrices, axis1=1, axis2=2)
    return trace


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
