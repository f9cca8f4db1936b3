import multiprocessing
import os
import signal
import threading
import time

import numpy as np
import pytest
from pymatgen.core import Lattice, Structure

from sse_assets.descriptors.pore_settings import PAPER_SETTINGS, PoreSettings
from sse_assets.descriptors.pores import (
    KeptVoids,
    PoreFailure,
    VoidFractions,
    p1_cif,
    void_fractions,
)
from sse_assets.tables import descriptors
from sse_assets_tests.descriptors.crystal_examples import lithium_oxide, one_atom, rock_salt

RADII = {"Li": 1.82, "O": 1.52, "Cl": 1.75}
"""Zeo++'s radii in Å."""

SMALL_PROBE = PoreSettings(probe_radius_a=0.3, lithium_removed=False)
ENDLESS = PoreSettings(n_samples=2_000_000_000, time_limit_s=30)


SALT = rock_salt()


def children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children()}


def probe(crystal: Structure, settings: PoreSettings) -> VoidFractions | PoreFailure:
    [answer] = void_fractions([(crystal, settings)], workers=1)
    return answer


def void_by_own_sampling(crystal: Structure, probe_radius_a: float, n_samples: int = 20_000) -> float:
    """Share of random points that keep the probe's radius away from the spheres of all atoms and images."""
    points = np.random.default_rng(5).random((n_samples, 3))
    free = np.ones(n_samples, dtype=bool)
    images = np.array(np.meshgrid(*[[-1, 0, 1]] * 3)).reshape(3, -1).T
    for site in crystal:
        for image in images:
            offset = (points - site.frac_coords - image) @ crystal.lattice.matrix
            free &= np.linalg.norm(offset, axis=1) >= RADII[site.specie.symbol] + probe_radius_a
    return float(free.mean())


@pytest.mark.parametrize("settings", [PAPER_SETTINGS, SMALL_PROBE], ids=["point", "0.3 Å"])
def test_void_around_separate_spheres_is_what_they_leave(settings: PoreSettings):
    answer = probe(one_atom("O", 4.0), settings)

    sphere = 4 / 3 * np.pi * (RADII["O"] + settings.probe_radius_a) ** 3 / 4.0**3
    assert answer.accessible == pytest.approx(1 - sphere, abs=0.008)  # 4 standard errors
    assert answer.inaccessible == 0


def test_a_closed_pocket_is_not_accessible():
    # Simple cubic, a = 2 Å: the face's centre is 1.41 Å from the oxygens and inside them, the body's 1.73 Å.
    answer = probe(one_atom("O", 2.0), PAPER_SETTINGS)
    assert answer.accessible == 0
    assert answer.inaccessible > 0.001


@pytest.mark.parametrize("crystal", [SALT, lithium_oxide()], ids=["LiCl", "Li2O"])
@pytest.mark.parametrize("radius", [0.0, 0.3])
@pytest.mark.parametrize("lithium_removed", [True, False], ids=["framework", "with Li"])
def test_zeo_agrees_with_our_own_sampling(crystal: Structure, radius: float, lithium_removed: bool):
    answer = probe(crystal, PoreSettings(probe_radius_a=radius, lithium_removed=lithium_removed))

    probed = crystal.copy()
    if lithium_removed:
        probed.remove_species(["Li"])
    expected = void_by_own_sampling(probed, radius)
    error = np.sqrt(expected * (1 - expected) * (1 / 20_000 + 1 / 50_000))
    assert answer.accessible + answer.inaccessible == pytest.approx(expected, abs=4 * error + 1e-4)


def test_taking_lithium_out_opens_rock_salt():
    # A probe's centre must pass three chlorides, 2.09 Å from the centre of their triangle.
    assert RADII["Cl"] + 0.3 < 5.13 / np.sqrt(6)
    assert probe(SALT, PoreSettings()).accessible > 0.04
    assert probe(SALT, SMALL_PROBE).accessible == 0


def test_a_partly_filled_site_is_full_and_a_shared_one_its_majority():
    crystal = Structure(
        Lattice.cubic(4),
        [{"Li": 0.3}, {"Li": 0.6, "Al": 0.4}, {"Li": 0.5, "La": 0.5}, {"O": 1}],
        [[0, 0, 0], [0.5, 0.5, 0], [0.5, 0, 0.5], [-0.25, 0.5, 0.5]],
    )
    atoms = p1_cif(crystal, lithium_removed=False).splitlines()[-4:]
    assert atoms == [
        "Li0 Li 0.000000 0.000000 0.000000",
        "Li1 Li 0.500000 0.500000 0.000000",
        "La2 La 0.500000 0.000000 0.500000",
        "O3 O 0.750000 0.500000 0.500000",
    ]
    assert p1_cif(crystal, lithium_removed=True).splitlines()[-3:] == [
        "_atom_site_fract_z",
        "La2 La 0.500000 0.000000 0.500000",
        "O3 O 0.750000 0.500000 0.500000",
    ]


def test_metallic_lithium_has_no_framework():
    answer = probe(one_atom("Li", 3.5), PoreSettings())
    assert answer == PoreFailure("no atom is left once Li is removed, so there is no framework to probe")


def test_an_overrun_costs_one_crystal():
    slow = PoreSettings(n_samples=ENDLESS.n_samples, time_limit_s=0.5)
    first, overrun, last = void_fractions(
        [(SALT, PoreSettings()), (SALT, slow), (SALT, PoreSettings())], workers=1
    )
    assert overrun == PoreFailure("Zeo++ gave no answer within 0.5 s")
    assert isinstance(first, VoidFractions)
    assert last == first


def test_a_crash_costs_one_crystal():
    unknown_element = Structure(Lattice.cubic(4), ["X"], [[0, 0, 0]])
    crashed, answer = void_fractions([(unknown_element, PoreSettings()), (SALT, PoreSettings())], workers=1)
    assert crashed == PoreFailure("Zeo++ gave up (exit status 1), as it does on an element without a radius")
    assert isinstance(answer, VoidFractions)


def test_a_killed_process_costs_one_crystal():
    before = children()

    def kill_the_first_over_the_endless() -> None:
        while not (started := children() - before):
            time.sleep(0.05)
        time.sleep(3)
        os.kill(started.pop(), signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first_over_the_endless)
    killer.start()
    killed, answer = void_fractions([(SALT, ENDLESS), (SALT, PoreSettings())], workers=1)
    killer.join()

    assert killed == PoreFailure("Zeo++ crashed (SIGKILL)")
    assert isinstance(answer, VoidFractions)


def test_an_interrupted_run_leaves_no_process():
    before = children()

    def interrupt(done: int, total: int) -> None:
        assert children() - before
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        void_fractions([(SALT, PoreSettings())] * 4, workers=2, progress=interrupt)
    assert children() <= before


def test_the_number_of_workers_changes_nothing_and_progress_is_told():
    crystals = [SALT, lithium_oxide(), one_atom("O", 3.0), one_atom("S", 4.0), SALT]
    tasks = [(crystal, settings) for crystal in crystals for settings in (PoreSettings(), PAPER_SETTINGS)]
    told: list[tuple[int, int]] = []

    one = void_fractions(tasks, workers=1)
    two = void_fractions(tasks, workers=2, progress=lambda done, total: told.append((done, total)))

    assert one == two
    assert one[:2] == one[-2:]
    assert told == [(done, 8) for done in range(1, 9)]  # what is asked twice is answered once


def test_kept_answers_are_those_of_a_new_run_and_nothing_is_probed_twice():
    slow = PoreSettings(n_samples=ENDLESS.n_samples, time_limit_s=0.5)
    tasks = [(SALT, PoreSettings()), (lithium_oxide(), PAPER_SETTINGS), (SALT, slow)]
    first, again = KeptVoids(), KeptVoids()
    answers = void_fractions(tasks[1:], workers=1, kept=first)
    assert len(first.table()) == 1  # the one that overran is tried again
    again = KeptVoids(first.table())
    told: list[int] = []
    more = void_fractions(tasks[:2], workers=1, kept=again, progress=lambda done, total: told.append(total))
    assert told == [1]
    assert more == void_fractions(tasks[:2], workers=1)
    assert more[1] == answers[0]
    descriptors.VOIDS.check(again.table())
    other_probe = [(lithium_oxide(), PoreSettings())]
    void_fractions(other_probe, workers=1, kept=again, progress=lambda done, total: told.append(total))
    assert told == [1, 1]


def test_answers_that_nobody_asks_for_any_more_go():
    first = KeptVoids()
    void_fractions([(SALT, PAPER_SETTINGS)], workers=1, kept=first)
    later = KeptVoids(first.table())
    void_fractions([(lithium_oxide(), PAPER_SETTINGS)], workers=1, kept=later)
    assert set(later.table()["probe"]).isdisjoint(first.table()["probe"])


def test_a_crystal_that_cannot_be_probed_leaves_the_others_their_order():
    first, nothing, last = void_fractions(
        [(SALT, PoreSettings()), (one_atom("Li", 3.5), PoreSettings()), (SALT, PAPER_SETTINGS)], workers=2
    )
    assert isinstance(nothing, PoreFailure)
    assert [first, last] == [probe(SALT, PoreSettings()), probe(SALT, PAPER_SETTINGS)]


@pytest.mark.parametrize("wrong", [{"probe_radius_a": -0.1}, {"n_samples": 0}, {"time_limit_s": 0}])
def test_settings_that_make_no_sense_are_refused(wrong: dict):
    with pytest.raises(ValueError, match=next(iter(wrong))):
        PoreSettings(**wrong)


def test_a_crystal_that_raises_costs_itself_alone():
    no_crystal: object = None
    tasks = [(no_crystal, PAPER_SETTINGS), (SALT, PAPER_SETTINGS)]
    lost, salt = void_fractions(tasks, workers=1)
    assert isinstance(lost, PoreFailure)
    assert "could not be probed (TypeError" in lost.reason
    assert isinstance(salt, VoidFractions)
