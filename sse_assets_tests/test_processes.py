"""Processes that hang, die or cannot start, and the answers of the other tasks."""

import multiprocessing
import os
import signal
import subprocess
import sys
import time

import psutil
import pytest

from sse_assets.processes import Lost, Supervisor
from sse_assets_tests import misbehaviour

UNLESS = f"{misbehaviour.__name__}:doubled_unless"


def children() -> set[int]:
    return {child.pid for child in multiprocessing.active_children()}


@pytest.mark.parametrize("processes", [1, 3])
def test_only_the_tasks_whose_processes_hang_or_die_are_lost(processes: int) -> None:
    happens = {2: "hang", 3: "segfault", 5: "exit", 6: "hang in C", 9: "hang"}
    tasks = [(number, happens.get(number, "nothing")) for number in range(12)]
    with Supervisor(UNLESS, processes) as supervisor:
        answers = list(supervisor.answers(tasks, [0.5] * 12))
    lost = {2: Lost(None), 3: Lost(-signal.SIGSEGV), 5: Lost(3), 6: Lost(None), 9: Lost(None)}
    assert answers == [lost.get(number, 2 * number) for number in range(12)]


def test_a_process_that_hangs_in_c_is_gone_soon_after_its_limit() -> None:
    with Supervisor(UNLESS, 1) as supervisor:
        list(supervisor.answers([(1, "nothing")], [5]))
        before = time.monotonic()
        assert list(supervisor.answers([(1, "hang in C")], [0.5])) == [Lost(None)]
        assert time.monotonic() - before < 2.5  # pebble alone would wait three seconds more


def test_processes_are_kept_until_they_are_closed_and_have_one_thread() -> None:
    before = children()
    with Supervisor(f"{misbehaviour.__name__}:process_and_threads", 1) as supervisor:
        ((first, threads),) = supervisor.answers([()], [60])
        ((second, _),) = supervisor.answers([()], [60])
        assert first == second
        assert set(threads.values()) == {1}
        assert {"torch", "blas"} <= set(threads)
        assert children() - before == {first}
    assert children() <= before


def test_no_more_processes_are_started_than_there_are_tasks() -> None:
    before = children()
    with Supervisor(UNLESS, 4) as supervisor:
        for tasks in (1, 3, 2):
            assert list(supervisor.answers([(1, "nothing")] * tasks, [5] * tasks)) == [2] * tasks
        assert len(children() - before) == 3


def test_a_process_that_is_killed_between_tasks_costs_nothing() -> None:
    before = children()
    with Supervisor(UNLESS, 1) as supervisor:
        for _ in range(2):
            assert list(supervisor.answers([(1, "nothing"), (2, "nothing")], [5, 5])) == [2, 4]
            (pid,) = children() - before
            os.kill(pid, signal.SIGKILL)


def test_an_error_of_the_function_is_raised_here_and_leaves_no_process() -> None:
    before = children()
    supervisor = Supervisor(UNLESS, 2)
    with pytest.raises(ValueError, match="7 is not wanted"):
        list(supervisor.answers([(1, "nothing"), (7, "raise"), (1, "hang")], [5, 5, 60]))
    assert children() <= before


def test_answers_that_nobody_waits_for_are_not_given_to_the_next() -> None:
    with Supervisor(UNLESS, 1) as supervisor:
        answers = supervisor.answers([(number, "nothing") for number in range(5)], [5] * 5)
        assert next(answers) == 0
        answers.close()
        assert list(supervisor.answers([(30, "nothing")], [5])) == [60]


@pytest.mark.parametrize("function", ["no_such_package:f", f"{misbehaviour.__name__}:no_such_function"])
def test_what_cannot_be_imported_is_said_once(function: str) -> None:
    no_start = pytest.raises(ChildProcessError, match=f"cannot start {function}.*install this project again")
    with Supervisor(function, 2) as supervisor, no_start:
        list(supervisor.answers([(1,)] * 3, [5] * 3))


def test_no_processes_are_refused() -> None:
    with pytest.raises(ValueError, match="processes is 0: it takes at least one"):
        Supervisor(UNLESS, 0)


@pytest.mark.parametrize("what", ["nothing", "hang in C"])
def test_processes_end_with_a_program_that_is_killed(what: str) -> None:
    program = (
        "import multiprocessing\n"
        "from sse_assets import processes\n"
        "if __name__ == '__main__':\n"
        f"    supervisor = processes.Supervisor({UNLESS!r}, 1)\n"
        "    list(supervisor.answers([(1, 'nothing')], [5]))\n"
        "    print(multiprocessing.active_children()[0].pid, flush=True)\n"
        f"    list(supervisor.answers([(1, {what!r})], [0.5]))\n"
        "    input()\n"
    )
    parent = subprocess.Popen(
        [sys.executable, "-c", program], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert parent.stdout is not None
    child = psutil.Process(int(parent.stdout.readline()))
    time.sleep(0.2)  # it hangs by now
    parent.kill()
    parent.communicate()
    psutil.wait_procs([child], timeout=20)
    assert not child.is_running() or child.status() == psutil.STATUS_ZOMBIE
