"""Group `metrics`, continued: how everything that predicts stands, and how far the labels can be trusted."""

import dagster as dg
import pandas as pd

from sse_assets.curation.electrolytes import with_cells
from sse_assets.evaluation.doubtful_labels import doubtful_labels
from sse_assets.evaluation.floor import floor
from sse_assets.evaluation.leaderboard import best_model, leaderboard
from sse_assets.evaluation.submitted import submitted_scores
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.orchestration.io import table_asset, table_ins, table_result
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableError, TableKey, TableStore
from sse_assets.report import published
from sse_assets.splits.groups import comparable_dois, resampled_whole
from sse_assets.tables import metrics
from sse_assets.tables.names import Entry, Metric, Protocol, Role

GROUP = "metrics"
SUBMITTED = TableKey(GROUP, "submitted_predictions")
SUBMITTED_METADATA = "submitted_predictions"
"""Name of the metadata entry that says from which version of the submissions the leaderboard was made."""
LEADERBOARD = dg.AssetKey([GROUP, "leaderboard"])
_CODE_VERSION = "2"
_CLEAR = 1.0
"""Log units: a label contradicted by more than a factor of ten is counted in the UI."""
_SCORED = table_ins("curated.electrolytes", "metrics.predictions", "metrics.scores")


def papers_of(electrolytes: pd.DataFrame) -> pd.Series:
    """Return the papers of each row, by electrolyte_id; a row that names several is repeated."""
    return comparable_dois(electrolytes.set_index("electrolyte_id")["doi"])


@table_asset(
    "metrics.floor",
    "How far a measurement lies from the median of other papers on the same composition.",
    table_ins("curated.electrolytes"),
    code_version=_CODE_VERSION,
)
def floor_table(electrolytes: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
    """What a measurement repeated elsewhere scores."""
    keys = electrolytes.set_index("electrolyte_id")["composition_key"]
    return table_result(floor(labels(electrolytes), keys, papers_of(electrolytes)))


@table_asset(
    "metrics.doubtful_labels",
    "Labels that other papers or the best model contradict, for a person to see; all are kept.",
    _SCORED,
    code_version=_CODE_VERSION,
)
def doubtful_label_table(
    electrolytes: pd.DataFrame, predictions: pd.DataFrame, scores: pd.DataFrame
) -> dg.MaterializeResult[pd.DataFrame]:
    """Set each label against other papers and against the best model under `grouped`."""
    best = best_model(scores, Protocol.GROUPED, LabelConvention.BOUND)
    out_of_paper = None
    if best:
        model, variant = best
        out_of_paper = predictions[
            (predictions["protocol"] == Protocol.GROUPED)
            & (predictions["label_convention"] == LabelConvention.BOUND)
            & (predictions["role"] == Role.TEST)
            & (predictions["model"] == model)
            & (predictions["variant"] == variant)
        ].set_index("electrolyte_id")
    table = doubtful_labels(electrolytes, papers_of(electrolytes), out_of_paper)
    return table_result(
        table,
        metadata={
            "model": ", ".join(best) if best else "none",
            "contradicted_by_other_papers": int((table["difference"].abs() > _CLEAR).sum()),
            "contradicted_by_the_model": int((table["residual"].abs() > _CLEAR).sum()),
        },
    )


@table_asset(
    "metrics.leaderboard",
    "Every test score in one table: models, baselines, submissions, published values, the floor.",
    _SCORED | table_ins("metrics.floor"),
    code_version=_CODE_VERSION,
)
def leaderboard_table(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    predictions: pd.DataFrame,
    scores: pd.DataFrame,
    floor: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Rank everything that was scored."""
    # Submissions come from a command, as measurements come from the inbox: no asset makes them. So they are
    # read from the store, and the metadata say which version was read, for `sse-assets run` to see news.
    store = TableStore(settings.blob_root)
    submitted = read_submitted(store)
    clusters = resampled_whole(with_cells(electrolytes))
    of_submitted, left_out = submitted_scores(submitted, predictions, clusters)
    for sentence in left_out:
        context.log.warning(f"{sentence}, and submit it anew")
    table = leaderboard(scores, of_submitted, published.leaderboard_anchors(), floor)
    first = table[(table["rank"] == 1) & (table["metric"] == Metric.MAE) & (table["entry"] != Entry.BASELINE)]
    return table_result(
        table,
        metadata={
            SUBMITTED_METADATA: submitted_version(store) or "none",
            "left_out": dg.MetadataValue.md("\n".join(left_out) or "none"),
            **{
                f"best_{row['protocol']}_{row['label_convention']}": f"{row['model']}, {row['variant']}"
                for row in first.to_dict("records")
            },
        },
    )


def read_submitted(store: TableStore) -> pd.DataFrame:
    """Return what was submitted so far, a frame as `tables.metrics.SUBMITTED_PREDICTIONS`."""
    try:
        return store.read(SUBMITTED)
    except TableError:
        return metrics.SUBMITTED_PREDICTIONS.frame()


def add_submission(store: TableStore, submitted: pd.DataFrame) -> None:
    """Keep a submission, a frame as `tables.metrics.SUBMITTED_PREDICTIONS`, in place of one of its name.

    Raises:
        DeclarationError: if the frame breaks its declaration.
    """
    earlier = read_submitted(store)
    others = earlier[~earlier["model"].isin(submitted["model"])]
    table = metrics.SUBMITTED_PREDICTIONS.frame(pd.concat([others, submitted], ignore_index=True))
    metrics.SUBMITTED_PREDICTIONS.check(table)
    store.write(SUBMITTED, table)


def submitted_version(store: TableStore) -> str | None:
    """Return the hash of what was submitted so far; None if nothing was."""
    version = store.version(SUBMITTED)
    return version.content_sha256 if version else None


judging_assets = [floor_table, doubtful_label_table, leaderboard_table]
