"""Evaluators for every machine: CHGNet's enthalpies on a laptop's cores or on a GPU."""

import functools
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager

import torch

from sse_assets.atomistics.batches import ATOMS_IN_A_BATCH, Batches
from sse_assets.atomistics.evaluation import Evaluation, Evaluator, EvaluatorFactory
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import EvaluationSettings
from sse_assets.atomistics.workers import Workers

__all__ = [
    "Evaluation",
    "Evaluator",
    "EvaluatorFactory",
    "ase_evaluator",
    "batched_evaluator",
    "evaluators_here",
    "worker_evaluator",
]


def ase_evaluator(settings: EvaluationSettings) -> Evaluator:
    """Evaluate one candidate after another with CHGNet and ASE in this process, on the CPU."""
    return OneByOne(settings, ChgnetPotential())


def worker_evaluator(settings: EvaluationSettings, processes: int) -> Workers:
    """As `ase_evaluator`, with the same results, in several processes of one thread each.

    A candidate that hangs or kills its process costs that process alone. Who asks for it closes it.
    """
    return Workers(settings, processes)


def batched_evaluator(settings: EvaluationSettings, device: str) -> Evaluator:
    """Many candidates at a time on one device, `cuda` or `cpu`; the same within single precision."""
    return Batches(settings, ChgnetPotential(device), ATOMS_IN_A_BATCH[device])


@contextmanager
def evaluators_here(processes: int) -> Iterator[EvaluatorFactory]:
    """Make evaluators, one for each settings: batches on a GPU where torch sees one, else ASE on the CPU.

    Args:
        processes: on the CPU; with one, candidates are evaluated in this process.

    Yields:
        What makes them; their processes end with the block.
    """
    with ExitStack() as stack:

        @functools.cache
        def evaluator(settings: EvaluationSettings) -> Evaluator:
            if torch.cuda.is_available():
                return batched_evaluator(settings, "cuda")
            if processes == 1:
                return ase_evaluator(settings)
            return stack.enter_context(closing(worker_evaluator(settings, processes)))

        yield evaluator
