"""Evaluators for every machine: CHGNet's enthalpies on a laptop's cores or on a GPU."""

import torch

from sse_assets.atomistics.batches import ATOMS_IN_A_BATCH, Batches
from sse_assets.atomistics.evaluation import Evaluation, Evaluator
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.potential import ChgnetPotential
from sse_assets.atomistics.settings import EvaluationSettings
from sse_assets.atomistics.workers import Workers

__all__ = [
    "Evaluation",
    "Evaluator",
    "ase_evaluator",
    "batched_evaluator",
    "default_evaluator",
    "lammps_evaluator",
    "worker_evaluator",
]


def ase_evaluator(settings: EvaluationSettings) -> Evaluator:
    """CHGNet and ASE in this process, on the CPU: candidates one after another."""
    return OneByOne(settings, ChgnetPotential())


def worker_evaluator(settings: EvaluationSettings, processes: int) -> Evaluator:
    """As `ase_evaluator`, with the same results, in several processes of one thread each.

    A candidate that hangs or kills its process costs that process alone.
    """
    return Workers(settings, processes)


def lammps_evaluator(settings: EvaluationSettings) -> Evaluator:
    """As `ase_evaluator`, but LAMMPS moves the atoms, as in the paper; needs the extra `lammps`."""
    from sse_assets.atomistics.lammps_npt import move

    return OneByOne(settings, ChgnetPotential(), move)


def batched_evaluator(settings: EvaluationSettings, device: str) -> Evaluator:
    """Many candidates at a time on one device, `cuda` or `cpu`; the same within single precision."""
    return Batches(settings, ChgnetPotential(device), ATOMS_IN_A_BATCH[device])


def default_evaluator(settings: EvaluationSettings, processes: int) -> Evaluator:
    """Batches on a GPU where torch sees one, else ASE in this process or in several."""
    if torch.cuda.is_available():
        return batched_evaluator(settings, "cuda")
    return ase_evaluator(settings) if processes == 1 else worker_evaluator(settings, processes)
