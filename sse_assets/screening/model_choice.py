"""Stored models: all that can be asked, and the one to ask."""

from collections.abc import Callable, Mapping

import pandas as pd

from sse_assets.evaluation.champions import champions_now
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.screening.errors import PredictionError
from sse_assets.tables import models
from sse_assets.tables.names import NO_VARIANT, FeatureSet, InputKind, ModelName, PromptCase, Protocol, Task

ReadTable = Callable[[str, str], pd.DataFrame | None]
"""Function that returns a stored table by schema and name, and None for one that is not made yet."""

_PREFERRED: dict[bool, list[str]] = {
    True: [
        FeatureSet.ALL,
        PromptCase.CASE_4,
        PromptCase.CASE_2,
        PromptCase.CASE_3,
        PromptCase.CASE_1,
        NO_VARIANT,
    ],
    False: [FeatureSet.STOICHIOMETRIC, PromptCase.CASE_1, NO_VARIANT],
}
"""Variants by whether there is a crystal, the richest first."""
_KEY = ["model", "variant", "protocol", "label_convention"]
_AS_IN_SCORES = {"base_model": "model", "feature_set": "variant", "case": "variant"}


def stored_models(read: ReadTable) -> pd.DataFrame:
    """List every stored model that can be asked, champions in the place of the trees trained last.

    >>> stored_models(lambda schema, name: None).empty
    True

    Args:
        read: reads the tables of the schema `models`.

    Returns:
        Columns `model`, `variant`, `protocol`, `label_convention`, `model_path` (below the blob root) and
        `standing`, as `with_champions` returns them.
    """
    stored = [pd.DataFrame(columns=[*_KEY, "model_path"])]
    for name in ("boosted_trees", "gaussian_process", "language_models", "small_language_model"):
        fits = read("models", name)
        if fits is not None:
            fits = fits.rename(columns=_AS_IN_SCORES)
            # A fit with a regression head is stored beside that of text, and has the same name.
            fits = fits[fits["kind"] == Task.TEXT] if "kind" in fits else fits.assign(model=name)
            fits = fits if "variant" in fits else fits.assign(variant=NO_VARIANT)
            stored.append(fits.dropna(subset="model_path")[stored[0].columns])
    history = read("models", "champions")
    return with_champions(
        pd.concat(stored), champions_now(models.CHAMPIONS.frame() if history is None else history)
    )


def with_champions(stored: pd.DataFrame, champions: pd.DataFrame) -> pd.DataFrame:
    """Put the reigning champion of a feature set in the place of the trees trained last.

    Args:
        stored: columns model, variant, protocol, label_convention, model_path.
        champions: columns `feature_set`, `model_path`, `n_train` and `since` (a time in ISO 8601).

    Returns:
        The same columns, and `standing`: since when a champion reigns and on how many rows it was trained,
        empty for a model that is none.
    """
    reign = pd.DataFrame(
        {
            "model": ModelName.BOOSTED_TREES,
            "variant": champions["feature_set"],
            "protocol": Protocol.ALL_ROWS,
            "label_convention": LabelConvention.BOUND,
            "model_path": champions["model_path"],
            "standing": [
                f"champion since {since[:10]}, {n_train} rows"
                for since, n_train in zip(champions["since"], champions["n_train"], strict=True)
            ],
        }
    )
    has_champion = pd.MultiIndex.from_frame(stored[_KEY]).isin(pd.MultiIndex.from_frame(reign[_KEY]))
    return pd.concat([stored[~has_champion].assign(standing=""), reign], ignore_index=True)


def choose_model(
    stored: pd.DataFrame,
    model: str | None,
    variant: str | None,
    *,
    has_crystal: bool,
    answering: pd.DataFrame | None = None,
) -> Mapping[str, str]:
    """Choose the stored model to ask: trained on all rows if there is one, a censored label at its limit.

    Where nobody names a model, the one answers that errs least on papers for such an input. A CIF does not
    make anybody ask a model that loses to the composition alone.

    >>> stored = pd.DataFrame(
    ...     [
    ...         ("boosted_trees", "stoichiometric", "official", "bound", "models/a"),
    ...         ("boosted_trees", "stoichiometric", "all_rows", "bound", "models/b"),
    ...     ],
    ...     columns=["model", "variant", "protocol", "label_convention", "model_path"],
    ... )
    >>> choose_model(stored, "boosted_trees", None, has_crystal=False)["model_path"]
    'models/b'

    Args:
        stored: columns model, variant, protocol, label_convention, model_path.
        model: as in `metrics.scores`; None follows `answering`, or without it takes the boosted trees.
        variant: feature set or prompt case; None follows `answering` too, or without it takes the first of
            `_PREFERRED` that is there.
        has_crystal: whether a CIF is given.
        answering: a frame as `tables.models.ANSWERING`; None or empty where it is not made yet.

    Raises:
        PredictionError: if no such model is stored, naming those that are.
    """
    if variant is None and answering is not None:
        kind = InputKind.CIF if has_crystal else InputKind.FORMULA
        can = (answering["kind"] == kind) & ((answering["model"] == model) | (model is None))
        best_first = answering[can].sort_values("mae", kind="stable")
        # A model that is no longer stored is passed over, and the next best answers.
        for best, its_variant in zip(best_first["model"], best_first["variant"], strict=True):
            if ((stored["model"] == best) & (stored["variant"] == its_variant)).any():
                return choose_model(stored, best, its_variant, has_crystal=has_crystal)
    model = model or ModelName.BOOSTED_TREES
    preferred = [variant] if variant else _PREFERRED[has_crystal]
    rows = stored[(stored["model"] == model) & stored["variant"].isin(preferred)]
    rows = rows[rows["label_convention"] == LabelConvention.BOUND]
    if rows.empty:
        names = sorted(set(stored["model"] + " / " + stored["variant"]))
        raise PredictionError(
            f"there is no stored model {model}{f' / {variant}' if variant else ''}; there are: "
            f"{', '.join(names) or 'none yet: run the pipeline first'}"
        )
    order = rows.assign(
        by_variant=rows["variant"].map(preferred.index), by_protocol=rows["protocol"] != Protocol.ALL_ROWS
    )
    first = order.sort_values(["by_variant", "by_protocol", "protocol"]).head(1)
    return {str(name): str(value) for name, value in first.to_dict("records")[0].items()}
