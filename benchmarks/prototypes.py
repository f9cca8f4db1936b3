"""How good structures from known structure types are.

    python benchmarks/prototypes.py --home DIR [--pores] [--known]

The home holds a finished run of the pipeline (`make run DATASET=obelix`) and is only read. Known crystals are
left out and made again. With `--pores` their pore volumes are compared too, and it is tried whether pore
volumes help the Gaussian process; this takes minutes. With `--known` the starting cells of six compounds are
relaxed with CHGNet, and nothing else is done: minutes as well. What the cells of prototypes bring to the
models is in the table `metrics.prototype_contribution` of the run.
"""

import argparse
import os
import time
from dataclasses import replace
from pathlib import Path

import duckdb
import pandas as pd
from pymatgen.core import Composition
from structure_search_known import KNOWN

from sse_assets.assets.choice import of_papers
from sse_assets.assets.prototypes import known_crystals
from sse_assets.atomistics.evaluators import evaluators_here
from sse_assets.atomistics.settings import EVALUATION, Profile
from sse_assets.atomistics.threads import one_torch_thread
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.evaluation.intervals import Bootstrap
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.generation.duplicates import atoms_of
from sse_assets.generation.settings import SearchSettings, ValidationSettings
from sse_assets.generation.structures import plans
from sse_assets.generation.winners import loose_space_group, settle
from sse_assets.materials.conductivity import labels
from sse_assets.materials.formula import composition_key
from sse_assets.prototypes.aflow import aflow_prototypes
from sse_assets.prototypes.choice import Chooser
from sse_assets.prototypes.crystal import cif_text
from sse_assets.prototypes.left_out import left_out, made_again
from sse_assets.prototypes.library import Prototype
from sse_assets.prototypes.starting_cells import starting_cells
from sse_assets.prototypes.structures import TRUSTED_COST, read_prototypes, volume_model
from sse_assets.screening.model_candidates import chosen_designs
from sse_assets.splits.groups import papers
from sse_assets.splits.papers import Fold, as_folds

SAME = 0.05
"""Relative error of an edge that is still the same cell."""
CLASSES = (-1.0, 0.1, TRUSTED_COST, 0.5, 1.0, 100.0)
"""Limits of the classes of cost."""
PORES = ["poav_cm3_g", "void_cm3_g"]


def print_coverage(prototypes: pd.DataFrame) -> None:
    """Print how many compositions have a structure, and a trusted one, by source and family."""
    by = [prototypes["electrolyte_id"].str.partition(":")[0].rename("source"), prototypes["family"]]
    table = prototypes.groupby(by).agg(
        rows=("trusted", "size"), structure=("cif", "count"), trusted=("trusted", "sum")
    )
    print(table.to_string())
    print(table.groupby("source").sum().to_string(), "\n")


def print_errors(errors: pd.DataFrame) -> None:
    """Print median errors in % by cost: of the structure, the composition's volume and the nearest cell."""
    measures = [name for name in errors.columns.astype(str) if "_error" in name]
    classes = pd.cut(errors["cost_per_anion"], CLASSES).astype(str).rename("cost for each anion")
    shown = (100 * errors[measures].abs()).assign(
        same_cell=100.0 * (errors[["a_error", "b_error", "c_error"]].abs() < SAME).all(axis=1),
        same_cell_of_nearest=100.0
        * (errors[[f"{edge}_error_of_nearest" for edge in "abc"]].abs() < SAME).all(axis=1),
    )
    for title, group in (
        ("by cost", classes),
        ("trusted", errors["trusted"]),
        ("trusted, by family", errors["family"].where(errors["trusted"])),
    ):
        table = shown[measures].groupby(group).median()
        table.insert(0, "crystals", group.value_counts())
        means = shown[["same_cell", "same_cell_of_nearest"]].groupby(group).mean()
        print(f"{title}: median error in %, and share with all edges within {SAME:.0%}")
        print(table.join(means).round(2).T.to_string(), "\n")


def print_pores(chooser: Chooser, crystals: pd.DataFrame, geometry: pd.DataFrame) -> None:
    """Print how the pore volumes of left-out crystals and of their structures agree."""
    measured, _ = read_prototypes(crystals)
    rows = []
    for known in measured:
        made = made_again(known, chooser)
        if made.mapping is not None and made.structure is not None:
            name = crystals.loc[
                crystals["structure_id"] == known.source.structure_id, "electrolyte_id"
            ].item()
            rows.append(
                {
                    "electrolyte_id": name,
                    "structure_id": known.source.structure_id,
                    "formula": known.source.formula,
                    "cif": cif_text(made.structure),
                    "cost": made.mapping.cost,
                }
            )
    table = pd.DataFrame(rows).reindex(columns=[*rows[0], "z", "a", "b", "c", "alpha", "beta", "gamma"])
    voids, _ = geometric(table, table, PoreSettings(), workers=os.cpu_count() or 1)
    both = (
        table[["electrolyte_id", "cost"]]
        .merge(voids)
        .merge(geometry, on="electrolyte_id", suffixes=("", "_true"))
    )
    for title, part in (("all", both), ("trusted cost", both[both["cost"] <= TRUSTED_COST])):
        for column in ("poav_cm3_g", "void_cm3_g", "poav_li_kept_cm3_g"):
            pair = part[[column, f"{column}_true"]].dropna()
            rank = float(pair[column].corr(pair[f"{column}_true"], method="spearman"))
            error = float((pair[column] - pair[f"{column}_true"]).abs().median())
            print(
                f"{column}, {title} ({len(pair)}): rank correlation {rank:.2f}, median off {error:.4f} cm³/g"
            )
    print()


def print_known(library: list[Prototype]) -> None:
    """Relax the starting cells of compounds with a known structure; no parent has their composition."""
    with evaluators_here(1) as evaluators, one_torch_thread():
        quick, judge = evaluators(EVALUATION[Profile.STATIC]), evaluators(ValidationSettings().relaxation)
        for formula, forms in KNOWN.items():
            key = composition_key(Composition(formula))
            chooser = Chooser([known for known in library if known.key != key])
            volumes = volume_model(chooser.prototypes)
            settled = [settle(atoms_of(form.structure), judge) for form in forms]
            lowest = min(form.evaluation.enthalpy_ev_per_atom for form in settled)
            cells = [
                cell
                for plan in plans(formula, SearchSettings(replicates=1, largest_cell=20))
                for cell in starting_cells(plan.composition, chooser, volumes, most=6)
            ]
            starts = [atoms_of(cell.structure) for cell in cells]
            for number, atoms in enumerate(starts):
                atoms.rattle(0.05, seed=number)
            relaxed = list(quick.evaluate(starts, seeds=range(len(starts))))
            evaluations = sum(one.steps for one in relaxed)
            print(f"{formula}: {len(cells)} cells, {evaluations} evaluations of the forces")
            sound = [(one, cell) for one, cell in zip(relaxed, cells, strict=True) if one.failure is None]
            for one, cell in sorted(sound, key=lambda pair: pair[0].enthalpy_ev_per_atom)[:3]:
                above = 1000 * (one.enthalpy_ev_per_atom - lowest)
                group = loose_space_group(one.atoms) if one.atoms is not None else None
                print(
                    f"  {above:+.1f} meV/atom, {group}, {len(cell.structure)} atoms, {one.steps} evaluations,"
                    f" from {cell.parent_id} at {cell.cost_per_anion:.2f}",
                    flush=True,
                )


def print_pores_in_the_process(
    electrolytes: pd.DataFrame,
    prototypes: pd.DataFrame,
    geometry: pd.DataFrame,
    features: pd.DataFrame,
    choice: pd.DataFrame,
    folds: list[Fold],
) -> None:
    """Print what pore volumes bring to the Gaussian process on `papers`: of crystals, and of prototypes too.

    Where there is neither, they are imputed from the composition.
    """
    trusted = prototypes[prototypes["trusted"]]
    rows = electrolytes[electrolytes["electrolyte_id"].isin(trusted["electrolyte_id"])]
    of_types, _ = geometric(rows, trusted, PoreSettings(), workers=os.cpu_count() or 1)
    by_id = electrolytes.set_index("electrolyte_id")
    label, paper = labels(electrolytes), papers(electrolytes)
    own, placed = (table.set_index("electrolyte_id")[PORES] for table in (geometry, of_types))
    own = own.reindex(by_id.index)
    imputer = CellImputer.fit(by_id["formula"], own)
    variants = {
        "of crystals": imputer.fill(by_id["formula"], own),
        "of crystals and prototypes": imputer.fill(by_id["formula"], own.fillna(placed)),
    }
    for convention, design in chosen_designs(choice, has_cells=True).items():
        errors = {}
        for name, pores in {"none": None, **variants}.items():
            told = features if pores is None else features.join(pores)
            wide = design if pores is None else replace(design, cell=(*design.cell, *PORES))
            process = GaussianProcessModel.of_design(wide, told, label[convention], by_id["doi"])
            mean = process.leave_out(folds)[0]["mean"]
            errors[name] = (mean - label[convention].loc[mean.index]).abs()
        ids = errors["none"].index
        bootstrap = Bootstrap.of(pd.Series(ids), paper, n_bootstrap=2000, seed=0)
        for name in variants:
            difference = errors[name] - errors["none"]
            low, high = bootstrap.mean_interval(ids, difference)
            print(
                f"papers, {convention}, pores {name} ({len(ids)}): MAE {errors[name].mean():.3f}, "
                f"{errors['none'].mean():.3f} without, difference {difference.mean():+.3f} "
                f"({low:+.3f} to {high:+.3f})"
            )


def main() -> None:
    """Print coverage and errors of left-out crystals; on demand pores, or energies."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--home", type=Path, required=True, help="home of a finished run")
    parser.add_argument("--pores", action="store_true", help="compare pore volumes too")
    parser.add_argument("--known", action="store_true", help="relax the starting cells of known compounds")
    arguments = parser.parse_args()
    with duckdb.connect(str(arguments.home / "warehouse.duckdb"), read_only=True) as warehouse:
        electrolytes, structures, references, prototypes, assignments, further, *descriptors, choice = (
            warehouse.sql(f"select * from {table}").df()
            for table in (
                "curated.electrolytes",
                "curated.structures",
                "raw.reference_structures",
                "generated.prototypes",
                "splits.assignments",
                "splits.formula_only",
                "descriptors.geometric",
                "descriptors.chemistry",
                "descriptors.cell",
                "models.choice",
            )
        )
    if arguments.known:
        everything, _ = read_prototypes(known_crystals(electrolytes, structures))
        computed, _ = read_prototypes(references.assign(doi=None, family=None))
        print_known([*everything, *computed, *aflow_prototypes()])
        return
    print_coverage(prototypes)

    started = time.perf_counter()
    crystals = known_crystals(electrolytes, structures)
    crystals = crystals[crystals["structure_origin"] == "obelix"]
    measured, _ = read_prototypes(crystals)
    computed, _ = read_prototypes(references.assign(doi=None, family=None))
    chooser = Chooser([*measured, *computed, *aflow_prototypes()])
    print(f"{len(chooser.prototypes)} prototypes, read in {time.perf_counter() - started:.0f} s")
    started = time.perf_counter()
    errors = left_out(measured, chooser)
    print(f"{len(errors)} crystals left out, in {time.perf_counter() - started:.0f} s\n")
    print_errors(errors)
    if arguments.pores:
        geometry, chemistry, cells = descriptors
        print_pores(chooser, crystals, geometry)
        features = composition_chemistry_cell(electrolytes, chemistry, cells)
        folds = as_folds(of_papers(assignments, further))
        print_pores_in_the_process(electrolytes, prototypes, geometry, features, choice, folds)


if __name__ == "__main__":
    main()
