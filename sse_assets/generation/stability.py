"""How a structure held in its dynamics: means over the second half of a run, beside the relaxed cell."""

from dataclasses import asdict, dataclass

import pandas as pd

from sse_assets.tables import generated


@dataclass(frozen=True)
class Held:
    """Numbers of one run; means are over its second half, so that it may settle in the first."""

    duration_ps: float
    mean_temperature_k: float
    mean_pressure_gpa: float
    volume_change: float
    """Mean volume over that of the relaxed cell, minus 1."""
    energy_change_ev_per_atom: float
    """Mean potential energy minus that of the relaxed cell."""
    shortest_distance_a: float
    """Between two atoms, in the whole run."""


def held(run: pd.DataFrame, *, energy_ev_per_atom: float, volume_a3_per_atom: float) -> Held:
    """Compare a run with the relaxed cell that it started from.

    Args:
        run: as `atomistics.dynamics.run_dynamics` gives it.
        energy_ev_per_atom: potential energy of the relaxed cell.
        volume_a3_per_atom: volume of the relaxed cell.
    """
    duration_ps = run["time_ps"].max()
    late = run[run["time_ps"] >= duration_ps / 2]
    return Held(
        duration_ps=duration_ps,
        mean_temperature_k=late["temperature_k"].mean(),
        mean_pressure_gpa=late["pressure_gpa"].mean(),
        volume_change=late["volume_a3_per_atom"].mean() / volume_a3_per_atom - 1,
        energy_change_ev_per_atom=late["energy_ev_per_atom"].mean() - energy_ev_per_atom,
        shortest_distance_a=run["shortest_distance_a"].min(),
    )


def validation_table(structures: pd.DataFrame, dynamics: pd.DataFrame) -> pd.DataFrame:
    """List how each structure held in each run of its dynamics.

    Args:
        structures: columns formula, energy_ev_per_atom, volume_a3_per_atom (of the relaxed cells).
        dynamics: columns formula, conditions and those of the runs.

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
        rows.append({"formula": formula, "conditions": conditions, **asdict(how)})
    return generated.VALIDATION.frame(rows)
