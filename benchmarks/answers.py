"""What answers take, and whether they hold what they promise.

    python benchmarks/answers.py .sse --cifs folder
    python benchmarks/answers.py .sse --honest

The first of a new process, ten thousand formulas, and with `--cifs` a folder of CIFs: by the model that
answers for them, and by the trees, which need the pores of each. Times tell something on a quiet machine
only; CPU seconds are printed beside them. `--honest` fits a predictor without the test rows of `official` and
of each fold of `grouped`, asks it for these rows as a user would, and counts how many lie in its intervals.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from itertools import islice, product
from pathlib import Path

import pandas as pd
from upath import UPath

from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.gaussian_process.training import train_gaussian_process
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.orchestration.tables import TableKey
from sse_assets.prototypes.stored_library import Library
from sse_assets.screening import Predictor
from sse_assets.screening.answer import Answers
from sse_assets.screening.home import Home
from sse_assets.screening.material import Material
from sse_assets.screening.model_candidates import chosen_designs, has_every_cell
from sse_assets.screening.stored_process import store_process
from sse_assets.splits.papers import as_folds, paper_folds
from sse_assets.tables import models
from sse_assets.tables.names import ModelName, Protocol, Role

N_FORMULAS = 10_000
N_COLD = 5
_MODEL = "models/gaussian_process/benchmark/all_rows-bound"


def main() -> None:
    """Print the times, or how honest the intervals are."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("home", type=Path, help="SSE_HOME of a finished run")
    parser.add_argument("--cifs", type=Path, help="folder of CIFs")
    parser.add_argument("--honest", action="store_true", help="ask for rows that were held out")
    given = parser.parse_args()
    if given.honest:
        _print_honesty(Home(UPath(given.home.absolute()) / "blobs"))
        return
    seconds = [_cold(given.home) for _ in range(N_COLD)]
    wall, cpu = (sorted(values)[N_COLD // 2] for values in zip(*seconds, strict=True))
    print(
        f"sse-assets predict Li6PS5Cl in a new process: {wall:.2f} s, {cpu:.2f} s of CPU (median of {N_COLD})"
    )
    if given.cifs:
        answering = Predictor.load(given.home)
        _timed("CIFs by the model that answers", lambda: answering.predict(given.cifs))
        trees = Predictor.load(given.home, model=ModelName.BOOSTED_TREES, variant="all")
        _timed("CIFs by the trees, with pores", lambda: trees.predict(given.cifs))
        _timed("the same again, with the pores kept", lambda: trees.predict(given.cifs))
    else:
        formulas = list(islice(_formulas(), N_FORMULAS))
        for prototypes in (False, True):
            predictor = Predictor.load(given.home, prototypes=prototypes)
            predictor.predict("Li6PS5Cl")
            what = f"formulas with{'' if prototypes else 'out'} prototypes"
            _timed(what, lambda asked=predictor: asked.predict(formulas))
    print(f"memory at most {resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1e3:.0f} MB")


def _print_honesty(home: Home) -> None:
    """Print coverage and error of the rows that were held out, those that are flagged apart."""
    assigned = pd.concat([_table(home, "splits", name) for name in ("assignments", "formula_only")])
    for protocol in (Protocol.OFFICIAL, Protocol.GROUPED):
        rows = assigned[assigned["protocol"] == protocol]
        said = pd.concat([_held_out(home, of_fold) for _, of_fold in rows.groupby("fold")])
        for what, part in (("all", said), *(said.groupby(said["outside_domain"].map(_FLAGGED)))):
            inside = (part["low_90"] <= part["measured"]) & (part["measured"] <= part["high_90"])
            half = (part["low_50"] <= part["measured"]) & (part["measured"] <= part["high_50"])
            error = (part["log10_sigma"] - part["measured"]).abs().mean()
            print(
                f"{protocol}, {what}: {len(part)} rows, {inside.mean():.1%} in the 90 % interval, "
                f"{half.mean():.1%} in the 50 % interval, mean absolute error {error:.2f}"
            )


_FLAGGED = {True: "flagged", False: "not flagged"}


def _held_out(home: Home, assigned: pd.DataFrame) -> pd.DataFrame:
    """Ask a predictor that was fitted on the training rows of a fold for its test rows.

    A row with a crystal is asked with its CIF, any other by its formula. Its own composition and paper are no
    prototypes either.
    """
    electrolytes = _table(home, "curated", "electrolytes")
    by_role = {
        role: electrolytes[
            electrolytes["electrolyte_id"].isin(assigned.loc[assigned["role"] == role, "electrolyte_id"])
        ]
        for role in Role
    }
    train, test = by_role[Role.TRAIN], by_role[Role.TEST]
    with tempfile.TemporaryDirectory() as folder:
        own = Home(UPath(folder))
        _fit(home, own, train, test, assigned)
        cifs = _table(home, "curated", "structures").set_index("electrolyte_id")["cif"]
        asked = [
            Material(row["formula"], cifs.get(row["electrolyte_id"]), name=row["electrolyte_id"])
            for row in test.to_dict("records")
        ]
        said = Predictor(own, model=ModelName.GAUSSIAN_PROCESS).predict(asked, anyway=True).to_frame()
    measured = labels(test)[LabelConvention.BOUND].to_numpy()
    return said.assign(measured=measured).dropna(subset="log10_sigma")


def _fit(home: Home, own: Home, train: pd.DataFrame, test: pd.DataFrame, assigned: pd.DataFrame) -> None:
    """Store the process on the training rows, and the tables that a predictor reads beside it."""
    chemistry, cell = (_table(home, "descriptors", name) for name in ("chemistry", "cell"))
    rows = pd.concat([train, test])
    features = composition_chemistry_cell(rows, chemistry, cell)
    tested = pd.Index(with_cells(train)["electrolyte_id"])
    all_rows = {"protocol": Protocol.ALL_ROWS.value, "fold": 0, "role": Role.TRAIN.value}
    trained = train_gaussian_process(
        features,
        labels(rows),
        rows.set_index("electrolyte_id")["doi"],
        pd.concat([assigned, train[["electrolyte_id"]].assign(**all_rows)]),
        designs=chosen_designs(_table(home, "models", "choice"), has_cells=has_every_cell(features)),
        hold_out_papers=lambda ids: as_folds(
            paper_folds(train[train["electrolyte_id"].isin(ids)], tested=tested)
        ),
    )
    store_process(own.blob_root / _MODEL, trained.processes[LabelConvention.BOUND], train, cell)
    fit = all_rows | {"label_convention": LabelConvention.BOUND.value, "model_path": _MODEL}
    papers = {doi for dois in test["doi"].dropna() for doi in dois.split("|")}
    library = Library.read(_table(home, "generated", "prototype_library"))
    others = library.without(set(test["composition_key"]), papers)
    for schema, name, table in (
        ("models", "gaussian_process", models.GAUSSIAN_PROCESS.frame([fit])),
        ("curated", "electrolytes", train),
        ("generated", "prototype_library", others.table()),
    ):
        own.store.write(TableKey(schema, name), table)


def _table(home: Home, schema: str, name: str) -> pd.DataFrame:
    return home.store.read(TableKey(schema, name))


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
    started, before = time.perf_counter(), _cpu()
    answers = answer()
    print(
        f"{len(answers)} answers, {what}: {time.perf_counter() - started:.1f} s, "
        f"{_cpu() - before:.1f} s of CPU; {answers.n_refused} refused",
        flush=True,
    )


def _cpu() -> float:
    """Return the CPU seconds of this process and of those that it has ended."""
    used = (resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN))
    return sum(one.ru_utime + one.ru_stime for one in used)


if __name__ == "__main__":
    main()
