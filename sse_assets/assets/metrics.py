"""Group `metrics`: what the predictions are worth."""

import dagster as dg
import pandas as pd

from sse_assets.evaluation.intervals import comparisons, coverage
from sse_assets.evaluation.metrics import scores
from sse_assets.evaluation.tables import by_group_scores, representative_compounds
from sse_assets.orchestration.io import table_result
from sse_assets.splits.groups import merged_groups

GROUP = "metrics"
_CODE_VERSION = "1"
_ELECTROLYTES = dg.AssetIn(["curated", "electrolytes"])
_PREDICTIONS = dg.AssetIn([GROUP, "predictions"])


@dg.asset(
    key=[GROUP, "predictions"],
    ins={
        "baselines": dg.AssetIn(["models", "baseline_predictions"]),
        "boosted_trees": dg.AssetIn(["models", "boosted_trees_predictions"]),
    },
    group_name=GROUP,
    description="Every prediction of every model: protocol, fold, role, label convention, 90 % interval.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def predictions(baselines: pd.DataFrame, boosted_trees: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Predictions of baselines and models in one table."""
    # The final model has no test rows: it is there to be used, not to be scored.
    scored = boosted_trees[boosted_trees["protocol"].isin(baselines["protocol"].unique())]
    return table_result(pd.concat([baselines, scored], ignore_index=True))


@dg.asset(
    key=[GROUP, "scores"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="MAE, RMSE, R² and SRCC of every model under every protocol, with 95 % bootstrap intervals.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def score_table(predictions: pd.DataFrame, electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Score everything that was predicted."""
    table = scores(predictions, merged_groups(electrolytes))
    return table_result(table, metadata=_test_mae(table))


@dg.asset(
    key=[GROUP, "comparisons"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Paired differences in test MAE: trees against baselines, all features against composition.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def comparison_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether a difference is more than chance."""
    return table_result(comparisons(predictions, merged_groups(electrolytes)))


@dg.asset(
    key=[GROUP, "coverage"],
    ins={"predictions": _PREDICTIONS},
    group_name=GROUP,
    description="Share of rows inside the 90 % interval that a model gave for them.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def coverage_table(predictions: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """Whether the intervals keep their word."""
    return table_result(coverage(predictions))


@dg.asset(
    key=[GROUP, "by_chemical_group"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Test MAE of oxides, sulfides, halide sulfides and others (the paper's Table 8).",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def chemical_group_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Where the models can be trusted and where not."""
    return table_result(by_group_scores(predictions, electrolytes))


@dg.asset(
    key=[GROUP, "representative_compounds"],
    ins={"predictions": _PREDICTIONS, "electrolytes": _ELECTROLYTES},
    group_name=GROUP,
    description="Predictions for the eight compounds of the paper's Table 9.",
    kinds={"table"},
    code_version=_CODE_VERSION,
)
def representative_table(
    predictions: pd.DataFrame, electrolytes: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Well-known compounds, predicted and measured."""
    return table_result(representative_compounds(predictions, electrolytes))


def _test_mae(table: pd.DataFrame) -> dict[str, float]:
    """Numeric metadata, so that the UI draws scores over time."""
    rows = table[(table["metric"] == "mae") & (table["role"] == "test") & (table["variant"] == "all")]
    rows = rows[rows["model"] == "boosted_trees"]
    return {
        f"mae_{row['protocol']}_{row['label_convention']}": float(row["value"])
        for row in rows.to_dict("records")
    }


metrics_assets = [
    predictions,
    score_table,
    comparison_table,
    coverage_table,
    chemical_group_table,
    representative_table,
]
