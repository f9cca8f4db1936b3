"""Processes that evaluate side by side, hang or die."""

import multiprocessing
import os
import signal
import threading
import time
from dataclasses import replace

import numpy as np
import pytest

from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import SEARCH, EvaluationSettings
from sse_assets.atomistics.workers import Workers
from sse_assets_tests.atomistics.crystals import antifluorite, lithium_fluoride

QUICK = EvaluationSettings(relaxation_steps=2, dynamics=replace(SEARCH, duration_ps=0.004), quench_steps=2)


def test_two_processes_find_what_one_finds_to_the_last_bit(chgnet: ChgnetPotential) -> None:
    crystals = [lithium_fluoride(rattle=0.2), lithium_fluoride(a=9.0), antifluorite(), antifluorite(a=4.8)]
    workers = Workers(QUICK, processes=2)
    ours = list(OneByOne(QUICK, chgnet).evaluate(crystals, seeds=[1, 2, 3, 4]))
    for _ in range(2):  # the second time by the same processes
        theirs = list(workers.evaluate(crystals, seeds=[1, 2, 3, 4]))
        assert theirs[1].failure == ours[1].failure == "the cell exploded: 91 Å³ an atom, 45 at most"
        for mine, their in zip(ours, theirs, strict=True):
            assert np.array_equal(mine.enthalpy_ev_per_atom, their.enthalpy_ev_per_atom, equal_nan=True)
            assert np.array_equal(mine.atoms.positions, their.atoms.positions)
    assert len(multiprocessing.active_children()) >= 2


def test_a_process_that_hangs_is_killed() -> None:
    workers = Workers(QUICK, processes=1, grace_s=0.0)
    workers.settings = replace(QUICK, time_limit_s=0.05)  # no process gets going that fast
    (found,) = workers.evaluate([lithium_fluoride()], seeds=[1])
    assert found.failure == "the evaluation hung: no answer within 0 s"
    assert found.atoms is None


def test_a_process_that_dies_is_replaced() -> None:
    workers = Workers(QUICK, processes=1)
    before = {child.pid for child in multiprocessing.active_children()}

    def kill_the_first() -> None:
        while not (mine := {child.pid for child in multiprocessing.active_children()} - before):
            time.sleep(0.05)
        os.kill(mine.pop(), signal.SIGKILL)

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    found = list(workers.evaluate([lithium_fluoride(), antifluorite()], seeds=[1, 2]))
    killer.join()
    assert found[0].failure == "the process of the evaluation died, perhaps for lack of memory"
    assert found[1].failure is None


def test_answers_that_nobody_waits_for_are_not_given_to_the_next() -> None:
    workers = Workers(QUICK, processes=1)
    evaluations = workers.evaluate([lithium_fluoride()] * 3, seeds=[1, 2, 3])
    next(evaluations)
    evaluations.close()
    (found,) = workers.evaluate([antifluorite()], seeds=[1])
    assert found.atoms.symbols.get_chemical_formula() == "Li2O"


def test_no_processes_are_refused() -> None:
    with pytest.raises(ValueError, match="processes is 0: it takes at least one"):
        Workers(QUICK, processes=0)
