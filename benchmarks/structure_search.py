"""Searches for known structures, and the batch of new structures that ships with the project.

    python benchmarks/structure_search.py --what prototypes --home DIR --folder RUNS # ordered prototypes
    python benchmarks/structure_search.py --what known --folder RUNS     # against published structures
    python benchmarks/structure_search.py --what known --home DIR --folder RUNS   # from known structure types
    python benchmarks/structure_search.py --what batch --folder RUNS     # compositions without a structure
    python benchmarks/structure_search.py --what dynamics --folder RUNS  # gain by 1 ps over FIRE alone

A search that was killed goes on from its last candidate or checkpoint if it is started with the same folder.
`--only` names some of the compositions. `prototypes` and `batch` write CIF and record of each structure to
`--results`, `known` writes two tables. With a home, `known` searches as the pipeline does, from known
structure types; those with the compound's own composition are left out.

`prototypes` takes every composition with a cheap prototype from a home with a finished run of the pipeline,
in step, small cells first. It leaves out those with a record, and small formulas of which no prototype is
trusted, unless they are named; then the lower structure stays. On a GPU a hundred take five minutes. One core
takes five to fifteen minutes for each, and for an evolution up to half an hour.
"""

import argparse
from collections.abc import Collection
from functools import cache, partial
from pathlib import Path

import duckdb
import pandas as pd
from pymatgen.core import Composition
from structure_search_known import KNOWN

from sse_assets.assets.search_inputs import (
    cells_from,
    compositions_without_structure,
    family_of,
    library_for_searches,
)
from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.settings import EVALUATION, Profile
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.curation.families import family
from sse_assets.generation import search_composition, search_compositions, tables
from sse_assets.generation.duplicates import atoms_of
from sse_assets.generation.in_step import run_search
from sse_assets.generation.progress import Progress
from sse_assets.generation.records import SHIPPED, Record, read_record
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import (
    JOURNALS,
    NO_STARTING_CELLS,
    StartingCells,
    find_structure,
    planned_searches,
    plans,
)
from sse_assets.generation.winners import settle
from sse_assets.materials.formula import composition_key
from sse_assets.orchestration.settings import Dataset
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.structures import volume_model
from sse_assets.prototypes.volume import VolumeModel

BATCH = {
    "Li5NI2": 20.0,
    "LiSrTiTaO6": 2.0,
    "LiCaTiNbO6": 2.0,
    "Li6O2ClBr": 2.0,
}
"""Length in ps of each of the two runs of dynamics, by composition. The compositions are of LiIon and had no
structure in OBELiX and, at the time, in the snapshot of the Materials Project."""
BATCH_SETTINGS = SearchSettings(formula_units=(1,), prototypes=0)
ORDERED = ValidationSettings(search_ps=2.0, ambient_ps=2.0)
"""Dynamics of the ordered prototypes, as the step `search_structure` has them by default."""


def main() -> None:
    """Carry out the searches, and print their results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", choices=("prototypes", "known", "batch", "dynamics"), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="journals and trajectories")
    parser.add_argument("--results", type=Path, help="folder of tables, CIFs and records (default: --folder)")
    parser.add_argument("--home", type=Path, help="home of a finished run, for known structure types")
    parser.add_argument("--only", nargs="+", help="formulas, of those in the table")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    parser.add_argument(
        "--largest-cell",
        type=int,
        default=20,
        help="atoms, of `known`: a smaller number leaves the searches of larger cells to another day",
    )
    arguments = parser.parse_args()
    results = arguments.results or arguments.folder
    results.mkdir(parents=True, exist_ok=True)
    if arguments.what == "prototypes":
        if arguments.home is None:
            parser.error("--what prototypes needs --home")
        _order_prototypes(arguments.home, arguments.folder, results, arguments.only or (), arguments.workers)
        return
    for formula in arguments.only or list(BATCH if arguments.what == "batch" else KNOWN):
        folder = arguments.folder / formula
        match arguments.what:
            case "known":
                settings = SearchSettings(
                    largest_cell=arguments.largest_cell, prototypes=4 if arguments.home else 0
                )
                cells = _cells_without(formula, arguments.home) if arguments.home else NO_STARTING_CELLS
                table = _against_known(formula, settings, folder, results, arguments.workers, cells)
            case "batch":
                table = _generate(formula, arguments.folder, results, arguments.workers)
            case "dynamics":
                with evaluators_here(arguments.workers) as evaluators, one_torch_thread():
                    table = _gain(formula, folder, evaluators)
        print(table.round(4).to_string(index=False), flush=True)


def _order_prototypes(home: Path, folder: Path, results: Path, only: Collection[str], processes: int) -> None:
    """Relax and move the ordered cells of every composition with a cheap prototype, the smallest first."""
    settings = SearchSettings()
    measurements, known = _read(home)
    wanted, _ = compositions_without_structure(measurements, known, Dataset.OBELIX)
    families = {row["cell_formula"]: family_of(row, measurements) for row in wanted.to_dict("records")}
    library = cache(lambda without: library_for_searches(measurements, known, [SHIPPED, results], without))

    def cells(formula: str) -> StartingCells:
        own = formula if read_record(SHIPPED, formula) else None
        return cells_from(partial(library, own), families)

    sizes: dict[str, int] = {}
    for formula in wanted["cell_formula"]:
        if formula in only if only else read_record(results, formula) is None:
            planned = planned_searches(formula, settings, folder / formula, cells(formula))
            starts = [start for one in planned for start in one.starts]
            evolves = any(one.settings.max_generations > 1 for one in planned)
            if starts and (only or not evolves):
                sizes[formula] = max(len(start.atoms) for start in starts)
                print(f"{formula}: {len(starts)} cells of up to {sizes[formula]} atoms", flush=True)
            else:
                print(f"{formula}: no prototype is cheap enough to go without an evolution", flush=True)
    made = search_compositions(
        {formula: folder / formula for formula in sorted(sizes, key=lambda formula: sizes[formula])},
        settings,
        ORDERED,
        processes=processes,
        progress=_print_generation,
        dynamics_progress=_print_dynamics,
        starting_cells=cells,
    )
    for formula, record in made:
        if isinstance(record, Exception):
            print(f"{formula}: {record}", flush=True)
            continue
        before = read_record(results, formula)
        if before is None or (record.structure["valid"] and _above(before, record) > 0):
            _write(record, results)
        print(
            pd.DataFrame([record.structure]).drop(columns="cif").round(4).to_string(index=False), flush=True
        )


def _above(record: Record, other: Record) -> float:
    """Return how far the structure of a record is above that of another, in eV/atom."""
    energy = "enthalpy_ev_per_atom"
    return float(record.structure[energy] - other.structure[energy])


def _read(home: Path) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return measurements and known crystals of a home."""
    with duckdb.connect(str(home / "warehouse.duckdb"), read_only=True) as warehouse:
        measurements, *crystals = (
            warehouse.sql(f"select * from {table}").df()
            for table in (
                "curated.measurements",
                "raw.obelix_structures",
                "raw.reference_structures",
                "raw.inbox_structures",
            )
        )
    return measurements, pd.concat(crystals, ignore_index=True)


def _cells_without(formula: str, home: Path) -> StartingCells:
    """Return the starting cells of a compound from crystals that have another composition."""
    key = composition_key(Composition(formula))

    @cache
    def library() -> tuple[Chooser, VolumeModel]:
        everything, _ = library_for_searches(*_read(home), [SHIPPED])
        chooser = Chooser([known for known in everything.prototypes if known.key != key])
        return chooser, volume_model(chooser.prototypes)

    return cells_from(library, {formula: family(None, Composition(formula), None)})


def _write(record: Record, results: Path) -> None:
    """Write the files of a record."""
    for name, text in record.to_files().items():
        (results / name).write_text(text)


def _against_known(
    formula: str,
    settings: SearchSettings,
    folder: Path,
    results: Path,
    processes: int,
    cells: StartingCells,
) -> pd.DataFrame:
    """Compare each search, and the best of all, with the published form that CHGNet puts lowest."""
    with evaluators_here(processes) as evaluators, one_torch_thread():
        found = find_structure(formula, settings, folder, evaluators, _print_generation, cells)
        judge = evaluators(ValidationSettings().relaxation)
        relaxed = {known: settle(atoms_of(known.structure), judge) for known in KNOWN[formula]}
        best = found.best.atoms if found.best is not None else None
        settled = settle(best, judge) if best is not None else None
    known = min(relaxed, key=lambda one: relaxed[one].evaluation.enthalpy_ev_per_atom)
    lowest = relaxed[known].evaluation.enthalpy_ev_per_atom
    searches = pd.DataFrame(
        {
            "formula": formula,
            "search": search.plan.name,
            "cell_atoms": len(search.best.atoms) if search.best and search.best.atoms else None,
            "generations": len(search.history.best),
            "candidates": len(search.candidates),
            "converged": search.history.converged,
            "best_minus_known_mev": 1000 * (search.history.best[-1] - lowest),
            "force_evaluations": sum(candidate.steps for candidate in search.candidates),
        }
        for search in found.searches
    )
    _keep(searches, results / "known_searches.csv")
    if settled is None:
        return pd.DataFrame([{"formula": formula, "failure": found.failure}])
    comparison = tables.comparison(formula, known.name, settled, relaxed[known])
    _keep(comparison, results / "known.csv")
    print(searches.round(2).to_string(index=False), flush=True)
    return comparison


def _keep(rows: pd.DataFrame, file: Path) -> None:
    """Write rows to a table, in place of its rows of the same formula."""
    if file.exists():
        others = pd.read_csv(file)
        rows = pd.concat([others[~others["formula"].isin(rows["formula"])], rows])
    rows.round(4).to_csv(file, index=False)


def _generate(formula: str, folder: Path, results: Path, processes: int) -> pd.DataFrame:
    """Search and validate one composition of the batch, and write its record."""
    validation = ValidationSettings(search_ps=BATCH[formula], ambient_ps=BATCH[formula])
    record = search_composition(
        formula,
        folder / formula,
        BATCH_SETTINGS,
        validation,
        processes=processes,
        progress=_print_generation,
        dynamics_progress=_print_dynamics,
    )
    _write(record, results)
    return pd.DataFrame([record.structure]).drop(columns="cif")


def _gain(formula: str, folder: Path, evaluators: EvaluatorFactory) -> pd.DataFrame:
    """Return the gain by the picosecond of the paper over FIRE, for each survivor of the smallest search."""
    settings = SearchSettings()
    plan = plans(formula, settings)[0]
    searched = run_search(plan, settings, folder / JOURNALS / f"{plan.name}.jsonl", evaluators)
    survivors = searched.history.population
    cells = [survivor.atoms for survivor in survivors if survivor.atoms is not None]
    moved = evaluators(EVALUATION[Profile.DEFAULT]).evaluate(cells, seeds=range(len(cells)))
    return pd.DataFrame(
        {
            "formula": formula,
            "candidate": survivor.candidate_id,
            "above_best_mev": 1000 * (survivor.enthalpy_ev_per_atom - survivors[0].enthalpy_ev_per_atom),
            "gain_mev": 1000 * (survivor.enthalpy_ev_per_atom - after.enthalpy_ev_per_atom),
            "mean_temperature_k": after.mean_temperature_k,
            "steps": survivor.steps,
            "steps_with_dynamics": after.steps,
            "failure": after.failure,
        }
        for survivor, after in zip(survivors, moved, strict=True)
    )


def _print_generation(progress: Progress) -> None:
    if progress.done == progress.of:
        print(progress, flush=True)


def _print_dynamics(what: str, run: str, done: int, total: int) -> None:
    print(f"{what} {run}: {done} of {total} steps", flush=True)


if __name__ == "__main__":
    main()
