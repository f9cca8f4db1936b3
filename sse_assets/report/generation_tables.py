"""Printed tables of structure generation: the structures found, and how they held.

The frames are those of `generation_figures`; structures and their dynamics go by formula.
"""

from dataclasses import replace

import pandas as pd

from sse_assets.report.cells import ABSENT, Cell, Table, count, number

VALIDATION_COLUMNS = [
    "formula",
    "conditions",
    "duration_ps",
    "mean_temperature_k",
    "mean_pressure_gpa",
    "volume_change",
    "energy_change_ev_per_atom",
    "shortest_distance_a",
]
_CONDITIONS = {"search": "50 K, 1000 bar", "ambient": "300 K, 1 atm"}


def held(structures: pd.DataFrame, dynamics: pd.DataFrame) -> pd.DataFrame:
    """How each structure held in each run of its dynamics, over the run's second half.

    Returns:
        Columns `VALIDATION_COLUMNS`: volume_change is a share of the relaxed cell's volume,
        energy_change_ev_per_atom potential energy against the relaxed cell's, shortest_distance_a that of
        the whole run.
    """
    relaxed = {row["formula"]: row for row in structures.to_dict("records")}
    rows = []
    for (formula, conditions), run in dynamics.groupby(["formula", "conditions"], sort=False):
        late = run[run["time_ps"] >= run["time_ps"].max() / 2]
        start = relaxed[str(formula)]
        rows.append(
            {
                "formula": formula,
                "conditions": conditions,
                "duration_ps": run["time_ps"].max(),
                "mean_temperature_k": late["temperature_k"].mean(),
                "mean_pressure_gpa": late["pressure_gpa"].mean(),
                "volume_change": late["volume_a3_per_atom"].mean() / start["volume_a3_per_atom"] - 1,
                "energy_change_ev_per_atom": late["energy_ev_per_atom"].mean() - start["energy_ev_per_atom"],
                "shortest_distance_a": run["shortest_distance_a"].min(),
            }
        )
    return pd.DataFrame(rows, columns=VALIDATION_COLUMNS)


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
    """Print how long each structure was moved and how it held; columns `VALIDATION_COLUMNS`."""
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
