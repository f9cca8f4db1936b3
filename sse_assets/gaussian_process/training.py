"""Training under every protocol: each fold with intervals from papers held out of its training rows."""

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sse_assets.gaussian_process.conformal import ConformalIntervals
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.gaussian_process.trained import TrainedProcess
from sse_assets.kept import NOTHING_KEPT, Kept, versions
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.models import GAUSSIAN_PROCESS, GAUSSIAN_PROCESS_PREDICTIONS
from sse_assets.tables.names import NO_VARIANT, ModelName, Protocol, Role

Fold = tuple[pd.Index, pd.Index]
"""Ids that train, and ids that are held out."""
_CODE_VERSION = "1"
"""Version of what a fold's outcome is computed by."""
_LIBRARIES = versions("scikit-learn", "scipy", "numpy")


@dataclass(frozen=True)
class TrainedProcesses:
    """Predictions, fits and the processes for new materials."""

    predictions: pd.DataFrame
    """Table `models.GAUSSIAN_PROCESS_PREDICTIONS`; intervals are empty for rows that train. The protocol
    `all_rows` has no test rows and is not among them."""
    fits: pd.DataFrame
    """Table `models.GAUSSIAN_PROCESS`. `model_path` is empty, as nothing is stored yet."""
    processes: dict[LabelConvention, TrainedProcess]
    """Fits on all rows."""


def train_gaussian_process(
    features: pd.DataFrame,
    labels: pd.DataFrame,
    dois: pd.Series,
    assignments: pd.DataFrame,
    *,
    designs: Mapping[LabelConvention, ProcessDesign],
    hold_out_papers: Callable[[pd.Index], list[Fold]],
    progress: Callable[[int, int], None] = lambda done, total: None,
    kept: Kept = NOTHING_KEPT,
) -> TrainedProcesses:
    """Fit the process in every fold and on all rows, under both conventions, with 50 % and 90 % intervals.

    The intervals of a fit come from whole papers held out inside its own training rows. So they say how far a
    new paper may lie from the answer, and no test row has a part in them. If no row is censored, the two
    conventions have the same labels, and one fit with the design of `bound` serves both.

    Args:
        features: columns as `inputs.Inputs.rows` asks, nothing missing; index electrolyte_id.
        labels: columns `obelix` and `bound`; index as that of features.
        dois: paper of each row, missing where unknown; index as that of features.
        assignments: columns `protocol`, `fold`, `electrolyte_id`, `role`, those of the fit on all rows
            (`all_rows`) among them.
        designs: what the process of each convention compares, and its constants.
        hold_out_papers: gives the folds of held-out papers inside some training rows.
        progress: called with (folds done, folds in all).
        kept: outcomes of folds that were fitted before; it takes the new ones.

    Raises:
        ValueError: if a row that is assigned has no features.
    """
    lacking = pd.Index(assignments["electrolyte_id"]).difference(features.index)
    if len(lacking):
        raise ValueError(f"the electrolyte {lacking[0]} has no feature row ({len(lacking)} rows lack it)")
    one_fit_serves_both = labels["obelix"].equals(labels["bound"])
    serves = {name: LabelConvention.BOUND if one_fit_serves_both else name for name in LabelConvention}
    predictions, fits, processes = [], [], {}
    folds = [
        ((str(protocol), int(str(fold))), rows)
        for (protocol, fold), rows in assignments.groupby(["protocol", "fold"], sort=False)
    ]
    for done, ((protocol, fold), rows) in enumerate(folds, start=1):
        train, test = (
            pd.Index(rows.loc[rows["role"] == role, "electrolyte_id"]).sort_values() for role in Role
        )
        of_fold = _Fold(features, labels, dois, train, test, hold_out_papers(train), dict(designs), serves)
        if protocol == Protocol.ALL_ROWS:
            made = of_fold.fit()
            processes = {convention: made[serves[convention]].process for convention in serves}
            told = of_fold.told(made)
        else:
            told = kept.frames(of_fold.question, ["predictions", "fits"], of_fold.fit_and_tell)
            predictions.append(told[0].assign(protocol=protocol, fold=fold))
        fits.append(told[1].assign(protocol=protocol, fold=fold))
        progress(done, len(folds))
    return TrainedProcesses(
        GAUSSIAN_PROCESS_PREDICTIONS.frame(pd.concat(predictions)),
        GAUSSIAN_PROCESS.frame(pd.concat(fits)),
        processes,
    )


@dataclass(frozen=True)
class _Fold:
    """Rows, labels and tests of one fold, from which its fits are made."""

    features: pd.DataFrame
    labels: pd.DataFrame
    dois: pd.Series
    train: pd.Index
    test: pd.Index
    papers: list[Fold]
    designs: dict[LabelConvention, ProcessDesign]
    serves: dict[LabelConvention, LabelConvention]
    """For each convention, the one whose fit serves it."""

    @property
    def question(self) -> list[object]:
        """Return all that the outcome depends on."""
        train = [self.features.loc[self.train], self.labels.loc[self.train], self.dois.loc[self.train]]
        test = [self.features.loc[self.test], self.labels.loc[self.test]]
        return [
            "Gaussian process",
            _CODE_VERSION,
            _LIBRARIES,
            train,
            test,
            self.papers,
            self.designs,
            self.serves,
        ]

    def fit(self) -> dict[LabelConvention, "_Fitted"]:
        """Fit the process of each convention; equal designs share their covariances."""
        fitted = {}
        conventions = list(dict.fromkeys(self.serves.values()))
        rows = self.features.loc[self.train]
        for design in dict.fromkeys(self.designs[convention] for convention in conventions):
            started = time.perf_counter()
            alike = [convention for convention in conventions if self.designs[convention] == design]
            first = GaussianProcessModel.of_design(design, rows, self.labels[alike[0]], self.dois)
            domain = Domain.fit(rows, self.dois, first.inputs, design.settings.lengths)
            models = [first.with_labels(self.labels[convention]) for convention in alike]
            left_out = models[0].leave_out(self.papers, also=models[1:])
            seconds = (time.perf_counter() - started) / len(alike)
            for convention, model, held_out in zip(alike, models, left_out, strict=True):
                true = self.labels[convention].loc[held_out.index].to_numpy()
                mean = held_out["mean"].to_numpy()
                intervals = ConformalIntervals.fit(true, mean, held_out["std"].to_numpy())
                process = TrainedProcess(model, intervals, domain)
                fitted[convention] = _Fitted(process, seconds, np.abs(true - mean))
        return fitted

    def fit_and_tell(self) -> list[pd.DataFrame]:
        """Return what `told` says of a fit."""
        return self.told(self.fit())

    def told(self, fitted: Mapping[LabelConvention, "_Fitted"]) -> list[pd.DataFrame]:
        """Return predictions and fits under both conventions, without the names of protocol and fold."""
        predictions, fits = [], []
        for convention, fitted_as in self.serves.items():
            fit = fitted[fitted_as]
            named = {"label_convention": convention.value}
            predictions.append(self._predictions(fit.process, self.labels[fitted_as]).assign(**named))
            fits.append(
                {
                    **named,
                    "n_train": len(self.train),
                    "n_test": len(self.test),
                    "seconds": fit.seconds,
                    "n_held_out": len(fit.errors),
                    "held_out_mae": float(fit.errors.mean()),
                    "std_in_interval_50": _finite(fit.process.intervals.multipliers[0.5]),
                    "std_in_interval_90": _finite(fit.process.intervals.multipliers[0.9]),
                    "domain_limit": _finite(fit.process.domain.limit),
                }
            )
        return [pd.concat(predictions, ignore_index=True), pd.DataFrame(fits)]

    def _predictions(self, process: TrainedProcess, label: pd.Series) -> pd.DataFrame:
        """Return what the process says of the training rows, without intervals, and of the test rows."""
        train, test = self.features.loc[self.train], self.features.loc[self.test]
        answers = [process.model.predict_mean(train).to_frame("predicted")]
        answers[0] = answers[0].assign(role=Role.TRAIN.value, outside_domain=False)
        if len(test):
            answers.append(process.predict(test).assign(role=Role.TEST.value))
        table = pd.concat(answers)
        return (
            table.rename_axis("electrolyte_id")
            .reset_index()
            .assign(
                model=ModelName.GAUSSIAN_PROCESS.value,
                variant=NO_VARIANT,
                log10_sigma=label.loc[table.index].to_numpy(),
            )
        )


@dataclass(frozen=True)
class _Fitted:
    """One process, and its absolute errors on the papers that were held out of its training rows."""

    process: TrainedProcess
    seconds: float
    errors: np.ndarray


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
