"""Many crystals at once, against ASE and against one crystal at a time."""

from dataclasses import replace

import numpy as np
import pytest
import torch
from ase import Atoms, units
from ase.build import bulk

from sse_assets.atomistics.batch_npt import BatchNpt, move
from sse_assets.atomistics.batches import Batches
from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.atomistics.guards import Deadline
from sse_assets.atomistics.npt import Npt, kinetic_pressure_gpa, set_velocities
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential, Response
from sse_assets.atomistics.settings import EVALUATION, Conditions, Profile
from sse_assets_tests.atomistics.crystals import antifluorite, copper, lithium_fluoride, overlapping
from sse_assets_tests.atomistics.morse import Morse

SMALL_FORCES = replace(EVALUATION[Profile.STATIC], max_force_ev_a=1e-3)
HOT = Conditions(300, 1.0, 1.0, timestep_fs=2.0, barostat_damping_ps=0.5)


def started(crystals: list[Atoms], conditions: Conditions) -> torch.Tensor:
    """Give crystals velocities and springs; return their momenta."""
    for seed, atoms in enumerate(crystals):
        set_velocities(atoms, conditions.temperature_k, seed)
        atoms.calc = GuardedCalculator(Morse())
    return torch.from_numpy(np.concatenate([atoms.get_momenta() for atoms in crystals]))


def test_dynamics_of_a_batch_are_those_of_ase_one_by_one() -> None:
    crystals = copper()
    momenta = started(crystals, HOT)
    batch = BatchNpt(Cells.of(crystals), momenta, Morse(), HOT, Deadline(100))
    singles = [Npt(atoms, HOT) for atoms in crystals]
    start = batch.conserved()
    assert start.tolist() == pytest.approx([npt.get_conserved_energy() for npt in singles])
    for _ in range(120):
        batch.step()
        for npt in singles:
            npt.step()
    for index, atoms in enumerate(batch.under_way.cells.to_atoms()):
        assert atoms.positions == pytest.approx(crystals[index].positions, abs=1e-8)
        assert atoms.cell.array == pytest.approx(crystals[index].cell.array, abs=1e-8)
    assert batch.temperatures().tolist() == pytest.approx([atoms.get_temperature() for atoms in crystals])
    assert batch.pressures().tolist() == pytest.approx([kinetic_pressure_gpa(atoms) for atoms in crystals])
    drift = (batch.conserved() - start) / batch.under_way.cells.sizes.numpy()
    assert np.abs(drift).max() < 5e-4
    assert not np.allclose(crystals[0].cell.angles(), 90, atol=0.1)  # the cell did change its shape


def test_temperature_and_pressure_are_reached_and_volumes_spread_as_with_ase() -> None:
    """Eight crystals for 1.2 ps, and one of them by ASE for 2.4 ps; the first quarter is left out."""
    conditions = Conditions(100, 1.0, 1.2, timestep_fs=4.0, barostat_damping_ps=0.15)
    crystals = [bulk("Cu", "fcc", a=3.75, cubic=True) * (1, 1, 2) for _ in range(8)]
    momenta = started(crystals, conditions)
    batch = BatchNpt(Cells.of(crystals), momenta, Morse(), conditions, Deadline(200))
    seen = []
    for step in range(conditions.steps):
        batch.step()
        if step >= conditions.steps // 4:
            seen.append([batch.temperatures(), batch.pressures(), batch.under_way.cells.volumes.numpy()])
    temperature, pressure, volume = np.stack(seen, axis=1).reshape(3, -1)
    assert temperature.mean() == pytest.approx(100, abs=10)
    assert pressure.mean() == pytest.approx(1.0, abs=0.25)

    npt = Npt(crystals[0], conditions)
    volumes = []
    for _ in range(2 * conditions.steps):
        npt.step()
        volumes.append(crystals[0].get_volume())
    settled = volumes[len(volumes) // 4 :]
    assert volume.mean() == pytest.approx(np.mean(settled), rel=0.01)
    assert volume.std() == pytest.approx(np.std(settled), rel=0.3)


def test_relaxation_finds_ases_minimum_at_the_pressure_asked_for() -> None:
    crystals = copper()
    settings = replace(EVALUATION[Profile.STATIC], max_force_ev_a=1e-3, pressure_gpa=2.0)
    found = list(Batches(settings, Morse(), 1000).evaluate(crystals, seeds=[1, 2, 3]))
    singles = list(OneByOne(settings, Morse()).evaluate(crystals, seeds=[1, 2, 3]))
    assert [evaluation.failure for evaluation in found] == [None] * 3
    for mine, single in zip(found, singles, strict=True):
        cells = Cells.of([mine.atoms])
        response = Morse()(cells)
        energy, volume = float(response.energies) / len(mine.atoms), float(cells.volumes) / len(mine.atoms)
        enthalpy = energy + 2.0 * units.GPa * volume
        assert enthalpy == pytest.approx(single.enthalpy_ev_per_atom, abs=1e-5)
        pressure = -float(response.stresses[0].trace()) / 3 / units.GPa
        assert pressure == pytest.approx(2.0, abs=0.05)
        assert mine.steps <= 2 * single.steps
        assert mine.enthalpy_ev_per_atom == pytest.approx(enthalpy, abs=1e-10)
        assert mine.pressure_gpa == pytest.approx(pressure, abs=1e-10)
        assert mine.max_force_ev_a == pytest.approx(float(response.forces.norm(dim=1).max()), abs=1e-10)
        assert mine.shortest_distance_a == pytest.approx(single.shortest_distance_a, abs=1e-3)


class Broken(Morse):
    """Springs that put the largest crystal, after some steps, under a stress (GPa) that breaks it."""

    def __init__(self, asked: int, stress: float) -> None:
        self.left, self.stress = asked, stress

    def __call__(self, cells: Cells) -> Response:
        self.left -= 1
        response = super().__call__(cells)
        if self.left < 0:
            response.stresses[cells.sizes == 8] += self.stress * units.GPa * torch.eye(3, dtype=torch.float64)
        return response


@pytest.mark.parametrize(("stress", "reason"), [(-500, "exploded"), (np.nan, "not finite")])
def test_a_crystal_that_breaks_leaves_the_others_as_they_would_be_alone(stress: float, reason: str) -> None:
    crystals = copper()
    momenta = started(crystals, HOT)
    cells = Cells.of(crystals)
    calm = torch.tensor([len(atoms) != 8 for atoms in crystals])
    conditions = replace(HOT, duration_ps=0.2)
    alone = move(cells.only(calm), momenta[calm[cells.owner]], Morse(), conditions, Deadline(100))
    together = move(cells, momenta, Broken(20, stress), conditions, Deadline(100))
    assert [flaw is not None for flaw in together.flaws] == (~calm).tolist()
    assert reason in next(flaw for flaw in together.flaws if flaw)
    kept = together.cells.only(calm)
    assert kept.positions.numpy() == pytest.approx(alone.cells.positions.numpy(), abs=1e-10)
    means = [value for value, kept in zip(together.mean_temperatures_k, calm, strict=True) if kept]
    assert means == pytest.approx(alone.mean_temperatures_k)


@pytest.mark.parametrize(("stress", "reason"), [(-500, "exploded"), (np.nan, "not finite numbers")])
def test_a_relaxation_that_breaks_leaves_its_neighbours_as_they_would_be_alone(
    stress: float, reason: str
) -> None:
    crystals = copper()
    together = list(Batches(SMALL_FORCES, Broken(5, stress), 1000).evaluate(crystals, seeds=range(3)))
    for found, alone in zip(together, alone_in_a_batch(crystals), strict=True):
        if len(found.atoms) == 8:
            assert reason in found.failure
            assert found.steps < 100  # it leaves when it breaks, and not at the end
        else:
            assert found.failure is None
            assert found.steps == alone.steps > 6
            assert found.atoms.positions == pytest.approx(alone.atoms.positions, abs=1e-10)
            assert found.enthalpy_ev_per_atom == pytest.approx(alone.enthalpy_ev_per_atom, abs=1e-12)


def test_what_is_done_leaves_the_batch_and_others_enter_the_largest_first() -> None:
    crystals = [*copper(), *copper()]  # 4, 8 and 4 atoms, twice
    roomy = Counting()
    found = list(Batches(SMALL_FORCES, roomy, 12).evaluate(crystals, seeds=range(6)))
    for mine, alone in zip(found, alone_in_a_batch(crystals), strict=True):
        assert mine.steps == alone.steps
        assert mine.atoms.positions == pytest.approx(alone.atoms.positions, abs=1e-10)
    assert roomy.asked[0] == 12
    assert max(roomy.asked) == 12
    assert sum(roomy.asked) == sum(one.steps * len(one.atoms) for one in found)  # nothing moves once done
    in_turn = sorted(found, key=lambda one: -len(one.atoms))
    unmixed = [in_turn[::2][:2], in_turn[1::2][:2], in_turn[4:]]  # batches that wait for their last
    assert len(roomy.asked) < sum(max(one.steps for one in batch) for batch in unmixed)


def test_memory_that_runs_out_on_the_way_costs_time_alone() -> None:
    crystals = [*copper(), *copper()]
    shrinking = Counting(ten_atoms_fit_after=30)
    found = list(Batches(SMALL_FORCES, shrinking, 24).evaluate(crystals, seeds=range(6)))
    assert max(shrinking.asked[:30]) > 10
    assert [one.failure for one in found] == [None] * 6
    for mine, alone in zip(found, alone_in_a_batch(crystals), strict=True):
        assert mine.steps == alone.steps
        assert mine.enthalpy_ev_per_atom == pytest.approx(alone.enthalpy_ev_per_atom, abs=1e-12)


def test_a_candidate_that_takes_too_long_leaves() -> None:
    hurried = replace(SMALL_FORCES, time_limit_s=1e-9)
    (found,) = Batches(hurried, Morse(), 100).evaluate(copper()[:1], seeds=[1])
    assert found.failure == "the evaluation took longer than 0 s"


def test_batches_find_what_ase_finds_and_name_the_same_failures(chgnet: ChgnetPotential) -> None:
    settings = replace(EVALUATION[Profile.STATIC], max_force_ev_a=0.02)
    crystals = [lithium_fluoride(a=4.3, rattle=0.1), overlapping(0.2), antifluorite(a=4.9)]
    batched = list(Batches(settings, chgnet, 1000).evaluate(crystals, seeds=[1, 2, 3]))
    singles = list(OneByOne(settings, chgnet).evaluate(crystals, seeds=[1, 2, 3]))
    assert [found.failure for found in batched] == [found.failure for found in singles]
    assert batched[1].failure == "two atoms overlap: 0.20 Å apart"
    for mine, theirs in ((batched[0], singles[0]), (batched[2], singles[2])):
        assert mine.enthalpy_ev_per_atom == pytest.approx(theirs.enthalpy_ev_per_atom, abs=1e-3)
        assert mine.volume_a3_per_atom == pytest.approx(theirs.volume_a3_per_atom, rel=0.02)
        assert mine.shortest_distance_a == pytest.approx(theirs.shortest_distance_a, abs=0.02)
        assert mine.atoms.symbols.get_chemical_formula() == theirs.atoms.symbols.get_chemical_formula()


class Counting(Morse):
    """Springs that count the atoms of each batch, on a device that may lose most of its memory."""

    def __init__(self, ten_atoms_fit_after: int | None = None) -> None:
        self.asked: list[int] = []
        self.shrinks = ten_atoms_fit_after

    def __call__(self, cells: Cells) -> Response:
        self.asked.append(len(cells.numbers))
        if self.shrinks is not None and len(self.asked) > self.shrinks and len(cells.numbers) > 10:
            raise torch.OutOfMemoryError("out of memory")
        return super().__call__(cells)


def alone_in_a_batch(crystals: list[Atoms]) -> list[Evaluation]:
    batches = Batches(SMALL_FORCES, Morse(), 1000)
    return [next(batches.evaluate([atoms], seeds=[1])) for atoms in crystals]


class Small(Morse):
    """Device with room for ten atoms, which lithium breaks."""

    def __init__(self) -> None:
        self.asked: list[int] = []

    def __call__(self, cells: Cells) -> Response:
        self.asked.append(len(cells.numbers))
        if len(cells.numbers) > 10:
            raise torch.OutOfMemoryError("out of memory")
        if (cells.numbers == 3).any():
            raise RuntimeError("linalg.eigh failed to converge")
        return super().__call__(cells)


def test_what_does_not_fit_goes_in_smaller_batches_and_what_breaks_them_goes_alone() -> None:
    crystals = [copper()[0], *copper(), copper()[0]]  # 4, 4, 8, 4 (lithium) and 4 atoms
    small = Small()
    found = list(Batches(EVALUATION[Profile.SMOKE], small, 1000).evaluate(crystals, seeds=range(5)))
    broken = "RuntimeError: linalg.eigh failed to converge"
    assert [result.failure for result in found] == [None, None, None, broken, None]
    assert small.asked[0] == 24
    assert found[0].enthalpy_ev_per_atom == pytest.approx(found[4].enthalpy_ev_per_atom, abs=0.01)

    huge = [bulk("Cu", "fcc", a=3.9) * (3, 2, 2)]
    (result,) = Batches(EVALUATION[Profile.SMOKE], small, 1000).evaluate(huge, seeds=[1])
    assert result.failure == "OutOfMemoryError: out of memory"
