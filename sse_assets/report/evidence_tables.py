"""How far the intervals hold, and what the models lean on, in print."""

from collections.abc import Callable

import pandas as pd

from sse_assets.evaluation.coverage import ALL
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report.cells import NAN, Cell, Row, Table, count, interval, listed, number, percent
from sse_assets.report.titles import PART_TITLES, feature_title
from sse_assets.tables.names import (
    NO_VARIANT,
    SCORED_PROTOCOLS,
    CoverageOf,
    ModelName,
    Protocol,
    Role,
    in_reading_order,
)

FEWEST_OF_A_FAMILY = 15
"""Test rows that a family needs to be shown; fewer say little of how often an interval holds."""
_SHOWN_FEATURES = 12
_SHAP_PROTOCOLS = (Protocol.GROUPED, Protocol.DIVERSITY)
_PROTOCOL_GROUPS = tuple((protocol.value, 2) for protocol in _SHAP_PROTOCOLS)


def honest_parts(coverage: pd.DataFrame) -> pd.DataFrame:
    """Return the parts of the test rows that are shown, of the Gaussian process under `bound`.

    They are those of the most honest protocol in which it states intervals: the whole, thirds by distance,
    the sides of the domain, and the families of which there are enough rows, the largest first.
    """
    rows = rows_with(
        coverage,
        model=ModelName.GAUSSIAN_PROCESS,
        variant=NO_VARIANT,
        label_convention=LabelConvention.BOUND,
        role=Role.TEST,
    )
    if rows.empty:
        return rows
    rows = rows_with(rows, protocol=in_reading_order(rows["protocol"], SCORED_PROTOCOLS)[-1])
    enough = (rows["coverage_of"] != CoverageOf.FAMILY) | (rows["n"] >= FEWEST_OF_A_FAMILY)
    fixed = {part: place for place, part in enumerate((ALL, *PART_TITLES))}
    place = rows["part"].map(fixed).fillna(len(fixed))
    return rows[enough].assign(place=place).sort_values(["place", "n"], ascending=[True, False])


def coverage_of_parts(coverage: pd.DataFrame) -> Table:
    """Print how the intervals of the Gaussian process hold on each part of the test rows."""
    rows = honest_parts(coverage)
    protocol = rows["protocol"].iloc[0] if len(rows) else "no protocol"
    return listed(
        f"Intervals of the Gaussian process on parts of the test rows, {protocol}, "
        "censored rows at the limit",
        rows,
        (
            ("Test rows", lambda row: Cell(part_title(row))),
            ("n", lambda row: count(row["n"])),
            ("Distance", lambda row: number(row["mean_distance"], 2)),
            ("MAE", lambda row: number(row["mae"], 2, note=interval(row["mae_low"], row["mae_high"]))),
            (
                "held",
                lambda row: percent(
                    row["coverage"], note=interval(row["coverage_low"], row["coverage_high"])
                ),
            ),
            ("width", lambda row: number(row["mean_width"], 2)),
            ("held", lambda row: percent(row["coverage_50"])),
            ("width", lambda row: number(row["mean_width_50"], 2)),
        ),
        groups=(("", 4), ("90 % interval", 2), ("50 % interval", 2)),
    )


def part_title(row: Row) -> str:
    """Return the printed title of a part of the rows."""
    part = str(row["part"])
    return PART_TITLES.get(part, "All" if part == ALL else part)


def process_factors(factors: pd.DataFrame) -> Table:
    """Print what each factor of the Gaussian process is worth."""
    return listed(
        "What each factor is worth to the Gaussian process on held-out papers, in MAE, "
        "censored rows at the limit",
        factors,
        (
            ("Factor", lambda row: Cell(row["factor"])),
            ("Gain", lambda row: number(row["gain"], 2, note=interval(row["low"], row["high"]))),
            ("Share", lambda row: percent(row["share"])),
            ("No factor", lambda row: number(row["mae_of_none"], 2)),
            ("This one alone", lambda row: number(row["mae_alone"], 2)),
            ("All but this one", lambda row: number(row["mae_without"], 2)),
            ("All", lambda row: number(row["mae"], 2)),
            ("n", lambda row: count(row["n"])),
        ),
    )


def shap_features(ranking: pd.DataFrame) -> Table:
    """Print the descriptors that move the trees most under `grouped`, beside `diversity` and the paper."""
    features = rows_with(ranking, ranked="feature")
    return listed(
        "Descriptors by mean |SHAP value| on test rows of the trees on all features",
        rows_with(features, protocol=Protocol.GROUPED).head(_SHOWN_FEATURES),
        (
            ("Descriptor", lambda row: Cell(feature_title(row["name"]), note=row["kind"])),
            *_under_both_protocols(features),
            ("Rank", lambda row: count(row["paper_rank"])),
        ),
        groups=(("", 1), *_PROTOCOL_GROUPS, ("the paper", 1)),
    )


def shap_kinds(ranking: pd.DataFrame) -> Table:
    """Print the kinds of descriptors in the same way."""
    kinds = rows_with(ranking, ranked="kind")
    return listed(
        "Kinds of descriptors by mean |sum of SHAP values| on test rows",
        rows_with(kinds, protocol=Protocol.GROUPED),
        (("Kind", lambda row: Cell(row["name"])), *_under_both_protocols(kinds)),
        groups=(("", 1), *_PROTOCOL_GROUPS),
    )


def _under_both_protocols(ranking: pd.DataFrame) -> list[tuple[str, Callable[[Row], Cell]]]:
    """Return the columns rank and strength, under grouped and then under diversity."""
    columns: list[tuple[str, Callable[[Row], Cell]]] = []
    for protocol in _SHAP_PROTOCOLS:
        of_protocol = rows_with(ranking, protocol=protocol).set_index("name")
        rank, strength = of_protocol["rank"].to_dict(), of_protocol["mean_abs_shap"].to_dict()
        columns += [
            ("Rank", lambda row, rank=rank: count(rank.get(row["name"], NAN))),  # type: ignore[misc]
            ("Log units", lambda row, of=strength: number(of.get(row["name"], NAN), 2)),  # type: ignore[misc]
        ]
    return columns
