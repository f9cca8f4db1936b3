"""Printed tables of structure generation: the structures found, and how they held.

The frames are those of `generation_figures`; structures and their dynamics go by formula.
"""

from dataclasses import replace

import pandas as pd

from sse_assets.report.cells import ABSENT, Cell, Table, count, number

_CONDITIONS = {"search": "50 K, 1000 bar", "ambient": "300 K, 1 atm"}


def found_structures(structures: pd.DataFrame) -> Table:
    """Print the result of each composition's searches."""
    rows = []
    for row in structures.sort_values(["cell_atoms", "formula"]).to_dict("records"):
        converged = "converged" if row["converged"] else "at their limit"
        rows.append(
            (
                Cell(row["formula"], note=row["record"]),
                Cell(row["space_group"] or ABSENT),
                count(row["cell_atoms"]),
                number(row["enthalpy_ev_per_atom"]),
                count(row["candidates"]),
                count(row["generations"]),
                replace(count(row["searches"]), note=converged),
                number(row["seconds"] / 60, 0),
                Cell(
                    "used" if row["valid"] else "not used", note="" if row["valid"] else str(row["failure"])
                ),
            )
        )
    return Table(
        "Structures found by evolutionary search with CHGNet",
        (
            "Composition",
            "Space group",
            "Atoms",
            "Enthalpy (eV/atom)",
            "Candidates",
            "Generations",
            "Searches",
            "Minutes",
            "Downstream",
        ),
        tuple(rows),
    )


def found_beside_known(compared: pd.DataFrame) -> Table:
    """Print Table 6, for compositions whose structure is known: what the search found beside it.

    Args:
        compared: columns formula, known, space_group, known_space_group, found_minus_known_mev,
            rmsd_normalised, rmsd_a, and a, b, c and known_a, known_b, known_c of the supercells.
    """
    rows = [
        (
            Cell(row["formula"], note=row["known"]),
            Cell(row["space_group"], note=f"known {row['known_space_group']}"),
            number(row["found_minus_known_mev"], 1),
            number(row["rmsd_normalised"]),
            number(row["rmsd_a"]),
            *(number(row[axis], 2, note=f"{row[f'known_{axis}']:.2f}") for axis in "abc"),
        )
        for row in compared.to_dict("records")
    ]
    return Table(
        "Table 6. Found beside known structures",
        (
            "Composition",
            "Space group",
            "Found − known (meV/atom)",
            "RMSD / (V/N)^⅓",
            "RMSD (Å)",
            "a",
            "b",
            "c",
        ),
        tuple(rows),
        groups=(("", 5), ("Supercell (Å), known below", 3)),
    )


def validation(how_held: pd.DataFrame) -> Table:
    """Print how long each structure was moved and what became of it; `how_held` is `generated.validation`."""
    rows = [
        (
            Cell(row["formula"], note=_CONDITIONS[row["conditions"]]),
            number(row["duration_ps"], 2),
            number(row["mean_temperature_k"], 0),
            number(row["mean_pressure_gpa"], 2),
            number(100 * row["volume_change"], 1),
            number(1000 * row["energy_change_ev_per_atom"], 0),
            number(row["shortest_distance_a"], 2),
        )
        for row in how_held.to_dict("records")
    ]
    return Table(
        "The found structures in motion, means over the second half of each run",
        (
            "Composition",
            "Duration (ps)",
            "Temperature (K)",
            "Pressure (GPa)",
            "Volume change (%)",
            "Energy change (meV/atom)",
            "Shortest distance (Å)",
        ),
        tuple(rows),
    )
