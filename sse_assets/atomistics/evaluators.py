"""Evaluations and dynamics with CHGNet on every machine: on the cores of a laptop or on a GPU."""

import functools
from collections.abc import Iterator, Sequence
from contextlib import ExitStack, closing, contextmanager
from functools import partial

from sse_assets.atomistics.batch_dynamics import StepsProgress, run_dynamics_together
from sse_assets.atomistics.batches import Batches, atoms_in_a_batch
from sse_assets.atomistics.dynamics import Dynamics, Run, run_dynamics
from sse_assets.atomistics.evaluation import Evaluator, EvaluatorFactory
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential, device_here
from sse_assets.atomistics.settings import Conditions, EvaluationSettings
from sse_assets.atomistics.workers import Workers


def ase_evaluator(settings: EvaluationSettings) -> Evaluator:
    """Make an evaluator of one candidate after another, with ASE in this process, on the CPU."""
    return OneByOne(settings, ChgnetPotential())


def batched_evaluator(settings: EvaluationSettings, device: str) -> Evaluator:
    """Make an evaluator of many candidates at a time on one device, `cuda` or `cpu`."""
    return Batches(settings, ChgnetPotential(device), atoms_in_a_batch(device))


@contextmanager
def evaluators_here(processes: int) -> Iterator[EvaluatorFactory]:
    """Make evaluators for this machine: batches on a GPU where torch sees one, else ASE on the CPU.

    Args:
        processes: number of processes on the CPU; with one, candidates are evaluated in this process.

    Yields:
        A function that makes one evaluator for each settings; their processes end with the block.
    """
    with ExitStack() as stack:

        @functools.cache
        def evaluator(settings: EvaluationSettings) -> Evaluator:
            if device_here() == "cuda":
                return batched_evaluator(settings, "cuda")
            if processes == 1:
                return ase_evaluator(settings)
            return stack.enter_context(closing(Workers(settings, processes)))

        yield evaluator


def move_here(runs: Sequence[Run], conditions: Conditions, progress: StepsProgress) -> list[Dynamics]:
    """Move crystals together on a GPU where torch sees one, else one after another with ASE.

    Raises:
        ValueError: if a folder holds a run of another cell, seed or other conditions.
    """
    if device_here() == "cuda":
        return run_dynamics_together(
            runs, conditions, ChgnetPotential("cuda"), atoms_in_a_batch("cuda"), progress
        )
    return [run_dynamics(run, conditions, ChgnetPotential(), partial(progress, 1)) for run in runs]
