"""The numbers of the report's summary, and its verdicts in a few words."""

from dataclasses import dataclass
from functools import partial

import pandas as pd

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.score_tables import held_out_mae
from sse_assets.tables.names import (
    NO_VARIANT,
    SCORED_PROTOCOLS,
    FeatureSet,
    ModelName,
    Protocol,
    in_reading_order,
)


@dataclass(frozen=True)
class Findings:
    """Test MAE (convention `bound`) under the most honest protocol of the run, as the summary gives it."""

    protocol: str
    trees: float
    trees_by_composition: float
    median: float
    neighbour: float
    structure: str
    """Verdict of the paired comparison on what structure adds to composition."""


@dataclass(frozen=True)
class Flattery:
    """Ease of `diversity`: overlap of its test rows with train, and MAE (`bound`) there."""

    share_paper: float
    share_composition: float
    neighbour: float
    trees: float


def findings(inputs: ReportInputs) -> Findings | None:
    """Return the numbers of the summary; None if no boosted trees were scored."""
    scored = rows_with(inputs.scores, model=ModelName.BOOSTED_TREES)["protocol"]
    if scored.empty:
        return None
    protocol = most_honest(scored)
    mae = partial(held_out_mae, inputs.scores, protocol)
    return Findings(
        protocol=protocol,
        trees=mae(ModelName.BOOSTED_TREES, FeatureSet.ALL),
        trees_by_composition=mae(ModelName.BOOSTED_TREES, FeatureSet.STOICHIOMETRIC),
        median=mae(ModelName.TRAIN_MEDIAN, NO_VARIANT),
        neighbour=mae(ModelName.NEAREST_NEIGHBOUR, FeatureSet.ALL),
        structure=_what_structure_adds(inputs.comparisons, protocol),
    )


def flattery(inputs: ReportInputs) -> Flattery | None:
    """Return how easy `diversity` is; None without its test rows, or if no trees were scored on them."""
    rows = rows_with(inputs.leakage, protocol=Protocol.DIVERSITY)
    n_test = rows["n_test"].sum()
    scored = rows_with(inputs.scores, model=ModelName.BOOSTED_TREES, protocol=Protocol.DIVERSITY)
    if not n_test or scored.empty:
        return None
    mae = partial(held_out_mae, inputs.scores, Protocol.DIVERSITY)
    return Flattery(
        share_paper=rows["n_test_sharing_doi"].sum() / n_test,
        share_composition=rows["n_test_sharing_composition"].sum() / n_test,
        neighbour=mae(ModelName.NEAREST_NEIGHBOUR, FeatureSet.ALL),
        trees=mae(ModelName.BOOSTED_TREES, FeatureSet.ALL),
    )


def most_honest(protocols: pd.Series) -> str:
    """Return the last protocol in reading order, which runs from flattering to honest."""
    return in_reading_order(protocols, SCORED_PROTOCOLS)[-1]


def _what_structure_adds(comparisons: pd.DataFrame, protocol: str) -> str:
    """Say whether all features beat composition alone, by the interval of their paired difference."""
    rows = rows_with(
        comparisons,
        protocol=protocol,
        label_convention=LabelConvention.BOUND,
        baseline=ModelName.BOOSTED_TREES,
    )
    if rows.empty:
        return "not compared"
    if (rows["high"] < 0).all():
        return "a clear gain"
    return "a clear loss" if (rows["low"] > 0).all() else "no clear difference"
