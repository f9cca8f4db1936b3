"""Predictors that are compared before one is chosen: processes with several kernels, three kinds of trees."""

from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields, replace
from typing import Any

import numpy as np
import pandas as pd
import xgboost
from sklearn.ensemble import ExtraTreesRegressor

from sse_assets.boosted_trees.kept_fits import fit_and_predict
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.cell import CELL_COLUMNS, ROOM_COLUMNS, SHAPE_COLUMNS
from sse_assets.descriptors.chemistry import CHEMISTRY_COLUMNS
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import GaussianProcessSettings, ProcessDesign
from sse_assets.kept import NOTHING_KEPT, Kept
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.splits.papers import Fold
from sse_assets.tables.names import CellBlock, ModelName

_CELL_COLUMNS = {
    CellBlock.NONE: (),
    CellBlock.ROOM_AND_SHAPE: (*ROOM_COLUMNS, *SHAPE_COLUMNS),
    CellBlock.WHOLE: tuple(CELL_COLUMNS),
}
_CONSTANTS = [constant.name for constant in fields(GaussianProcessSettings) if constant.name != "optimise"]
_AFT = {
    "objective": "survival:aft",
    "aft_loss_distribution": "normal",
    "aft_loss_distribution_scale": 2.0,
    "base_score": 1e-6,
    "learning_rate": 0.05,
    "max_depth": 5,
    "subsample": 0.66,
    "colsample_bytree": 0.5,
    "reg_lambda": 5.0,
    "nthread": 1,
}
_AFT_ROUNDS = 300


@dataclass(frozen=True)
class Candidate:
    """One predictor that may be chosen."""

    predict: Callable[[Sequence[Fold]], list[pd.DataFrame]]
    """Fit on the training rows of each fold and predict its other rows: one frame a fold, with a column of
    log10(σ / (S/cm)) for each label convention; index the ids that are predicted."""
    model: str
    process: ProcessDesign | None = None
    """What it is made of, if it is a process."""
    can_answer: bool = True
    """Whether the pipeline stores such a model: only such a one is chosen, the others show what is missed."""


def as_row(design: ProcessDesign) -> dict[str, Any]:
    """Return the columns of `models.choice` that hold a design."""
    cell = next(block for block, columns in _CELL_COLUMNS.items() if columns == design.cell)
    constants = {name: getattr(design.settings, name) for name in _CONSTANTS}
    return {"chemistry": bool(design.chemistry), "cell": cell.value, **constants}


def chosen_designs(choice: pd.DataFrame, *, has_cells: bool) -> dict[LabelConvention, ProcessDesign]:
    """Return the design of the process under each convention, as `models.choice` has it.

    Args:
        choice: a frame as `tables.models.CHOICE`; if it is empty, the usual design is returned.
        has_cells: as in `process_designs`.
    """
    usual = _whole(has_cells=has_cells)
    designs = dict.fromkeys(LabelConvention, usual)
    for row in choice.to_dict("records"):
        settings = GaussianProcessSettings(**{name: row[name] for name in _CONSTANTS})
        chemistry = usual.chemistry if row["chemistry"] else ()
        cell = _CELL_COLUMNS[CellBlock(row["cell"])]
        designs[LabelConvention(row["label_convention"])] = ProcessDesign(chemistry, cell, settings)
    return designs


def has_every_cell(features: pd.DataFrame) -> bool:
    """Tell whether the cell of each row is known or imputed: it is, once the cell of any row is known."""
    return bool(features[CELL_COLUMNS].notna().all(axis=None))


def process_designs(*, has_cells: bool) -> dict[str, ProcessDesign]:
    """Name the processes that are compared: five sets of descriptors, then the whole with other constants.

    Args:
        has_cells: whether the cell is known of any row; without, no process looks at it.
    """
    whole = _whole(has_cells=has_cells)
    room = _CELL_COLUMNS[CellBlock.ROOM_AND_SHAPE]
    named = {"process, composition": ProcessDesign(), "process, + chemistry": ProcessDesign(whole.chemistry)}
    if has_cells:
        named |= {
            "process, + cell": ProcessDesign((), room),
            "process, + both": ProcessDesign(whole.chemistry, room),
            "process, + both + prototype": whole,
        }
    usual = whole.settings
    fractions, cumulative = usual.fractions_length, usual.cumulative_length
    varied = {
        "composition fades twice as fast": replace(
            usual, fractions_length=fractions / 2, cumulative_length=cumulative / 2
        ),
        "composition fades half as fast": replace(
            usual, fractions_length=fractions * 2, cumulative_length=cumulative * 2
        ),
        "chemistry fades twice as fast": replace(usual, chemistry_length=usual.chemistry_length / 2),
        "chemistry fades half as fast": replace(usual, chemistry_length=usual.chemistry_length * 2),
        "half the noise": replace(usual, noise_variance=usual.noise_variance / 2),
        "twice the noise": replace(usual, noise_variance=usual.noise_variance * 2),
        "no paper term": replace(usual, paper_variance=0.0),
        "four times the paper term": replace(usual, paper_variance=usual.paper_variance * 4),
    }
    if has_cells:
        varied |= {
            "cell fades twice as fast": replace(usual, cell_length=usual.cell_length / 2),
            "cell fades half as fast": replace(usual, cell_length=usual.cell_length * 2),
        }
    return named | {
        f"process, {name}": replace(whole, settings=settings) for name, settings in varied.items()
    }


def _whole(*, has_cells: bool) -> ProcessDesign:
    block = CellBlock.WHOLE if has_cells else CellBlock.NONE
    return ProcessDesign(tuple(CHEMISTRY_COLUMNS), _CELL_COLUMNS[block])


def candidates(
    rows: pd.DataFrame,
    features: pd.DataFrame,
    tree_settings: BoostedTreesSettings,
    *,
    workers: int,
    kept: Kept = NOTHING_KEPT,
) -> dict[str, Candidate]:
    """Name everything that is compared.

    The z-scores of a process are those of all rows, as `GaussianProcessModel.leave_out` has it; no label has
    a part in them.

    Args:
        rows: every row that may train; columns of `materials.conductivity.labels`, `sigma_s_cm`, `censored`,
            `formula_only` and `doi`; index electrolyte_id.
        features: as `descriptors.feature_sets.composition_chemistry_cell`, of the same rows.
        tree_settings: of the paper's trees on composition.
        workers: fits of trees that run at a time, each on one thread.
        kept: predictions of fits of the stored trees; it takes the new ones.
    """
    label = labels(rows)
    of_elements = features.columns.difference([*CHEMISTRY_COLUMNS, *CELL_COLUMNS], sort=False)

    def process(design: ProcessDesign) -> Candidate:
        def predict(folds: Sequence[Fold]) -> list[pd.DataFrame]:
            first = GaussianProcessModel.of_design(design, features, label.iloc[:, 0], rows["doi"])
            one, *others = (first.with_labels(label[name]) for name in label)
            left_out = one.leave_out(folds, also=others)
            table = pd.DataFrame(
                {name: of_label["mean"].to_numpy() for name, of_label in zip(label, left_out, strict=True)}
            )
            ends = np.cumsum([len(test) for _, test in folds])
            return [
                table.iloc[end - len(test) : end].set_axis(test)
                for end, (_, test) in zip(ends, folds, strict=True)
            ]

        return Candidate(predict, ModelName.GAUSSIAN_PROCESS, design)

    def trees(
        fit_predict: Callable[[pd.Index, pd.Index], pd.DataFrame], model: str, *, can_answer: bool
    ) -> Candidate:
        def predict(folds: Sequence[Fold]) -> list[pd.DataFrame]:
            with ThreadPoolExecutor(workers) as pool:  # threads: growing trees releases the interpreter lock
                return list(pool.map(lambda fold: fit_predict(*fold), folds))

        return Candidate(predict, model, can_answer=can_answer)

    def extremely_randomised(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        def one(name: str) -> np.ndarray:
            forest = ExtraTreesRegressor(100, max_features=0.5, random_state=0, n_jobs=1)
            forest.fit(features.loc[train].to_numpy(), label.loc[train, name].to_numpy())
            return forest.predict(features.loc[test].to_numpy())

        return _by_convention(test, one)

    def accelerated_failure_time(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        """Grow trees that know of a censored row its bound alone; XGBoost's objective is on ln σ."""
        sigma = rows.loc[train, "sigma_s_cm"].to_numpy()
        matrix = xgboost.DMatrix(features.loc[train].to_numpy())
        matrix.set_float_info("label_lower_bound", np.where(rows.loc[train, "censored"], 0.0, sigma))
        matrix.set_float_info("label_upper_bound", sigma)
        booster = xgboost.train(_AFT, matrix, num_boost_round=_AFT_ROUNDS)
        predicted = np.log10(booster.predict(xgboost.DMatrix(features.loc[test].to_numpy())))
        return _by_convention(test, lambda name: predicted)

    def paper_trees(train: pd.Index, test: pd.Index) -> pd.DataFrame:
        """Grow the trees that are stored: they learn from the rows with a cell alone."""
        described = train[~rows.loc[train, "formula_only"]]

        def one(name: str) -> np.ndarray:
            (predicted,) = fit_and_predict(
                features.loc[described, of_elements],
                label.loc[described, name],
                [features.loc[test, of_elements]],
                tree_settings,
                kept=kept,
            )
            return predicted

        return _by_convention(test, one)

    designs = process_designs(has_cells=has_every_cell(features))
    return {name: process(design) for name, design in designs.items()} | {
        "extremely randomised trees, all of these": trees(
            extremely_randomised, "extremely_randomised_trees", can_answer=False
        ),
        "accelerated failure time trees, all of these": trees(
            accelerated_failure_time, "accelerated_failure_time_trees", can_answer=False
        ),
        "paper's trees, composition": trees(paper_trees, ModelName.BOOSTED_TREES, can_answer=True),
    }


def _by_convention(test: pd.Index, predict: Callable[[str], np.ndarray]) -> pd.DataFrame:
    return pd.DataFrame({name.value: predict(name) for name in LabelConvention}, index=test)
