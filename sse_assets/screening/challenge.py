"""A challenge: whether the model trained last takes over from the one that answers now."""

from collections.abc import Callable

import pandas as pd

from sse_assets.boosted_trees.folds import Fold, predict_folds
from sse_assets.boosted_trees.recipe import Recipe, RecipeError
from sse_assets.descriptors.feature_sets import with_absent_elements
from sse_assets.evaluation.champions import (
    ASKED_BEFORE,
    NO_CHAMPION,
    SAME,
    Contender,
    Verdict,
    compare,
    incomparable,
    is_decided,
    judge,
    reigning,
)
from sse_assets.kept import NOTHING_KEPT, Kept
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.splits.groups import merged_groups, sharing_nothing
from sse_assets.tables.names import Protocol, Role


def tested_rows(predictions: pd.DataFrame, challenger: Recipe) -> pd.DataFrame:
    """Return what the challenger's fits on the folds of `grouped` say of their test rows: every row, once.

    Args:
        predictions: of the challenger; table `models.BOOSTED_TREES_PREDICTIONS`.
        challenger: the rows that it was trained on.

    Returns:
        Columns `fold`, `log10_sigma` (under `bound`), `predicted` and `group`; index electrolyte_id, sorted.
    """
    rows = predictions[
        (predictions["protocol"] == Protocol.GROUPED)
        & (predictions["role"] == Role.TEST)
        & (predictions["label_convention"] == LabelConvention.BOUND)
    ]
    rows = rows.set_index("electrolyte_id")[["fold", "log10_sigma", "predicted"]].sort_index()
    return rows.assign(group=merged_groups(challenger.sources.reset_index()))


def judge_challenger(
    challenger: Contender,
    recipe: Recipe,
    tests: pd.DataFrame,
    history: pd.DataFrame,
    *,
    tested: str,
    load: Callable[[str], Recipe],
    workers: int = 1,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
) -> Verdict:
    """Decide between the champion of one feature set and the model that was trained last.

    The champion is fitted again on the folds of today, from its own rows that share no source with the test
    rows of a fold. That is done only where it is a new question. Without an earlier decision the challenger
    is the first champion:

    >>> from sse_assets.boosted_trees.settings import BoostedTreesSettings
    >>> from sse_assets.tables import models
    >>> ids = pd.Index(["x:1"], name="electrolyte_id")
    >>> electrolytes = pd.DataFrame({"electrolyte_id": ids, "doi": "10.1/a", "composition_key": "Li2 S1"})
    >>> features = pd.DataFrame({"Li": 0.67}, index=ids)
    >>> recipe = Recipe.of(features, features["Li"] - 5, electrolytes, BoostedTreesSettings())
    >>> verdict = judge_challenger(
    ...     Contender("models/new", "version", 1, recipe.version),
    ...     recipe,
    ...     tested_rows(models.BOOSTED_TREES_PREDICTIONS.frame(), recipe),
    ...     models.CHAMPIONS.frame(),
    ...     tested="hash of the test rows",
    ...     load=Recipe.load,
    ... )
    >>> verdict.decision.value
    'first'

    Args:
        challenger: the model that was trained last.
        recipe: its training rows and settings.
        tests: its predictions, from `tested_rows`.
        history: earlier decisions on this feature set; table `models.CHAMPIONS`.
        tested: hash of the test rows, by which a question that was asked before is known.
        load: returns the recipe of a model by its `model_path`, or raises `RecipeError`.
        workers: fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).
        kept: answers of earlier fits; it takes the new ones.
    """
    champion = reigning(history)
    if champion is None:
        return NO_CHAMPION
    try:
        old = load(champion.model_path)
    except RecipeError as error:
        return incomparable(str(error))
    if champion.recipe == challenger.recipe:
        return SAME
    if is_decided(history, challenger, tested):
        return ASKED_BEFORE
    features = with_absent_elements(recipe.features, old.features.columns)
    unknown = old.features.columns.difference(features.columns)
    if len(unknown):
        return incomparable(f"it needs the feature {unknown[0]}, which is no longer computed")
    predicted = predict_folds(
        _folds(old, recipe, tests),
        old.features,
        old.label,
        old.settings,
        tested=features,
        workers=workers,
        progress=progress,
        kept=kept,
    )
    errors = pd.DataFrame(
        {
            "champion": (predicted.set_index("electrolyte_id")["predicted"] - tests["log10_sigma"]).abs(),
            "challenger": (tests["predicted"] - tests["log10_sigma"]).abs(),
        }
    )
    return judge(compare(errors, tests["group"]))


def _folds(champion: Recipe, todays: Recipe, tests: pd.DataFrame) -> list[Fold]:
    """Return the folds of today: rows of the champion train that share nothing with the test rows.

    A fold in which none is left says nothing of the champion, and is left out.
    """
    folds = []
    for name, rows in tests.groupby("fold"):
        train = sharing_nothing(champion.sources, todays.sources.loc[rows.index])
        if len(train):
            folds.append(Fold(name, train, rows.index))
    return folds
