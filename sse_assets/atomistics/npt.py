"""Dynamics of one crystal at constant temperature and pressure, by ASE, with a state to go on from."""

from typing import Any

import numpy as np
from ase import Atoms, units
from ase.md.nose_hoover_chain import MTKNPT
from ase.md.velocitydistribution import Stationary, thermalize_momenta

from sse_assets.atomistics.settings import Conditions

State = dict[str, Any]
"""All that the next step of a crystal depends on, as lists of numbers; JSON keeps every bit of them."""


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

    def state(self) -> State:
        """Return where the run is; a batch goes on from it too (`batch_npt`)."""
        return {name: np.asarray(getattr(*place)).tolist() for name, place in self._places().items()}

    def restore(self, state: State) -> None:
        """Go back to a state."""
        for name, place in self._places().items():
            setattr(*place, np.array(state[name]))
        self._update_atoms()

    def _places(self) -> dict[str, tuple[object, str]]:
        """Return the object and the attribute that hold each part of the state."""
        return {
            "positions": (self, "_q"),
            "momenta": (self, "_p"),
            "lattice": (self, "_h"),
            "lattice_momenta": (self, "_p_g"),
            "thermostat": (self._thermostat, "_eta"),
            "thermostat_momenta": (self._thermostat, "_p_eta"),
            "barostat": (self._barostat, "_xi"),
            "barostat_momenta": (self._barostat, "_p_xi"),
        }


def set_velocities(atoms: Atoms, temperature_k: float, seed: int) -> None:
    """Draw Maxwell-Boltzmann velocities at a temperature, with the crystal as a whole at rest."""
    thermalize_momenta(atoms, temperature_k, rng=np.random.default_rng(seed))
    Stationary(atoms)


def kinetic_pressure_gpa(atoms: Atoms) -> float:
    """Return the pressure of a moving crystal in GPa, from its forces and its motion."""
    return float(-atoms.get_stress(voigt=False, include_ideal_gas=True).trace() / 3 / units.GPa)
