"""Printed tables of prototypes: coverage by family, and errors of left-out crystals by cost."""

from functools import partial

import pandas as pd

from sse_assets.report.cells import Cell, Row, Table, count, listed, number

_LIMITS = (-1.0, 0.1, 0.25, 0.5, 1.0, float("inf"))
"""Limits of the classes of cost; at 0.25 ends what is trusted."""
_CLASSES = ("up to 0.1", "0.1 to 0.25", "0.25 to 0.5", "0.5 to 1", "above 1")
_SAME_CELL = 0.05
_EDGES = ("a", "b", "c")


def coverage_by_family(prototypes: pd.DataFrame) -> Table:
    """Print how many compositions of each family have a structure that is trusted.

    Args:
        prototypes: a frame as `tables.generated.PROTOTYPES`.
    """

    def untrusted(row: Row) -> Cell:
        kinds = prototypes.loc[prototypes["family"] == row["family"], "reason_code"].value_counts()
        named = [f"{n} {str(code).replace('_', ' ')}" for code, n in kinds.items()]
        return Cell(", ".join(named))

    by_family = (
        prototypes.groupby("family")
        .agg(rows=("trusted", "size"), structures=("cif", "count"), trusted=("trusted", "sum"))
        .sort_values("rows", ascending=False, kind="stable")
        .reset_index()
    )
    return listed(
        "Structures from known structure types, for compositions without atoms",
        by_family,
        (
            ("Family", lambda row: Cell(row["family"])),
            ("Compositions", lambda row: count(row["rows"])),
            ("With a structure", lambda row: count(row["structures"])),
            ("Trusted", lambda row: count(row["trusted"])),
            ("Why not trusted", untrusted),
        ),
    )


def errors_by_cost(left_out: pd.DataFrame) -> Table:
    """Print the median errors of left-out crystals by cost, beside both baselines.

    Args:
        left_out: a frame as `tables.generated.PROTOTYPES_LEFT_OUT`.
    """
    classes = pd.cut(left_out["cost_per_anion"], _LIMITS, labels=_CLASSES)
    errors = left_out.filter(like="_error").abs() * 100
    for suffix in ("error", "error_of_nearest"):
        edges = left_out[[f"{edge}_{suffix}" for edge in _EDGES]].abs()
        errors[f"same_cell_{suffix}"] = 100.0 * (edges < _SAME_CELL).all(axis=1)
    shown = errors.groupby(classes, observed=True).median()
    for name in ("same_cell_error", "same_cell_error_of_nearest"):
        shown[name] = errors.groupby(classes, observed=True)[name].mean()
    shown.insert(0, "crystals", classes.value_counts())

    def median(row: Row, name: str, digits: int = 2) -> Cell:
        return number(row[name], digits)

    return listed(
        "Known crystals, left out and made again: median error in %",
        shown.rename_axis("cost").reset_index(),
        (
            ("Cost for each anion", lambda row: Cell(str(row["cost"]))),
            ("Crystals", lambda row: count(row["crystals"])),
            *((edge, partial(median, name=f"{edge}_error")) for edge in _EDGES),
            ("All within 5 % (%)", partial(median, name="same_cell_error", digits=0)),
            ("Density", partial(median, name="density_error")),
            ("a, nearest", partial(median, name="a_error_of_nearest")),
            ("All within 5 % (%), nearest", partial(median, name="same_cell_error_of_nearest", digits=0)),
            ("Density, nearest", partial(median, name="density_error_of_nearest")),
            ("Density, composition", partial(median, name="density_error_of_composition")),
        ),
        groups=(("", 2), ("From the prototype", 5), ("Without one", 4)),
    )
