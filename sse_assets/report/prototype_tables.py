"""Printed tables of prototypes: coverage by family, errors of left-out crystals, gains of the models."""

from functools import partial

import pandas as pd

from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.report.cells import Cell, Row, Table, count, interval, listed, number
from sse_assets.report.titles import model_title
from sse_assets.tables.names import NO_VARIANT, StructureOrigin

_LIMITS = (-1.0, 0.1, 0.25, 0.5, 1.0, float("inf"))
"""Limits of the classes of cost; at 0.25 ends what is trusted."""
_CLASSES = ("up to 0.1", "0.1 to 0.25", "0.25 to 0.5", "0.5 to 1", "above 1")
_SAME_CELL = 0.05
_EDGES = ("a", "b", "c")


COVERED = {
    "ordered": "ordered, relaxed cell that held",
    "trusted": "trusted prototype",
    "untrusted": "prototype that is not trusted",
    "none": "no structure",
}
"""What an electrolyte may have where nobody has published a crystal, with its printed title."""


def coverage(prototypes: pd.DataFrame, electrolytes: pd.DataFrame, structures: pd.DataFrame) -> pd.DataFrame:
    """Count what the electrolytes without a measured or computed crystal have instead.

    Args:
        prototypes: a frame as `tables.generated.PROTOTYPES`.
        electrolytes: columns family and structure_origin.
        structures: a frame as `tables.generated.STRUCTURES`; a composition whose structure held counts as
            ordered, whatever prototype it has.

    Returns:
        Columns family, electrolytes and those of `COVERED`, each electrolyte in one of these; the largest
        family first.
    """
    generated = electrolytes.loc[electrolytes["structure_origin"] == StructureOrigin.GENERATED, "family"]
    held = structures.loc[structures["valid"].astype(bool), "composition_key"]
    keys = [composition_key(parse_composition(formula)) for formula in prototypes["formula"]]
    is_ordered = pd.Series(keys, index=prototypes.index, dtype="str").isin(held)
    ordered = pd.concat([generated, prototypes.loc[is_ordered, "family"]])
    prototypes = prototypes[~is_ordered]
    placed = prototypes["cif"].notna()
    families = {
        "ordered": ordered,
        "trusted": prototypes.loc[prototypes["trusted"], "family"],
        "untrusted": prototypes.loc[placed & ~prototypes["trusted"], "family"],
        "none": prototypes.loc[~placed, "family"],
    }
    counts = pd.DataFrame({name: of.value_counts() for name, of in families.items()})
    counts = counts.reindex(columns=list(COVERED)).fillna(0).astype(int)
    counts.insert(0, "electrolytes", counts.sum(axis="columns"))
    by_size = (
        counts.rename_axis("family").sort_index().sort_values("electrolytes", ascending=False, kind="stable")
    )
    return by_size.reset_index()


def coverage_by_family(
    prototypes: pd.DataFrame, electrolytes: pd.DataFrame, structures: pd.DataFrame
) -> Table:
    """Print what the electrolytes of each family have where nobody has published a crystal: `coverage`."""

    def untrusted(row: Row) -> Cell:
        kinds = prototypes.loc[prototypes["family"] == row["family"], "reason_code"].value_counts()
        named = [f"{n} {str(code).replace('_', ' ')}" for code, n in kinds.items()]
        return Cell(", ".join(named))

    return listed(
        "Structures of electrolytes without a measured or computed crystal",
        coverage(prototypes, electrolytes, structures),
        (
            ("Family", lambda row: Cell(row["family"])),
            ("Electrolytes", lambda row: count(row["electrolytes"])),
            ("Ordered and relaxed", lambda row: count(row["ordered"])),
            ("Trusted prototype", lambda row: count(row["trusted"])),
            ("Other prototype", lambda row: count(row["untrusted"])),
            ("None", lambda row: count(row["none"])),
            ("Why not trusted", untrusted),
        ),
    )


def by_cost(left_out: pd.DataFrame) -> pd.Series:
    """Return the class of cost of each row of `generated.prototypes_left_out`."""
    return pd.cut(left_out["cost_per_anion"], _LIMITS, labels=_CLASSES)


def errors_by_cost(left_out: pd.DataFrame) -> Table:
    """Print the median errors of left-out crystals by cost, beside both baselines.

    Args:
        left_out: a frame as `tables.generated.PROTOTYPES_LEFT_OUT`.
    """
    classes = by_cost(left_out)
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


def contribution(contributions: pd.DataFrame) -> Table:
    """Print what the cells of prototypes do to the error of each model.

    Args:
        contributions: a frame as `tables.metrics.PROTOTYPE_CONTRIBUTION`.
    """

    def difference(row: Row) -> Cell:
        return number(
            row["difference"], note=interval(row["low"], row["high"], 3), is_best=bool(row["high"] < 0)
        )

    return listed(
        "Test MAE with the cells of prototypes and without, paired, with 95 % interval",
        contributions,
        (
            ("Protocol", lambda row: Cell(row["protocol"], note=row["label_convention"])),
            ("Model", lambda row: Cell(model_title(row["model"], NO_VARIANT))),
            ("Test rows", lambda row: Cell(row["part"])),
            ("n", lambda row: count(row["n"])),
            ("With", lambda row: number(row["mae"])),
            ("Without", lambda row: number(row["mae_without"])),
            ("Difference", difference),
        ),
    )
