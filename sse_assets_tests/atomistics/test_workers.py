"""Processes that evaluate side by side, hang or die."""

import multiprocessing
import threading
import time
from contextlib import closing
from dataclasses import replace

import numpy as np
import psutil

from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import SEARCH, EvaluationSettings
from sse_assets.atomistics.workers import Workers
from sse_assets_tests.atomistics.crystals import antifluorite, lithium_fluoride

QUICK = EvaluationSettings(relaxation_steps=2, dynamics=replace(SEARCH, duration_ps=0.004), quench_steps=2)
ENDLESS = replace(QUICK, dynamics=replace(SEARCH, duration_ps=500.0))
SECONDS_TO_LOAD_CHGNET = 6
"""Processor time, in s, after which a process is certainly at work."""


def test_two_processes_find_what_one_finds_to_the_last_bit(chgnet: ChgnetPotential) -> None:
    crystals = [lithium_fluoride(rattle=0.2), lithium_fluoride(a=9.0), antifluorite(), antifluorite(a=4.8)]
    ours = list(OneByOne(QUICK, chgnet).evaluate(crystals, seeds=[1, 2, 3, 4]))
    with closing(Workers(QUICK, processes=2)) as workers:
        for _ in range(2):  # the second time by the same processes
            theirs = list(workers.evaluate(crystals, seeds=[1, 2, 3, 4]))
            assert theirs[1].failure == ours[1].failure == "the cell exploded: 91 Å³ an atom, 45 at most"
            for mine, their in zip(ours, theirs, strict=True):
                assert np.array_equal(mine.enthalpy_ev_per_atom, their.enthalpy_ev_per_atom, equal_nan=True)
                assert np.array_equal(mine.atoms.positions, their.atoms.positions)
        assert len(multiprocessing.active_children()) >= 2


def test_a_process_that_hangs_is_killed() -> None:
    with closing(Workers(ENDLESS, processes=1, grace_s=1.0 - ENDLESS.time_limit_s)) as workers:
        (found,) = workers.evaluate([lithium_fluoride()], seeds=[1])
    assert found.failure == "the evaluation hung: no answer within 1 s"
    assert found.atoms is None


def test_a_process_that_dies_is_replaced() -> None:
    before = {child.pid for child in multiprocessing.active_children()}

    def kill_the_first() -> None:
        while not (mine := {child.pid for child in multiprocessing.active_children()} - before):
            time.sleep(0.05)
        process = psutil.Process(mine.pop())
        while process.cpu_times().user < SECONDS_TO_LOAD_CHGNET:
            time.sleep(0.05)
        process.kill()

    killer = threading.Thread(target=kill_the_first)
    killer.start()
    with closing(Workers(ENDLESS, processes=1)) as workers:
        found = list(workers.evaluate([lithium_fluoride(), lithium_fluoride(a=9.0)], seeds=[1, 2]))
    killer.join()
    assert found[0].failure == "the process of the evaluation died, perhaps for lack of memory"
    assert found[1].failure == "the cell exploded: 91 Å³ an atom, 45 at most"


def test_evaluators_are_made_once_and_their_processes_end_with_the_block() -> None:
    before = {child.pid for child in multiprocessing.active_children()}
    with evaluators_here(processes=2) as evaluators:
        evaluator = evaluators(QUICK)
        assert evaluators(QUICK) is evaluator
        assert isinstance(evaluator, Workers)
        list(evaluator.evaluate([lithium_fluoride(a=9.0)], seeds=[1]))
        assert {child.pid for child in multiprocessing.active_children()} > before
    assert {child.pid for child in multiprocessing.active_children()} <= before
    with evaluators_here(processes=1) as evaluators:
        assert isinstance(evaluators(QUICK), OneByOne)
