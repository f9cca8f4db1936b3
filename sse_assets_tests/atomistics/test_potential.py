"""CHGNet in batches against chgnet itself, and its forces and stresses against its energies."""

import contextlib
import io
from functools import partial

import numpy as np
import pytest
import torch
from ase import Atoms, units
from ase.build import bulk
from ase.md.verlet import VelocityVerlet
from chgnet.model.dynamics import CHGNetCalculator

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.network import Network
from sse_assets.atomistics.npt import set_velocities
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets_tests.atomistics.crystals import antifluorite, lithium_fluoride, thiophosphate_like


def batch() -> list[Atoms]:
    spread = bulk("CsCl", "cesiumchloride", a=4.1)  # no bond short enough for an angle
    supercell = antifluorite() * (2, 2, 2)
    supercell.rattle(0.1, seed=3)
    return [lithium_fluoride(rattle=0.1), thiophosphate_like(), spread, supercell]


def test_a_batch_gives_what_chgnet_gives_one_crystal(chgnet: ChgnetPotential) -> None:
    crystals = batch()
    cells = Cells.of(crystals)
    response = chgnet(cells)
    for index, atoms in enumerate(crystals):
        with contextlib.redirect_stdout(io.StringIO()):
            atoms.calc = CHGNetCalculator(use_device="cpu")
        assert float(response.energies[index]) == pytest.approx(atoms.get_potential_energy(), abs=1e-4)
        forces = response.forces[cells.owner == index].numpy()
        assert forces == pytest.approx(atoms.get_forces(), abs=1e-4)
        stress = response.stresses[index].numpy() / units.GPa
        assert stress == pytest.approx(atoms.get_stress(voigt=False) / units.GPa, abs=0.01)


def test_fused_operations_give_the_same_for_batches_of_any_size(
    chgnet: ChgnetPotential, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The operations are those that Triton is given on a GPU; here torch carries them out one by one."""
    monkeypatch.setattr(torch, "compile", partial(torch.compile, backend="aot_eager", fullgraph=True))
    fused = ChgnetPotential()
    fused._network = Network(fused._model, fused=True)
    graphs = []
    for crystals in (batch(), batch()[:2], batch()[3:]):
        one, other = chgnet(Cells.of(crystals)), fused(Cells.of(crystals))
        assert other.energies.tolist() == pytest.approx(one.energies.tolist(), abs=1e-4)
        assert other.forces.numpy() == pytest.approx(one.forces.numpy(), abs=1e-4)
        graphs.append(torch._dynamo.utils.counters["stats"]["unique_graphs"])
    assert graphs[0] > 0
    assert len({*graphs}) == 1  # so that no other size waits for Triton


def test_a_lonely_atom_is_told_and_disturbs_no_other_crystal(chgnet: ChgnetPotential) -> None:
    lonely = Atoms("Li", cell=[7.0, 7.0, 7.0], pbc=True)
    alone = chgnet(Cells.of([antifluorite()]))
    together = chgnet(Cells.of([lonely, antifluorite()]))
    assert together.isolated.tolist() == [True, False]
    assert float(together.energies[1]) == pytest.approx(float(alone.energies[0]), abs=1e-5)


def test_forces_and_stress_are_the_slopes_of_the_energy(chgnet: ChgnetPotential) -> None:
    atoms = thiophosphate_like()
    response = chgnet(Cells.of([atoms]))
    step = 3e-3  # large enough for energies in single precision

    def slope(up: Atoms, down: Atoms) -> float:
        energies = chgnet(Cells.of([up, down])).energies
        return float(energies[0] - energies[1]) / (2 * step)

    for atom, axis in ((0, 0), (6, 1), (11, 2)):
        moved = [atoms.copy(), atoms.copy()]
        moved[0].positions[atom, axis] += step
        moved[1].positions[atom, axis] -= step
        assert -slope(*moved) == pytest.approx(float(response.forces[atom, axis]), abs=0.02)
    for row, column in ((0, 0), (2, 2), (0, 1), (1, 2)):
        strain = np.zeros((3, 3))
        strain[row, column] += step / 2
        strain[column, row] += step / 2
        strained = [atoms.copy(), atoms.copy()]
        for sign, crystal in zip((1, -1), strained, strict=True):
            crystal.set_cell(crystal.cell.array @ (np.eye(3) + sign * strain), scale_atoms=True)
        stress = slope(*strained) / atoms.get_volume()
        assert stress / units.GPa == pytest.approx(
            float(response.stresses[0, row, column]) / units.GPa, abs=0.05
        )


def test_energy_is_kept_without_thermostat(chgnet: ChgnetPotential) -> None:
    atoms = antifluorite()
    atoms.calc = GuardedCalculator(chgnet)
    set_velocities(atoms, 600.0, seed=1)
    start = atoms.get_total_energy()
    kinetic = atoms.get_kinetic_energy()
    VelocityVerlet(atoms, units.fs).run(100)
    assert abs(atoms.get_kinetic_energy() - kinetic) > 0.02  # the atoms did exchange energy
    assert abs(atoms.get_total_energy() - start) / len(atoms) < 5e-4


def test_an_energy_depends_on_the_crystal_alone(chgnet: ChgnetPotential) -> None:
    """The choice of cell and of origin and the place of the crystal in space do not count."""
    atoms = thiophosphate_like()
    supercell, shifted, turned = atoms * (2, 1, 1), atoms.copy(), atoms.copy()
    shifted.positions += [3.3, -20.1, 7.7]
    turned.rotate(40, (1, 2, 3), rotate_cell=True)
    cells = Cells.of([atoms, supercell, shifted, turned])
    per_atom = (chgnet(cells).energies / cells.sizes).tolist()
    assert per_atom == pytest.approx([per_atom[0]] * 4, abs=1e-5)
    assert torch.get_num_threads() == 1
