"""Printed tables of structure generation: the structures found, and how they held.

The frames are those of `generation_figures`; structures and their dynamics go by formula.
"""

from dataclasses import replace
from functools import partial

import pandas as pd

from sse_assets.materials.formula import parse_composition, reduced_formula
from sse_assets.report.cells import ABSENT, Cell, Row, Table, count, listed, number

_CONDITIONS = {"search": "50 K, 1000 bar", "ambient": "300 K, 1 atm"}


def found_structures(structures: pd.DataFrame) -> Table:
    """Print the result of each composition's searches."""

    def searches(row: Row) -> Cell:
        ended = "converged" if row["converged"] else "at their limit"
        alone = isinstance(row["parent_id"], str) and row["generations"] == 1
        return replace(count(row["searches"]), note="prototypes alone" if alone else ended)

    def content(row: Row) -> Cell:
        difference = row["composition_difference"]
        nearly = f"{row['cell_composition']}, off by {difference:.3f}" if difference > 0 else ""
        return replace(count(row["cell_atoms"]), note=nearly)

    def outcome(row: Row) -> Cell:
        if not row["valid"]:
            return Cell("not used", note=str(row["failure"]))
        ordered = isinstance(row["parent_id"], str)
        return Cell(
            "holds", note="ordered, so the models do not read it" if ordered else "the models read it"
        )

    return listed(
        "Structures found with CHGNet, from known structure types or by evolutionary search",
        structures.sort_values(["cell_atoms", "formula"]),
        (
            ("Composition", lambda row: Cell(row["formula"], note=row["record"])),
            ("Space group", lambda row: Cell(row["space_group"] or ABSENT)),
            ("Atoms", content),
            ("Enthalpy (eV/atom)", lambda row: number(row["enthalpy_ev_per_atom"])),
            ("Candidates", lambda row: count(row["candidates"])),
            ("Generations", lambda row: count(row["generations"])),
            ("Searches", searches),
            ("Minutes", lambda row: number(row["seconds"] / 60, 0)),
            ("Outcome", outcome),
        ),
    )


def found_beside_known(compared: pd.DataFrame) -> Table:
    """Print Table 6, for compositions whose structure is known: what the search found beside it.

    Args:
        compared: columns formula, known, space_group, known_space_group, found_minus_known_mev,
            rmsd_normalised, rmsd_a, and a, b, c and known_a, known_b, known_c of the supercells.
    """

    def formula(row: Row) -> str:
        return reduced_formula(parse_composition(row["formula"]))  # Li2O2 was searched for as LiO

    def length(row: Row, axis: str) -> Cell:
        return number(row[axis], 2, note=f"{row[f'known_{axis}']:.2f}")

    return listed(
        "Table 6. Found beside known structures",
        compared,
        (
            ("Composition", lambda row: Cell(formula(row), note=row["known"])),
            ("Space group", lambda row: Cell(row["space_group"], note=f"known {row['known_space_group']}")),
            ("Found − known (meV/atom)", lambda row: number(row["found_minus_known_mev"], 1)),
            ("RMSD / (V/N)^⅓", lambda row: number(row["rmsd_normalised"])),
            ("RMSD (Å)", lambda row: number(row["rmsd_a"])),
            *((axis, partial(length, axis=axis)) for axis in "abc"),
        ),
        groups=(("", 5), ("Supercell (Å), known below", 3)),
    )


def validation(how_held: pd.DataFrame) -> Table:
    """Print how long each structure was moved and what became of it; `how_held` is `generated.validation`."""
    return listed(
        "The found structures in motion, means over the second half of each run",
        how_held,
        (
            ("Composition", lambda row: Cell(row["formula"], note=_CONDITIONS[row["conditions"]])),
            ("Duration (ps)", lambda row: number(row["duration_ps"], 2)),
            ("Temperature (K)", lambda row: number(row["mean_temperature_k"], 0)),
            ("Pressure (GPa)", lambda row: number(row["mean_pressure_gpa"], 2)),
            ("Volume change (%)", lambda row: number(100 * row["volume_change"], 1)),
            ("Energy change (meV/atom)", lambda row: number(1000 * row["energy_change_ev_per_atom"], 0)),
            ("Shortest distance (Å)", lambda row: number(row["shortest_distance_a"], 2)),
        ),
    )
