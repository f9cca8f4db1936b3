"""How long answers take: the first of a new process, ten thousand formulas, and a folder of CIFs.

    python benchmarks/answers.py .sse --cifs folder

With `--cifs` the process answers for the CIFs, and the trees too, which need the pores of each. Times tell
something on a quiet machine only; CPU seconds are printed beside them.
"""

import argparse
import os
import resource
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path

from sse_assets.screening import Predictor
from sse_assets.screening.answer import Answers

N_FORMULAS = 10_000
N_COLD = 5


def main() -> None:
    """Print the times."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path, help="SSE_HOME of a finished run")
    parser.add_argument("--cifs", type=Path, help="folder of CIFs")
    given = parser.parse_args()
    seconds = [_cold(given.home) for _ in range(N_COLD)]
    wall, cpu = (sorted(values)[N_COLD // 2] for values in zip(*seconds, strict=True))
    print(
        f"sse-assets predict Li6PS5Cl in a new process: {wall:.2f} s, {cpu:.2f} s of CPU (median of {N_COLD})"
    )
    predictor = Predictor.load(given.home)
    predictor.predict("Li6PS5Cl")
    formulas = list(islice(_formulas(), N_FORMULAS))
    _timed(f"{len(formulas)} formulas", lambda: predictor.predict(formulas))
    if given.cifs:
        _timed("CIFs by the process", lambda: predictor.predict(given.cifs))
        trees = Predictor.load(given.home, model="boosted_trees")
        _timed("CIFs by the trees, with pores", lambda: trees.predict(given.cifs))
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


def _cold(home: Path) -> tuple[float, float]:
    """Return seconds of the wall clock and of the CPU of one call."""
    before, started = resource.getrusage(resource.RUSAGE_CHILDREN), time.perf_counter()
    command = [sys.executable, "-m", "sse_assets.cli", "predict", "Li6PS5Cl"]
    environment = os.environ | {"SSE_HOME": str(home)}
    subprocess.run(command, env=environment, check=True, stdout=subprocess.DEVNULL)
    wall, after = time.perf_counter() - started, resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime - before.ru_utime + after.ru_stime - before.ru_stime


def _formulas() -> Iterator[str]:
    """Argyrodites in small steps: every one is neutral."""
    cations = (("P", 6), ("As", 6), ("Sb", 6))
    for step, (cation, lithium), anion, halogen in product(
        range(1000), cations, ("S", "Se"), ("Cl", "Br", "I")
    ):
        x = step / 1000
        yield f"Li{lithium - x:g}{cation}{anion}{5 - x:g}{halogen}{1 + x:g}"


def _timed(what: str, answer: Callable[[], Answers]) -> None:
    started, cpu = time.perf_counter(), time.process_time()
    answers = answer()
    print(
        f"{len(answers)} answers, {what}: {time.perf_counter() - started:.1f} s, "
        f"{time.process_time() - cpu:.1f} s of CPU; {answers.n_refused} refused"
    )


if __name__ == "__main__":
    main()
