"""Stability of a structure in its dynamics: means over the second half of a run, beside the relaxed cell."""

import pandas as pd

from sse_assets.tables import generated


def held(run: pd.DataFrame, *, energy_ev_per_atom: float, volume_a3_per_atom: float) -> dict[str, float]:
    """Compare a run with the relaxed cell that it started from.

    Args:
        run: table of `atomistics.dynamics.run_dynamics`.
        energy_ev_per_atom: potential energy of the relaxed cell.
        volume_a3_per_atom: volume of the relaxed cell.

    Returns:
        The numbers of a row of `tables.generated.VALIDATION`.
    """
    duration_ps = run["time_ps"].max()
    late = run[run["time_ps"] >= duration_ps / 2]
    return {
        "duration_ps": duration_ps,
        "mean_temperature_k": late["temperature_k"].mean(),
        "mean_pressure_gpa": late["pressure_gpa"].mean(),
        "volume_change": late["volume_a3_per_atom"].mean() / volume_a3_per_atom - 1,
        "energy_change_ev_per_atom": late["energy_ev_per_atom"].mean() - energy_ev_per_atom,
        "shortest_distance_a": run["shortest_distance_a"].min(),
    }


def validation_table(structures: pd.DataFrame, dynamics: pd.DataFrame) -> pd.DataFrame:
    """List how each structure held in each run of its dynamics.

    Args:
        structures: relaxed cells, with columns formula, energy_ev_per_atom and volume_a3_per_atom.
        dynamics: runs, with columns formula, conditions and those of `run_dynamics`.

    Returns:
        A frame as `tables.generated.VALIDATION`.
    """
    relaxed = {row["formula"]: row for row in structures.to_dict("records")}
    rows = []
    for (formula, conditions), run in dynamics.groupby(["formula", "conditions"], sort=False):
        start = relaxed[str(formula)]
        how = held(
            run,
            energy_ev_per_atom=start["energy_ev_per_atom"],
            volume_a3_per_atom=start["volume_a3_per_atom"],
        )
        rows.append({"formula": formula, "conditions": conditions, **how})
    return generated.VALIDATION.frame(rows)
