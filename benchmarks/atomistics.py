"""Time that CHGNet takes here, against chgnet's own code, by number of atoms, in batches and in processes.

    export GLIBC_TUNABLES=glibc.malloc.hugetlb=1     # memory in large pages, as the Makefile has it
    python benchmarks/atomistics.py                  # a CPU, one thread
    python benchmarks/atomistics.py --device cuda    # a GPU, in batches and one crystal at a time

Times on a CPU are processor seconds, so that a busy machine counts less; those of the processes and of the
searches are times of the clock. Goals: two processes are 1.6 times as fast as one; on a GPU, batches of 64
crystals of about 50 atoms are ten times as fast as single crystals, FIRE does at least 80 % of the steps of
the potential alone, and searches in step evaluate at least 1,500 candidates a minute; on a CPU, batches are
no slower than single crystals.
"""

import argparse
import contextlib
import io
import os
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from math import inf
from pathlib import Path
from tempfile import TemporaryDirectory

import numpy as np
import torch
from ase import Atoms
from chgnet.model.dynamics import CHGNetCalculator

from sse_assets.atomistics.batch_npt import BatchNpt
from sse_assets.atomistics.batches import Batches
from sse_assets.atomistics.cells import Cells
from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.atomistics.evaluators import ase_evaluator, batched_evaluator, evaluators_here
from sse_assets.atomistics.guards import Deadline
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import AMBIENT, EVALUATION, Profile
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.atomistics.workers import Workers
from sse_assets.generation.in_step import run_in_step, run_search
from sse_assets.generation.progress import Progress
from sse_assets.generation.search import Search
from sse_assets.generation.settings import SearchSettings
from sse_assets.generation.structures import plans

SIZES = {
    1: (1, 1, 1),
    3: (1, 1, 1),
    12: (2, 2, 1),
    24: (2, 2, 2),
    48: (4, 2, 2),
    96: (4, 4, 2),
    144: (4, 4, 3),
}
SEARCHED = ("Li3N", "Li2S", "Li2O2", "Li2SiO3", "LiAlO2", "Li3PO4")
PAPER_COMPOSITIONS, PAPER_ATOMS, PAPER_CANDIDATES = 152, 55, 20 * 11
"""Structures of the paper, their mean size, and population times generations (II.B, III.B)."""
STEPS_A_CANDIDATE = {Profile.DEFAULT: 120 + 1000 + 50, Profile.STATIC: 120, Profile.PAPER: 1000}
"""Number of evaluations of the forces; those of FIRE are as measured on random crystals."""
FINAL_STEPS = 40_000
"""Number of steps of the two runs of 20 ps for each found structure."""


def main() -> None:
    """Print seconds and ratios."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--device", choices=["cpu", "cuda"], default="cpu")
    parser.add_argument("--atoms", type=int, choices=SIZES, help="print the ms of one crystal, no more")
    parser.add_argument("--only", choices=("procedures", "searches"), help="leave out everything else")
    arguments = parser.parse_args()
    with one_torch_thread():
        match arguments.only:
            case "procedures":
                _procedures(arguments.device)
            case "searches":
                _searches_on_a_gpu() if arguments.device == "cuda" else _searches_on_a_cpu()
            case None:
                _measure(arguments.device, arguments.atoms)


def _measure(device: str, atoms_alone: int | None) -> None:
    potential = ChgnetPotential(device)
    if atoms_alone:
        cells = Cells.of([_crystal(atoms_alone, seed=0)], device)
        print(1000 * _seconds(lambda: potential(cells), device))
        return

    print("atoms  chgnet ms  ours ms  ratio")
    seconds = {}
    for atoms in SIZES:
        crystal = _crystal(atoms, seed=atoms)
        seconds[atoms] = _seconds(lambda c=crystal: potential(Cells.of([c], device)), device)
        theirs = _seconds(_by_chgnet(crystal, device), device)
        print(
            f"{atoms:5d} {1000 * theirs:10.1f} {1000 * seconds[atoms]:8.1f} {theirs / seconds[atoms]:6.2f}",
            flush=True,
        )

    best = min(_batches(device), seconds[48])
    _procedures(device)
    if device == "cuda":
        _searches_on_a_gpu()
    else:
        _searches_on_a_cpu()

    if device == "cpu":
        _pages()
        _processes()
    streams = 2 if device == "cpu" else 1
    a_step = best * PAPER_ATOMS / 48 / streams
    print(f"the paper's {PAPER_COMPOSITIONS} compositions, {streams} process(es), days:")
    for profile, steps in STEPS_A_CANDIDATE.items():
        days = PAPER_COMPOSITIONS * (PAPER_CANDIDATES * steps + FINAL_STEPS) * a_step / 86_400
        print(f"  {profile}: {days:.1f}")


def _batches(device: str) -> float:
    """Relax crystals in batches and one at a time; return the least time in s of a step of 48 atoms."""
    settings = replace(EVALUATION[Profile.STATIC], relaxation_steps=12, max_force_ev_a=1e-6)
    batched = batched_evaluator(settings, device)
    alone = ase_evaluator(settings) if device == "cpu" else Batches(settings, ChgnetPotential(device), 1)
    print("atoms  crystals  ms a step, alone  batched  ratio")
    for atoms in (12, 48):
        each = []
        for count in (4, 16) if device == "cpu" else (4, 16, 64, 128):
            crystals = [_crystal(atoms, seed) for seed in range(count)]
            single, many = (_seconds_a_step(evaluator, crystals, device) for evaluator in (alone, batched))
            each += [single, many]
            line = f"{atoms:5d} {count:9d} {1000 * single:17.1f} {1000 * many:8.1f} {single / many:6.2f}"
            print(line, flush=True)
    return min(each)


def _procedures(device: str) -> None:
    """Compare FIRE, its set-up and checks included, and dynamics with the potential alone."""
    potential = ChgnetPotential(device)
    settings = replace(EVALUATION[Profile.STATIC], relaxation_steps=12, max_force_ev_a=1e-6)
    print("structure-steps/s: the potential, FIRE and its share of it, dynamics and their share")
    for count, atoms in ((16, 12),) if device == "cpu" else ((64, 12), (64, 48), (256, 48)):
        crystals = [_crystal(atoms, seed) for seed in range(count)]
        cells = Cells.of(crystals, device)
        batches = Batches(settings, potential, count * atoms)
        at_rest = torch.zeros_like(cells.positions)
        npt = BatchNpt(cells, at_rest, potential, AMBIENT, Deadline(inf))
        alone, relaxed, moved = [], [], []
        for _ in range(3):  # in turns, as another program may slow down one of them
            alone.append(count / _seconds(lambda cells=cells: potential(cells), device))
            relaxed.append(1 / _seconds_a_step(batches, crystals, device))
            moved.append(count / _seconds(npt.step, device))
        best = max(alone)
        rates = f"{max(relaxed):7.0f} {max(relaxed) / best:5.2f} {max(moved):7.0f} {max(moved) / best:5.2f}"
        print(f"{count:5d} × {atoms:<5d} {best:7.0f} {rates}", flush=True)


class _EnoughError(Exception):
    """Signal that enough has been measured."""


def _searches_on_a_gpu(measured_s: float = 75.0) -> None:
    """Print the candidates a minute of many searches in step, in cells of 20 atoms, from the first on."""
    settings = SearchSettings(
        replicates=40, formula_units=(5,), largest_cell=20, prototypes=0, flat_generations=20
    )
    searched = [plan for formula in ("Li3N", "Li2O2", "LiAlO2") for plan in plans(formula, settings)]
    processes = os.cpu_count() or 1
    done: list[float] = []

    def count(_: Progress) -> None:
        done.append(time.perf_counter())
        if done[-1] - done[0] > measured_s:
            raise _EnoughError

    with (
        TemporaryDirectory() as folder,
        evaluators_here(processes) as evaluators,
        contextlib.suppress(_EnoughError),
    ):
        searches = [
            Search(one, settings, Path(folder, f"{one.formula}-{one.name}.jsonl")) for one in searched
        ]
        for _, error in run_in_step(searches, evaluators, count, side_processes=processes):
            if error is not None:
                raise error
    rate = 60 * (len(done) - 1) / (done[-1] - done[0])
    print(f"{len(searched)} searches in step, cells of 20 atoms: {rate:.0f} candidates/min")


def _searches_on_a_cpu() -> None:
    """Compare searches in step with the same searches one after another, by the clock and in turns."""
    settings = SearchSettings(
        population=6,
        replicates=1,
        formula_units=(1,),
        max_generations=2,
        flat_generations=3,
        evaluation=replace(EVALUATION[Profile.STATIC], relaxation_steps=20),
    )
    processes = os.cpu_count() or 1
    searched = [plan for formula in SEARCHED for plan in plans(formula, settings)]
    minutes = {"one after another": 0.0, "in step": 0.0}
    candidates = dict.fromkeys(minutes, 0)
    with evaluators_here(processes) as evaluators:
        for turn in range(3):
            for way in minutes:
                start, count = time.perf_counter(), 0
                with TemporaryDirectory() as folder:
                    journals = {plan: Path(folder, f"{plan.formula}-{plan.name}.jsonl") for plan in searched}
                    if way == "in step":
                        searches = [Search(plan, settings, journal) for plan, journal in journals.items()]
                        sides = max(1, processes // 4)
                        for search, error in run_in_step(searches, evaluators, side_processes=sides):
                            if error is not None:
                                raise error
                            count += len(search.outcome.candidates)
                    else:
                        for plan, journal in journals.items():
                            count += len(run_search(plan, settings, journal, evaluators).candidates)
                if turn:  # in the first the processes of the evaluators start
                    minutes[way] += (time.perf_counter() - start) / 60
                    candidates[way] += count
    rates = {way: candidates[way] / minutes[way] for way in minutes}
    print("; ".join(f"searches {way}: {rate:.0f} candidates/min" for way, rate in rates.items()))
    print(f"ratio {rates['in step'] / rates['one after another']:.2f}")


def _seconds_a_step(evaluator: Evaluator, crystals: list[Atoms], device: str) -> float:
    found: list[Evaluation] = []
    seconds = _seconds(
        lambda: found.extend(evaluator.evaluate(crystals, seeds=range(len(crystals)))), device, least_goes=2
    )
    return seconds * (len(found) / len(crystals)) / sum(evaluation.steps for evaluation in found)


def _pages() -> None:
    """Compare memory in large and in small pages, in processes in turns, as each has one kind of pages."""
    command = [sys.executable, __file__, "--atoms", "24"]
    ms = {0: 0.0, 1: 0.0}
    for _ in range(3):
        for large in ms:
            environment = os.environ | {"GLIBC_TUNABLES": f"glibc.malloc.hugetlb={large}"}
            ms[large] += float(subprocess.check_output(command, env=environment, text=True)) / 3
    print(f"24 atoms, ms with small and large pages: {ms[0]:.0f}, {ms[1]:.0f}; ratio {ms[0] / ms[1]:.2f}")


def _processes() -> None:
    """Compare two processes with one on the same candidates, by the clock and in turns."""
    settings = replace(EVALUATION[Profile.STATIC], relaxation_steps=25, max_force_ev_a=1e-6)
    candidates = [_crystal(12, seed) for seed in range(6)]
    seconds = {1: 0.0, 2: 0.0}
    with (
        contextlib.closing(Workers(settings, 1)) as one,
        contextlib.closing(Workers(settings, 2)) as two,
    ):
        for turn in range(5):
            for processes, evaluator in ((1, one), (2, two)):
                start = time.perf_counter()
                list(evaluator.evaluate(candidates, seeds=range(6)))
                if turn:  # in the first they start
                    seconds[processes] += time.perf_counter() - start
    print(f"24 candidates, seconds with 1 and 2 processes: {seconds[1]:.1f}, {seconds[2]:.1f}")
    print(f"ratio {seconds[1] / seconds[2]:.2f}; goal 1.6")


def _crystal(atoms: int, seed: int) -> Atoms:
    """Return Li2S (5.72 Å) with every atom moved by some 0.1 Å; one atom is body-centred Li (3.44 Å)."""
    if atoms == 1:
        return Atoms("Li", cell=3.44 / 2 * (np.ones((3, 3)) - 2 * np.eye(3)), pbc=True)
    spots = [[0.25] * 3, [0.75] * 3, [0.0] * 3]
    crystal = Atoms("Li2S", scaled_positions=spots, cell=5.72 / 2 * (1 - np.eye(3)), pbc=True) * SIZES[atoms]
    crystal.rattle(0.1, seed=seed)
    return crystal


def _by_chgnet(crystal: Atoms, device: str) -> Callable[[], object]:
    with contextlib.redirect_stdout(io.StringIO()):
        calculator = CHGNetCalculator(use_device=device)
    return lambda: calculator.calculate(crystal, task="efs")


def _seconds(work: Callable[[], object], device: str, least_goes: int = 3) -> float:
    """Return the mean time in s of several goes after a first."""
    clock = time.process_time if device == "cpu" else time.perf_counter
    work()
    start, goes = clock(), 0
    while goes < least_goes or clock() - start < 0.5:
        work()
        goes += 1
    if device == "cuda":
        torch.cuda.synchronize()
    return (clock() - start) / goes


if __name__ == "__main__":
    main()
