"""Search with springs for a potential: `python -m sse_assets_tests.generation.toy_search JOURNAL alone`.

It is quick, but takes all steps of a search, so that it can be killed between any two of them.
"""

import json
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path
from typing import Any

import torch

from sse_assets.atomistics.evaluation import Evaluator
from sse_assets.atomistics.one_by_one import OneByOne
from sse_assets.atomistics.settings import SEARCH, EvaluationSettings
from sse_assets.generation.in_step import run_in_step, run_search
from sse_assets.generation.plan import Plan
from sse_assets.generation.search import Search, SearchOutcome
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


OTHERS = [Plan("Li2S", 1, 1), Plan("LiF", 2, 0)]
"""Searches that go on beside that of `PLAN`."""


class WithRoom(OneByOne):
    """Evaluator that takes in the candidates of any number of searches."""

    has_room = True


def springs(settings: EvaluationSettings) -> Evaluator:
    return WithRoom(settings, Morse())


def search(journal: Path) -> SearchOutcome:
    return run_search(PLAN, SETTINGS, journal, springs, starting_cells=[antifluorite("S", 5.7)])


def searches_in_step(journal: Path) -> list[Search]:
    """Return the same search and the others, whose journals lie beside its journal."""
    return [
        Search(PLAN, SETTINGS, journal, [antifluorite("S", 5.7)]),
        *(Search(plan, SETTINGS, journal.with_name(f"{plan.formula}-{plan.name}.jsonl")) for plan in OTHERS),
    ]


def lines(journal: Path) -> list[dict[str, Any]]:
    """Return the entries of a journal without their wall times."""
    entries = [json.loads(line) for line in journal.read_text().splitlines()]
    return [{key: value for key, value in entry.items() if key != "seconds"} for entry in entries]


def kill_once_it_has(count: int, journal: Path, what: str) -> None:
    """Begin `alone` or `in step` in another process, and kill it once the journal has so many lines."""
    process = subprocess.Popen([sys.executable, "-m", __name__, str(journal), what])
    while not journal.exists() or journal.read_bytes().count(b"\n") < count:
        assert process.poll() is None, "the search ended before it could be killed"
        time.sleep(0.002)
    process.kill()
    process.wait()


if __name__ == "__main__":
    torch.set_num_threads(1)
    if sys.argv[2] == "alone":
        search(Path(sys.argv[1]))
    else:
        list(run_in_step(searches_in_step(Path(sys.argv[1])), springs))
