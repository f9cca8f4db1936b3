"""Training on one feature set: every protocol, both label conventions, intervals and the final models."""

import time
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from sse_assets.boosted_trees.cross_validation import CV_FOLDS, cv_folds, cv_metrics, interval_half_width
from sse_assets.boosted_trees.kept_fits import fit_and_predict, fit_version
from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.kept import NOTHING_KEPT, Kept
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.models import BOOSTED_TREES, BOOSTED_TREES_PREDICTIONS
from sse_assets.tables.names import FeatureSet, ModelName, Protocol, Role

UNGROUPED_CV = (Protocol.DIVERSITY,)
"""Protocols whose inner cross-validation splits rows at random, as the paper does. The others hold out whole
groups, so that their intervals are as honest as the protocol."""

FindModel = Callable[[str, str], BoostedTreesModel | None]
"""Function that returns the stored model of a version and protocol, and None if there is none."""
_VERSION_LENGTH = 16


@dataclass(frozen=True)
class TrainedFeatureSet:
    """Predictions, fits and models of one feature set."""

    predictions: pd.DataFrame
    """Table `models.BOOSTED_TREES_PREDICTIONS`; `low` and `high` are NaN for training rows.
    The protocol `all_rows` has no test rows and is not among them."""
    fits: pd.DataFrame
    """Table `models.BOOSTED_TREES`. Without an inner cross-validation `cv_folds` is 0 and its errors are NaN.
    `model_path` is empty, as nothing is stored yet."""
    models: dict[tuple[str, LabelConvention], BoostedTreesModel]
    """Models by protocol and convention, for the protocols with one fold and for `all_rows`."""


@dataclass(frozen=True)
class _Split:
    """One fold of a protocol, under one convention."""

    protocol: str
    fold: int
    convention: LabelConvention
    train: pd.Index
    test: pd.Index
    is_only_fold: bool


@dataclass(frozen=True)
class _Fitted:
    """Outcome of one split."""

    split: _Split
    model: BoostedTreesModel | None
    """The model, if it is its protocol's only one: the others are not stored."""
    version: str
    """Version of the model, empty where there is none."""
    seconds: float
    predicted: pd.Series
    """Predictions for the split's training and test rows; index electrolyte_id."""
    out_of_fold: pd.Series | None
    """Predictions for the training rows, each by a model of the inner cross-validation without it."""


def train_feature_set(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    assignments: pd.DataFrame,
    settings: BoostedTreesSettings,
    *,
    feature_set: FeatureSet,
    cv_groups: pd.Series,
    workers: int,
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
    stored: FindModel = lambda version, protocol: None,
) -> TrainedFeatureSet:
    """Fit the trees under every protocol and convention, with 90 % intervals.

    A protocol with one fold, and the final model, is cross-validated inside its training rows (6 folds,
    paper section II.C), and the out-of-fold residuals give the width of its interval. A protocol with
    several folds already predicts every row by a model that did not see it: there the interval of one
    fold comes from the residuals of the other folds' test rows, without a further fit. If no row is
    censored, the two conventions have the same labels, and one fit serves both.

    The result depends on the settings, not on `workers` or the order of the rows.

    >>> ids = pd.Index([f"x:{number:02}" for number in range(40)], name="electrolyte_id")
    >>> lithium = pd.Series(np.linspace(0, 1, 40), index=ids)
    >>> role = np.where(np.arange(40) % 4, Role.TRAIN, Role.TEST)
    >>> trained = train_feature_set(
    ...     lithium.to_frame("Li"),
    ...     pd.DataFrame(dict.fromkeys(LabelConvention, 10 * lithium - 12)),
    ...     pd.DataFrame({"protocol": Protocol.OFFICIAL, "fold": 0, "electrolyte_id": ids, "role": role}),
    ...     BoostedTreesSettings(n_estimators=20),
    ...     feature_set=FeatureSet.STOICHIOMETRIC,
    ...     cv_groups=pd.Series(range(40), index=ids),
    ...     workers=1,
    ... )
    >>> trained.fits[["protocol", "n_train", "n_test"]].drop_duplicates().values.tolist()
    [['official', 30, 10], ['all_rows', 40, 0]]

    Args:
        features: index electrolyte_id, NaN where unknown.
        labels: index electrolyte_id, columns `obelix` and `bound`.
        assignments: columns `protocol`, `fold`, `electrolyte_id`, `role`.
        settings: settings of the trees.
        feature_set: the `variant` of the predictions.
        cv_groups: group of each electrolyte_id, held out as a whole by the inner cross-validation.
        workers: number of fits that run at a time, each on one thread.
        progress: called with (fits done, fits in all).
        kept: predictions that earlier fits on the same rows made; it takes those of the new fits.
        stored: finds a model that was stored before.

    Raises:
        ValueError: if there are no rows, or a row lacks its features, label or group.
    """
    _check(features, labels, assignments, cv_groups)
    one_fit_serves_both = labels["obelix"].equals(labels["bound"])
    conventions = [LabelConvention.BOUND] if one_fit_serves_both else list(LabelConvention)
    splits = _splits(assignments, labels.index, conventions)
    fitted = _fit_all(splits, features, labels, settings, cv_groups, workers, progress, kept, stored)

    predictions, fits, models = [], [], {}
    for fit in fitted:
        split, truth = fit.split, labels[fit.split.convention]
        calibration = _calibration(fit, fitted)
        half_width = interval_half_width((truth.loc[calibration.index] - calibration).to_numpy())
        metrics = {} if fit.out_of_fold is None else cv_metrics(truth.loc[split.train], fit.out_of_fold)
        for convention in LabelConvention if one_fit_serves_both else [split.convention]:
            if split.protocol != Protocol.ALL_ROWS:
                predictions.append(_predictions(fit, truth, half_width, convention, feature_set))
            fits.append(
                {
                    "protocol": split.protocol,
                    "fold": split.fold,
                    "label_convention": convention.value,
                    "feature_set": feature_set,
                    "n_train": len(split.train),
                    "n_test": len(split.test),
                    "seconds": fit.seconds,
                    "interval_half_width": half_width,
                    "cv_folds": CV_FOLDS if metrics else 0,
                    **metrics,
                }
            )
            if fit.model is not None:
                card = ModelCard(
                    feature_set=feature_set,
                    protocol=split.protocol,
                    label_convention=convention,
                    data_version=fit.version,
                    n_train=len(split.train),
                    metrics=metrics,
                    interval_half_width=half_width,
                )
                models[split.protocol, convention] = fit.model.with_card(card)
    return TrainedFeatureSet(
        BOOSTED_TREES_PREDICTIONS.frame(pd.concat(predictions)), BOOSTED_TREES.frame(fits), models
    )


def _splits(
    assignments: pd.DataFrame, every_row: pd.Index, conventions: list[LabelConvention]
) -> list[_Split]:
    """Return the assigned folds and `all_rows`, their rows sorted, under each convention."""
    folds = assignments[["protocol", "fold"]].drop_duplicates()
    n_folds = folds["protocol"].value_counts()
    ids = assignments.set_index(["protocol", "fold", "role"])["electrolyte_id"].sort_index()
    splits = []
    for convention in conventions:
        for protocol, fold in folds.itertuples(index=False, name=None):
            train, test = (
                pd.Index(ids.loc[[(protocol, fold, role)]]).sort_values() for role in (Role.TRAIN, Role.TEST)
            )
            splits.append(_Split(protocol, fold, convention, train, test, bool(n_folds[protocol] == 1)))
        splits.append(
            _Split(
                Protocol.ALL_ROWS, 0, convention, every_row.sort_values(), every_row[:0], is_only_fold=True
            )
        )
    return splits


def _fit_all(
    splits: list[_Split],
    features: pd.DataFrame,
    labels: pd.DataFrame,
    settings: BoostedTreesSettings,
    cv_groups: pd.Series,
    workers: int,
    progress: Callable[[int, int], None],
    kept: Kept,
    stored: FindModel,
) -> list[_Fitted]:
    """Fit each split, and the folds of its cross-validation if it is its protocol's only fold."""

    def fit(split: _Split) -> _Fitted:
        started = time.perf_counter()
        X, y = features.loc[split.train], labels.loc[split.train, split.convention]
        if split.is_only_fold:
            version = fit_version(X, y, settings)[:_VERSION_LENGTH]
            model = stored(version, split.protocol) or BoostedTreesModel.fit(X, y, settings)
            seconds = time.perf_counter() - started
            ids = split.train.append(split.test)
            predicted = pd.Series(model.predict(features.loc[ids]), index=ids)
            return _Fitted(split, model, version, seconds, predicted, None)
        parts = (split.train, split.test)
        answers = fit_and_predict(X, y, [features.loc[ids] for ids in parts], settings, kept=kept)
        predicted = pd.concat([pd.Series(*part) for part in zip(answers, parts, strict=True)])
        return _Fitted(split, None, "", time.perf_counter() - started, predicted, None)

    def predict_held_out(train: pd.Index, held_out: pd.Index, convention: str) -> pd.Series:
        X, y = features.loc[train], labels.loc[train, convention]
        (predicted,) = fit_and_predict(X, y, [features.loc[held_out]], settings, kept=kept)
        return pd.Series(predicted, index=held_out)

    # Threads, not processes: XGBoost releases the interpreter lock while it grows trees.
    pool = ThreadPoolExecutor(workers)
    try:
        fits, held_out = [], []
        for split in splits:
            fits.append(pool.submit(fit, split))
            groups = None if split.protocol in UNGROUPED_CV else cv_groups
            inner = cv_folds(split.train, groups, settings.seed) if split.is_only_fold else []
            held_out.append([pool.submit(predict_held_out, *fold, split.convention) for fold in inner])
        futures: list[Future] = [*fits, *(future for inner in held_out for future in inner)]
        for done, future in enumerate(as_completed(futures), start=1):
            future.result()
            progress(done, len(futures))
    finally:
        pool.shutdown(cancel_futures=True)  # after a failed fit, or a cancelled run, the rest is not wanted
    return [
        replace(fitted.result(), out_of_fold=_joined(split, [future.result() for future in inner]))
        for split, fitted, inner in zip(splits, fits, held_out, strict=True)
    ]


def _joined(split: _Split, held_out: list[pd.Series]) -> pd.Series | None:
    """Return out-of-fold predictions in the order of the training rows; None without cross-validation."""
    return pd.concat(held_out).loc[split.train] if held_out else None


def _calibration(fit: _Fitted, fitted: list[_Fitted]) -> pd.Series:
    """Return the out-of-fold predictions whose residuals set the interval of a fit, not of its test rows."""
    if fit.out_of_fold is not None:
        return fit.out_of_fold
    return pd.concat(
        [
            other.predicted.loc[other.split.test]
            for other in fitted
            if (other.split.protocol, other.split.convention) == (fit.split.protocol, fit.split.convention)
            and other.split.fold != fit.split.fold
        ]
    )


def _predictions(
    fit: _Fitted,
    truth: pd.Series,
    half_width: float | None,
    convention: LabelConvention,
    feature_set: FeatureSet,
) -> pd.DataFrame:
    ids, predicted = fit.predicted.index, fit.predicted.to_numpy()
    is_test = ids.isin(fit.split.test)
    margin = np.where(is_test, np.nan if half_width is None else half_width, np.nan)
    return pd.DataFrame(
        {
            "protocol": fit.split.protocol,
            "fold": fit.split.fold,
            "model": ModelName.BOOSTED_TREES,
            "variant": feature_set,
            "label_convention": convention.value,
            "electrolyte_id": ids,
            "role": np.where(is_test, Role.TEST, Role.TRAIN),
            "log10_sigma": truth.loc[ids].to_numpy(),
            "predicted": predicted,
            "low": predicted - margin,
            "high": predicted + margin,
        }
    )


def _check(
    features: pd.DataFrame, labels: pd.DataFrame, assignments: pd.DataFrame, cv_groups: pd.Series
) -> None:
    if labels.empty:
        raise ValueError("there are no electrolytes to train on")
    needed = pd.Index(assignments["electrolyte_id"].unique()).union(labels.index)
    known = {"feature row": features.index, "label": labels.dropna().index, "group": cv_groups.index}
    for what, ids in known.items():
        lacking = needed.difference(ids)
        if len(lacking):
            raise ValueError(
                f"the electrolyte {lacking[0]} has no {what} ({len(lacking)} of {len(needed)} lack it)"
            )
