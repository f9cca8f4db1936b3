"""Searches for known structures, and the batch of new structures that ships with the project.

    python benchmarks/structure_search.py --what known --folder RUNS    # against published structures
    python benchmarks/structure_search.py --what batch --folder RUNS    # compositions without a structure
    python benchmarks/structure_search.py --what dynamics --folder RUNS # gain by 1 ps over FIRE alone

A search that was killed goes on from its last candidate or checkpoint if it is started with the same folder.
Each composition takes ten minutes to an hour on one core, and dynamics of 20 ps about as long again; `--only`
names some of them. `batch` writes CIF and record of each structure to `--results`, `known` writes two tables.
"""

import argparse
from pathlib import Path

import pandas as pd
from structure_search_known import KNOWN

from sse_assets.atomistics.evaluation import EvaluatorFactory
from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.settings import EVALUATION, Profile
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.generation import search_composition, tables
from sse_assets.generation.duplicates import atoms_of
from sse_assets.generation.in_step import run_search
from sse_assets.generation.progress import Progress
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import JOURNALS, find_structure, plans
from sse_assets.generation.winners import settle

BATCH = {
    "Li2ZrS3": 20.0,
    "Li5NI2": 20.0,
    "LiSrTiTaO6": 2.0,
    "LiCaTiNbO6": 2.0,
    "LiSrTiNbO6": 2.0,
    "Li6O2ClBr": 2.0,
}
"""Length in ps of each of the two runs of dynamics, by composition. The compositions are of LiIon and had no
structure in OBELiX and, at the time, in the snapshot of the Materials Project."""
BATCH_SETTINGS = SearchSettings(formula_units=(1,))


def main() -> None:
    """Carry out the searches, and print their results."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--what", choices=("known", "batch", "dynamics"), required=True)
    parser.add_argument("--folder", type=Path, required=True, help="journals and trajectories")
    parser.add_argument("--results", type=Path, help="folder of tables, CIFs and records (default: --folder)")
    parser.add_argument("--only", nargs="+", help="formulas, of those in the table")
    parser.add_argument("--workers", type=int, default=1, help="processes of one thread each")
    parser.add_argument(
        "--largest-cell",
        type=int,
        default=SearchSettings().largest_cell,
        help="atoms, of `known`: a smaller number leaves the searches of larger cells to another day",
    )
    arguments = parser.parse_args()
    results = arguments.results or arguments.folder
    results.mkdir(parents=True, exist_ok=True)
    for formula in arguments.only or list(BATCH if arguments.what == "batch" else KNOWN):
        folder = arguments.folder / formula
        match arguments.what:
            case "known":
                settings = SearchSettings(largest_cell=arguments.largest_cell)
                table = _against_known(formula, settings, folder, results, arguments.workers)
            case "batch":
                table = _generate(formula, folder, results, arguments.workers)
            case "dynamics":
                with evaluators_here(arguments.workers) as evaluators, one_torch_thread():
                    table = _gain(formula, folder, evaluators)
        print(table.round(4).to_string(index=False), flush=True)


def _against_known(
    formula: str, settings: SearchSettings, folder: Path, results: Path, processes: int
) -> pd.DataFrame:
    """Compare each search, and the best of all, with the published form that CHGNet puts lowest."""
    with evaluators_here(processes) as evaluators, one_torch_thread():
        found = find_structure(formula, settings, folder, evaluators, _print_generation)
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
    record = search_composition(
        formula,
        folder,
        BATCH_SETTINGS,
        ValidationSettings(search_ps=BATCH[formula], ambient_ps=BATCH[formula]),
        processes=processes,
        progress=_print_generation,
        dynamics_progress=lambda what, done, total: print(
            f"{formula} {what}: {done} of {total} steps", flush=True
        ),
    )
    for name, text in record.to_files().items():
        (results / name).write_text(text)
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


if __name__ == "__main__":
    main()
