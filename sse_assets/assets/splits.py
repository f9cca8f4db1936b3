"""Group `splits`: the protocols, and what their test rows share with the rows that train."""

from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.assets.settings_by_step import SplitSettingsOfStep
from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.feature_sets import feature_matrix
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import table_asset, table_ins, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.launchpad import StepConfig
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.step_settings import with_values_of
from sse_assets.report.dataset_figures import train_distribution
from sse_assets.splits.diversity import max_min_distances
from sse_assets.splits.formula_only import further_training_rows, shared_with_tests
from sse_assets.splits.leakage import shared_sources
from sse_assets.splits.papers import PAPER_FOLDS
from sse_assets.splits.protocols import assign
from sse_assets.splits.settings import SplitSettings
from sse_assets.tables.names import FeatureSet, Protocol, Role

GROUP = "splits"
_CODE_VERSION = "3"
"""3: rows of the inbox are assigned under `grouped` alone."""
_HONEST = (Protocol.PAPERS, Protocol.OFFICIAL, Protocol.GROUPED)
_DESCRIPTORS = ("descriptors.stoichiometric", "descriptors.geometric")


class SplitConfig(SplitSettingsOfStep, StepConfig):
    """Settings that the protocols leave open."""


@table_asset(
    "splits.assignments",
    "Who trains and who tests, for each protocol and fold: the paper's `diversity`, `random`, `papers` "
    "on which models are chosen, OBELiX's `official` where the data set has it, and `grouped` by paper and "
    "composition.",
    table_ins("curated.electrolytes", *_DESCRIPTORS),
    code_version=_CODE_VERSION,
)
def assignments(
    context: dg.AssetExecutionContext,
    config: SplitConfig,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    stoichiometric: pd.DataFrame,
    geometric: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Assign every electrolyte its role under each protocol."""
    electrolytes = with_cells(electrolytes)
    features = feature_matrix(FeatureSet.ALL, stoichiometric, geometric)
    assigned = assign(electrolytes, features, with_values_of(config, SplitSettings()))
    if Protocol.PAPERS not in set(assigned["protocol"]):
        context.log.info(f"no folds of `papers`: fewer than {PAPER_FOLDS} papers may be tested")
    counts = assigned.groupby(["protocol", "fold", "role"]).size().reset_index(name="rows")
    return table_result(
        assigned,
        metadata={
            "sizes": dg.MetadataValue.md(markdown_table(counts)),
            "plot_diversity": figure_metadata(
                partial(train_distribution, electrolytes, assigned),
                "Train against all rows",
                kept_in(settings.blob_root),
            ),
        },
    )


@table_asset(
    "splits.leakage",
    "How many test rows share a source paper, or a composition, with a row that trains.",
    table_ins("curated.electrolytes", "splits.assignments"),
    code_version=_CODE_VERSION,
)
def leakage(electrolytes: pd.DataFrame, assignments: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Count what training rows and test rows share."""
    return table_result(shared_sources(assignments, electrolytes))


@table_asset(
    "splits.formula_only",
    "Where the rows with a formula alone train: in the folds whose test rows share no paper and no "
    "composition with them.",
    table_ins("splits.assignments", "curated.electrolytes"),
    code_version=_CODE_VERSION,
)
def formula_only_assignments(
    assignments: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Assign the rows that train the models that need no cell."""
    return table_result(further_training_rows(assignments, electrolytes))


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "formula_only"]),
    additional_ins=table_ins("splits.assignments", "curated.electrolytes"),
    description="No test row shares a paper or a composition with a row with a formula alone that trains.",
    blocking=True,
)
def formula_only_shares_nothing(
    formula_only: pd.DataFrame, assignments: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.AssetCheckResult:
    """Check under every protocol, the flattering ones included."""
    shared = shared_with_tests(formula_only, assignments, electrolytes)
    by_doi, by_composition = int(shared["doi"].sum()), int(shared["composition"].sum())
    return dg.AssetCheckResult(
        passed=by_doi + by_composition == 0,
        metadata={"test_rows_sharing_a_paper": by_doi, "test_rows_sharing_a_composition": by_composition},
        description=(
            f"{by_doi} test rows share a paper and {by_composition} a composition with a row with a formula "
            "alone that trains in their fold."
        ),
    )


def _shares_nothing(protocol: Protocol) -> dg.AssetChecksDefinition:
    @dg.asset_check(
        asset=dg.AssetKey([GROUP, "leakage"]),
        name=f"{protocol}_shares_nothing",
        description=f"No test row of `{protocol}` shares a paper or a composition with a row that trains.",
        blocking=True,
    )
    def check(leakage: pd.DataFrame) -> dg.AssetCheckResult:
        rows = leakage[leakage["protocol"] == protocol]
        shared = {
            "test_rows_sharing_a_paper": int(rows["n_test_sharing_doi"].sum()),
            "test_rows_sharing_a_composition": int(rows["n_test_sharing_composition"].sum()),
        }
        return dg.AssetCheckResult(
            passed=not any(shared.values()),
            metadata=shared,
            description=(
                f"Of {rows['n_test'].sum()} test rows, {shared['test_rows_sharing_a_paper']} share a paper "
                f"and {shared['test_rows_sharing_a_composition']} a composition with a row that trains."
                if len(rows)
                else f"This data set has no `{protocol}` split."
            ),
        )

    return check


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "assignments"]),
    description="`random` tests every published electrolyte exactly once, `grouped` every one, and `papers` "
    "each at most once.",
)
def every_row_is_tested_once(assignments: pd.DataFrame) -> dg.AssetCheckResult:
    """Check the protocols that cross-validate."""
    whole = (Protocol.RANDOM, Protocol.GROUPED)
    tests = assignments[assignments["role"] == Role.TEST]
    of_folds = tests[tests["protocol"].isin([*whole, Protocol.PAPERS])]
    tested = of_folds.groupby(["protocol", "electrolyte_id"]).size()
    of_papers = tests.loc[tests["protocol"] == Protocol.PAPERS, "electrolyte_id"].nunique()
    assigned = assignments[assignments["protocol"].isin(whole)].groupby("protocol")["electrolyte_id"]
    expected = int(assigned.nunique().sum()) + of_papers
    once = int((tested == 1).sum())
    return dg.AssetCheckResult(
        passed=once == len(tested) == expected,
        metadata={"rows_tested": len(tested), "rows_expected": expected},
        description=f"Of {expected} rows of these protocols together, {once} are tested exactly once.",
    )


@dg.asset_check(
    asset=dg.AssetKey([GROUP, "assignments"]),
    additional_ins=table_ins(*_DESCRIPTORS),
    description="No test row of `diversity` lies farther from a training row than those do from each other.",
)
def diversity_is_max_min(
    assignments: pd.DataFrame, stoichiometric: pd.DataFrame, geometric: pd.DataFrame
) -> dg.AssetCheckResult:
    """Check what max-min selection guarantees, whatever the order in which rows were chosen."""
    features = feature_matrix(FeatureSet.ALL, stoichiometric, geometric)
    rows = assignments[assignments["protocol"] == Protocol.DIVERSITY].set_index("electrolyte_id")
    is_train = (rows["role"] == Role.TRAIN).to_numpy()
    separation, radius = max_min_distances(features.loc[rows.index].to_numpy(), is_train)
    return dg.AssetCheckResult(
        passed=radius <= separation + 1e-9,
        metadata={"least_distance_within_train": separation, "largest_distance_to_train": radius},
        description=(
            f"The farthest test row lies {radius:.3g} from the nearest training row. The two nearest "
            f"training rows lie {separation:.3g} from each other (z-scored descriptors)."
        ),
    )


split_assets = [assignments, leakage, formula_only_assignments]
split_checks = [
    *map(_shares_nothing, _HONEST),
    formula_only_shares_nothing,
    every_row_is_tested_once,
    diversity_is_max_min,
]
