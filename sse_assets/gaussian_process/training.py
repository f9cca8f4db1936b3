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
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.models import GAUSSIAN_PROCESS, GAUSSIAN_PROCESS_PREDICTIONS
from sse_assets.tables.names import NO_VARIANT, ModelName, Protocol, Role

Fold = tuple[pd.Index, pd.Index]
"""Ids that train, and ids that are held out."""


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
        progress: called with (fits done, fits in all).

    Raises:
        ValueError: if a row that is assigned has no features.
    """
    lacking = pd.Index(assignments["electrolyte_id"]).difference(features.index)
    if len(lacking):
        raise ValueError(f"the electrolyte {lacking[0]} has no feature row ({len(lacking)} rows lack it)")
    one_fit_serves_both = labels["obelix"].equals(labels["bound"])
    conventions = [LabelConvention.BOUND] if one_fit_serves_both else list(LabelConvention)

    predictions, fits, processes = [], [], {}
    folds = [
        (str(protocol), int(str(fold)), rows)
        for (protocol, fold), rows in assignments.groupby(["protocol", "fold"], sort=False)
    ]
    for done, (protocol, fold, rows) in enumerate(folds, start=1):
        train, test = (
            pd.Index(rows.loc[rows["role"] == role, "electrolyte_id"]).sort_values() for role in Role
        )
        papers = hold_out_papers(train)
        started = time.perf_counter()
        fitted: dict[ProcessDesign, tuple[GaussianProcessModel, Domain]] = {}
        for convention in conventions:
            label, design = labels[convention], designs[convention]
            if design not in fitted:
                first = GaussianProcessModel.of_design(design, features.loc[train], label, dois)
                domain = Domain.fit(features.loc[train], dois, first.inputs, design.settings.lengths)
                fitted[design] = first, domain
            first, domain = fitted[design]
            model = first.with_labels(label)
            held_out = model.leave_out(papers)
            true, mean = label.loc[held_out.index].to_numpy(), held_out["mean"].to_numpy()
            process = TrainedProcess(
                model,
                ConformalIntervals.fit(true, mean, held_out["std"].to_numpy()),
                domain,
            )
            seconds, started = time.perf_counter() - started, time.perf_counter()
            for served in LabelConvention if one_fit_serves_both else [convention]:
                fits.append(
                    {
                        "protocol": protocol,
                        "fold": fold,
                        "label_convention": served.value,
                        "n_train": len(train),
                        "n_test": len(test),
                        "seconds": seconds,
                        "n_held_out": len(held_out),
                        "held_out_mae": float(np.abs(true - mean).mean()),
                        "std_in_interval_50": _finite(process.intervals.multipliers[0.5]),
                        "std_in_interval_90": _finite(process.intervals.multipliers[0.9]),
                        "domain_limit": _finite(process.domain.limit),
                    }
                )
                if protocol == Protocol.ALL_ROWS:
                    processes[served] = process
                else:
                    table = _predictions(process, features, label, train, test)
                    predictions.append(
                        table.assign(protocol=protocol, fold=fold, label_convention=served.value)
                    )
        progress(done, len(folds))
    return TrainedProcesses(
        GAUSSIAN_PROCESS_PREDICTIONS.frame(pd.concat(predictions)),
        GAUSSIAN_PROCESS.frame(fits),
        processes,
    )


def _predictions(
    process: TrainedProcess, features: pd.DataFrame, label: pd.Series, train: pd.Index, test: pd.Index
) -> pd.DataFrame:
    """Return what the process says of its training rows, without intervals, and of its test rows."""
    fitted = process.model.predict(features.loc[train])["mean"].to_frame("predicted")
    table = pd.concat(
        [
            fitted.assign(role=Role.TRAIN.value, outside_domain=False),
            process.predict(features.loc[test]).assign(role=Role.TEST.value),
        ]
    )
    return (
        table.rename_axis("electrolyte_id")
        .reset_index()
        .assign(
            model=ModelName.GAUSSIAN_PROCESS.value,
            variant=NO_VARIANT,
            log10_sigma=label.loc[table.index].to_numpy(),
        )
    )


def _finite(value: float) -> float | None:
    return value if np.isfinite(value) else None
