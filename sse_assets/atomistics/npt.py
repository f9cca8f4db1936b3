"""Dynamics of one crystal at constant temperature and pressure: ASE's, as it can be stopped and taken up."""

from typing import Any

import numpy as np
from ase import Atoms, units
from ase.md.nose_hoover_chain import MTKNPT
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from sse_assets.atomistics.settings import Conditions


class Npt(MTKNPT):  # type: ignore[misc]  # ASE is untyped here
    """ASE's Martyna-Tobias-Klein dynamics (chains of three, the whole cell free; LAMMPS's `fix npt tri`)."""

    def __init__(self, atoms: Atoms, conditions: Conditions) -> None:
        super().__init__(
            atoms,
            timestep=conditions.timestep_fs * units.fs,
            temperature_K=conditions.temperature_k,
            pressure_au=conditions.pressure_gpa * units.GPa,
            tdamp=1000 * conditions.thermostat_damping_ps * units.fs,
            pdamp=1000 * conditions.barostat_damping_ps * units.fs,
        )

    def state(self) -> dict[str, Any]:
        """All that the next step depends on, as lists of numbers; JSON keeps every bit of them."""
        arrays = {
            "positions": self._q,
            "momenta": self._p,
            "lattice": self._h,
            "lattice_momenta": self._p_g,
            "thermostat": self._thermostat._eta,
            "thermostat_momenta": self._thermostat._p_eta,
            "barostat": self._barostat._xi,
            "barostat_momenta": self._barostat._p_xi,
        }
        return {name: np.asarray(values).tolist() for name, values in arrays.items()}

    def restore(self, state: dict[str, Any]) -> None:
        """Go back to what `state` gave."""
        self._q, self._p = np.array(state["positions"]), np.array(state["momenta"])
        self._h, self._p_g = np.array(state["lattice"]), np.array(state["lattice_momenta"])
        self._thermostat._eta = np.array(state["thermostat"])
        self._thermostat._p_eta = np.array(state["thermostat_momenta"])
        self._barostat._xi = np.array(state["barostat"])
        self._barostat._p_xi = np.array(state["barostat_momenta"])
        self._update_atoms()


def set_velocities(atoms: Atoms, temperature_k: float, seed: int) -> None:
    """Maxwell-Boltzmann velocities at a temperature, the crystal as a whole at rest."""
    thermalize_momenta(atoms, temperature_k, rng=np.random.default_rng(seed))
    Stationary(atoms)


def kinetic_pressure_gpa(atoms: Atoms) -> float:
    """The pressure of a moving crystal: of its forces and of its motion."""
    return float(-atoms.get_stress(voigt=False, include_ideal_gas=True).trace() / 3 / units.GPa)
