"""Search with springs for a potential: `python -m sse_assets_tests.generation.toy_search JOURNAL`.

It is quick, but takes all steps of a search, so that it can be killed between any two of them.
"""

import sys
from dataclasses import replace
from pathlib import Path

import torch

from sse_assets.atomistics.evaluation import Evaluator
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.settings import SEARCH, EvaluationSettings
from sse_assets.generation.in_step import run_search
from sse_assets.generation.plan import Plan
from sse_assets.generation.search import SearchOutcome
from sse_assets.generation.settings import SearchSettings
from sse_assets_tests.atomistics.crystals import antifluorite
from sse_assets_tests.atomistics.morse import Morse

PLAN = Plan("Li2S", 1, 0)
SETTINGS = SearchSettings(
    population=8,
    max_generations=4,
    flat_generations=4,
    evaluation=EvaluationSettings(relaxation_steps=3, dynamics=None, quench_steps=0),
    dynamics=EvaluationSettings(
        relaxation_steps=0, dynamics=replace(SEARCH, duration_ps=0.02), quench_steps=5
    ),
)


def springs(settings: EvaluationSettings) -> Evaluator:
    return OneByOne(settings, Morse())


def search(journal: Path) -> SearchOutcome:
    return run_search(PLAN, SETTINGS, journal, springs, starting_cells=[antifluorite("S", 5.7)])


if __name__ == "__main__":
    torch.set_num_threads(1)
    search(Path(sys.argv[1]))
