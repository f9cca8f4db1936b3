import re
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from ase import Atoms
from ase.build import bulk
from ase.io import read

from sse_assets.atomistics.evaluation import Evaluation
from sse_assets.atomistics.evaluators import ase_evaluator
from sse_assets.atomistics.settings import EVALUATION, Profile
from sse_assets.generation import validations
from sse_assets.generation.settings import ValidationSettings
from sse_assets.generation.validation import Validated, broken_criteria, validate_together
from sse_assets.generation.validations import Judged, Validations
from sse_assets.generation.winners import Settled, UnsettledError, settle
from sse_assets.materials.crystal import read_cif
from sse_assets.materials.symmetry import detected_space_group
from sse_assets_tests.stated_symmetry import stated_space_group

STRAINED = bulk("LiF", "rocksalt", 4.2)
STRAINED.rattle(0.03, seed=1)


def test_a_sound_structure_is_relaxed_moved_and_valid(tmp_path: Path) -> None:
    settings = ValidationSettings(search_ps=0.02, ambient_ps=0.05)
    seen: list[tuple[str, int, int, int]] = []
    structures = [(STRAINED, tmp_path)]
    (found,) = validate_together(structures, settings, ase_evaluator, lambda *where: seen.append(where))

    assert isinstance(found, Validated)
    assert found.valid, found.failures
    assert found.settled.space_group == "Fm-3m"
    assert found.settled.evaluation.max_force_ev_a < 0.01
    assert found.relaxed_further_ev_per_atom <= 0
    ends = found.dynamics.groupby("conditions")["time_ps"].max()
    assert ends.to_dict() == {"ambient": 0.05, "search": 0.02}
    assert seen[-1] == ("ambient", 1, 50, 50)
    assert len(read(tmp_path / "ambient" / "trajectory.extxyz", index=":")) == 1
    (again,) = validate_together(structures, settings, ase_evaluator)
    assert isinstance(again, Validated)
    pd.testing.assert_frame_equal(again.dynamics, found.dynamics)


def test_in_another_process_the_run_that_goes_on_is_reported_and_not_the_one_before(tmp_path: Path) -> None:
    told: list[tuple[str, str, int, int]] = []
    settings = ValidationSettings(search_ps=2.0, ambient_ps=2.0)
    validations = Validations(settings, processes=2, progress=lambda *where: told.append(where))
    validations._open = {1: ("LiF", tmp_path)}
    validations._look()
    for name, step in (("search", 2000), ("ambient", 150)):
        (tmp_path / name).mkdir()
        (tmp_path / name / "checkpoint.json").write_text(f'{{"step": {step}}}')
        validations._look()
    assert told == [("LiF", "search", 2000, 2000), ("LiF", "ambient", 150, 2000)]


def test_on_a_gpu_structures_wait_for_one_another_and_the_error_of_one_is_its_own(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = ValidationSettings(search_ps=0.01, ambient_ps=0.02)
    overlapping = Atoms("Li2", positions=[[0, 0, 0], [0, 0, 0.2]], cell=[4, 4, 4], pbc=True)
    validate_together([(STRAINED, tmp_path / "other")], replace(settings, ambient_ps=0.03), ase_evaluator)
    monkeypatch.setattr(validations, "device_here", lambda: "cuda")
    told: list[tuple[str, str, int, int]] = []
    with Validations(settings, processes=2, progress=lambda *where: told.append(where)) as waiting:
        waiting.begin("LiF", STRAINED, tmp_path / "sound")
        waiting.begin("Li", overlapping, tmp_path / "overlapping")
        waiting.begin("Li2F2", STRAINED, tmp_path / "other")
        assert list(waiting.finished()) == []
        found = dict(waiting.finished(all_of_them=True))
    sound, unsettled = found["LiF"], found["Li"]
    assert isinstance(sound, Judged)
    assert sound.validated is not None
    assert isinstance(unsettled, Judged)
    assert "two atoms overlap" in (unsettled.why_not or "")
    assert "holds dynamics with other conditions" in str(found["Li2F2"])
    assert told[-1] == ("1 structure", "ambient", 20, 20)


def test_the_cif_states_the_symmetry_that_its_atoms_have() -> None:
    settled = settle(STRAINED, ase_evaluator(ValidationSettings().relaxation))
    crystal = read_cif(settled.cif)
    assert stated_space_group(settled.cif) == "Fm-3m"
    assert detected_space_group(crystal) == ("Fm-3m", 225)
    assert crystal.density == pytest.approx(settled.structure.density, rel=1e-4)


def test_a_structure_that_does_not_survive_its_relaxation_is_said_to() -> None:
    overlapping = Atoms("Li2", positions=[[0, 0, 0], [0, 0, 0.2]], cell=[4, 4, 4], pbc=True)
    with pytest.raises(UnsettledError, match="the last relaxation failed: two atoms overlap"):
        settle(overlapping, ase_evaluator(EVALUATION[Profile.SMOKE]))


ROCK_SALT = bulk("LiF", "rocksalt", 4.0)
SETTLED = Settled(ROCK_SALT, Evaluation(ROCK_SALT, energy_ev_per_atom=-5.0, volume_a3_per_atom=8.0), "Fm-3m")


def run(energy: float = -4.96, volume: float = 8.1) -> pd.DataFrame:
    """Return a run whose first half is not to count."""
    return pd.DataFrame(
        {
            "time_ps": [0.0, 1.0, 2.0, 3.0],
            "energy_ev_per_atom": [-9.0, -9.0, energy, energy],
            "volume_a3_per_atom": [99.0, 99.0, volume, volume],
            "temperature_k": 300.0,
            "pressure_gpa": 0.0,
            "shortest_distance_a": 2.0,
        }
    )


def stretched(by: float) -> Atoms:
    """Return rock salt with all its atoms further from one another."""
    cell = ROCK_SALT.copy()
    cell.set_cell(cell.cell * by, scale_atoms=True)
    return cell


def squeezed() -> Atoms:
    cell = ROCK_SALT.copy()
    cell.positions[1] = [1.1, 0, 0]
    return cell


@pytest.mark.parametrize(
    ("table", "frame", "sentence"),
    [
        (run(), ROCK_SALT, None),
        (run(volume=9.5), ROCK_SALT, r"the volume changes by \+19%, 15% at most"),
        (run(volume=6.5), ROCK_SALT, r"the volume changes by -19%, 15% at most"),
        (run(energy=-5.2), ROCK_SALT, r"the energy changes by -0\.200 eV/atom, 0\.1 at most"),
        (run(), stretched(2.0), r"an atom is lost: further than 3\.5 Å"),
        (run(), squeezed(), r"F are 1\.10 Å apart, 1\.30 at least"),
    ],
)
def test_each_criterion(table: pd.DataFrame, frame: Atoms, sentence: str | None) -> None:
    broken = broken_criteria(SETTLED, table, [ROCK_SALT, frame])
    if sentence is None:
        assert broken == []
    else:
        (only,) = broken
        assert re.search(sentence, only)
