"""Group `models`: the model that answers. A retrained one takes over unless it is worse than the champion."""

from datetime import UTC, datetime
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.assets.models import GROUP, feature_sets, workers
from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.recipe import Recipe
from sse_assets.evaluation.champions import SAME, Contender, Verdict, is_decided, with_decision
from sse_assets.kept import Kept
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.figures import figure_metadata
from sse_assets.orchestration.io import table_asset, table_ins, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore, content_sha256
from sse_assets.report.champion_figures import decisions
from sse_assets.screening.challenge import judge_challenger, tested_rows
from sse_assets.tables import models
from sse_assets.tables.names import Decision, Protocol

TABLE = TableKey(GROUP, "champions")
_CODE_VERSION = "1"


@table_asset(
    TABLE.table,
    "The model that answers for a new material: the one trained last takes over from the champion unless it "
    "is worse on the same test rows (`grouped`, `bound`). Each decision is a row, with its reason.",
    table_ins("models.boosted_trees", "models.boosted_trees_predictions"),
    partitions_def=feature_sets,
    code_version=_CODE_VERSION,
)
def champions(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    boosted_trees: pd.DataFrame,
    boosted_trees_predictions: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Decide between the champion of one feature set and the model that was just trained on all rows."""
    store = TableStore(settings.blob_root)
    key = TableKey(TABLE.group, TABLE.name, context.partition_key)
    # The earlier decisions are read past Dagster: an asset that depends on itself would never come to rest.
    history = store.read(key) if store.version(key) else models.CHAMPIONS.frame()
    path = _final_model(boosted_trees)
    recipe = Recipe.load(str(settings.blob_root / path))
    card = BoostedTreesModel.load(str(settings.blob_root / path)).card
    assert card is not None  # no model is stored without one
    challenger = Contender(path, card.data_version, card.n_train, recipe.version)
    kept = kept_in(settings.blob_root)
    tests = tested_rows(boosted_trees_predictions, recipe)
    tested = content_sha256(tests.drop(columns="predicted").reset_index())[:16]

    verdict = judge_challenger(
        challenger,
        recipe,
        tests,
        history,
        tested=tested,
        load=lambda model_path: Recipe.load(str(settings.blob_root / model_path)),
        workers=workers(),
        progress=report_progress(context.log, f"champion ({context.partition_key}) on the folds of today"),
        kept=kept,
    )
    if verdict.decision is not Decision.UNCHANGED or not is_decided(history, challenger, tested):
        now = datetime.now(UTC)
        history = with_decision(history, context.partition_key, challenger, tested, verdict, now)
    if verdict.decision in (Decision.PROMOTED, Decision.KEPT):
        context.log.info(f"champion ({context.partition_key}) {verdict.decision}: {verdict.reason}")
    return table_result(
        history,
        # The time of a decision is no part of its content.
        data_version=content_sha256(history.drop(columns="decided_at")),
        metadata={
            "decision": verdict.decision.value,
            "reason": dg.MetadataValue.md(verdict.reason),
            "champion": str(settings.blob_root / history["model_path"].iloc[-1]),
            **_errors(verdict, tests),
            **_drawn(history, context.partition_key, kept),
        },
    )


def _final_model(boosted_trees: pd.DataFrame) -> str:
    """Return the path of the model trained on every row, a censored label at its limit."""
    is_final = boosted_trees["protocol"] == Protocol.ALL_ROWS
    is_bound = boosted_trees["label_convention"] == LabelConvention.BOUND
    return str(boosted_trees.loc[is_final & is_bound, "model_path"].item())


def _errors(verdict: Verdict, tests: pd.DataFrame) -> dict[str, float]:
    """Return the errors as numeric metadata, so that the UI draws them over time."""
    mae = float((tests["predicted"] - tests["log10_sigma"]).abs().mean())
    if verdict is SAME:
        return {"mae_challenger": mae, "mae_champion": mae, "difference": 0.0}
    if verdict.comparison is None:
        return {"mae_challenger": mae}
    return {
        name: getattr(verdict.comparison, name) for name in ("mae_challenger", "mae_champion", "difference")
    }


def _drawn(history: pd.DataFrame, feature_set: str, kept: Kept) -> dict[str, dg.MarkdownMetadataValue]:
    """Return a figure of the comparisons there were, if any."""
    if not (history["n"] > 0).any():
        return {}
    title = f"New models against champions, {feature_set}"
    return {"decisions": figure_metadata(partial(decisions, history), title, kept)}
