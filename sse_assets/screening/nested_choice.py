"""The choice of one predictor among many by whole papers held out, and what that choice costs."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import pandas as pd

from sse_assets.evaluation.intervals import Bootstrap, percentile_interval
from sse_assets.materials.conductivity import labels
from sse_assets.screening.model_candidates import Candidate, as_row
from sse_assets.splits.groups import papers
from sse_assets.splits.papers import Fold, as_folds, paper_folds
from sse_assets.tables import models
from sse_assets.tables.names import Role

INNER_FOLDS = 3
EVERY_PAPER = "every paper"
"""Level at which the choice is made that the pipeline follows."""
_N_BOOTSTRAP = 1000


@dataclass(frozen=True)
class NestedChoice:
    """Every comparison, and what came of it."""

    candidates: pd.DataFrame
    """Table `models.CANDIDATES`."""
    choice: pd.DataFrame
    """Table `models.CHOICE`."""


def choose(
    compared: Mapping[str, Candidate],
    label_table: pd.DataFrame,
    paper: pd.Series,
    folds: Sequence[Fold],
    inside: Sequence[Sequence[Fold]],
    *,
    seed: int = 0,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NestedChoice:
    """Choose the candidate that errs least on papers held out, and repeat the choice without each fold.

    The error of the chosen is a little too low, as it was chosen for that. So the choice is made again for
    each fold, from the folds inside its training rows alone, and what is chosen there predicts the fold. The
    error of these predictions, the nested error, is that of the whole procedure; what it lies above the
    error of the chosen is the cost of the choice (Cawley and Talbot, J. Mach. Learn. Res. 11, 2079, 2010).

    Args:
        compared: candidates by name; of those that cannot answer none is chosen.
        label_table: one column for each label convention; index electrolyte_id.
        paper: of each row, drawn as a whole by the 95 % intervals; index electrolyte_id.
        folds: rows that train and rows that are tested, each row at most once.
        inside: for each fold, the folds inside its training rows.
        seed: of the intervals.
        progress: called with (candidates done, candidates in all).
    """
    levels = {EVERY_PAPER: folds} | {_without(number): inner for number, inner in enumerate(inside)}
    predicted: dict[str, dict[str, list[pd.DataFrame]]] = {level: {} for level in levels}
    for done, (name, candidate) in enumerate(compared.items(), start=1):
        # What cannot be chosen is compared, and has no part in the choices that are nested.
        taken = {level: levels[level] for level in levels if candidate.can_answer or level == EVERY_PAPER}
        parts = iter(candidate.predict([fold for of_level in taken.values() for fold in of_level]))
        for level, of_level in taken.items():
            predicted[level][name] = [next(parts) for _ in of_level]
        progress(done, len(compared))
    outer = predicted[EVERY_PAPER]

    comparisons, outcomes = [], []
    for convention in map(str, label_table):
        best: dict[str, str] = {}
        for level, of_candidates in predicted.items():
            label = label_table[convention]
            errors = pd.DataFrame(
                {name: _errors(pd.concat(parts)[convention], label) for name, parts in of_candidates.items()}
            )
            table, best[level] = _against_the_best(errors, compared, paper, seed)
            comparisons.append(table.assign(label_convention=convention, level=level))
        unseen = [outer[best[_without(number)]][number][convention] for number in range(len(folds))]
        nested = _errors(pd.concat(unseen), label)
        whole = comparisons[-len(levels)]
        outcomes.append(_outcome(convention, best, whole, nested, compared, paper, folds, seed))
    return NestedChoice(models.CANDIDATES.frame(pd.concat(comparisons)), models.CHOICE.frame(outcomes))


def choose_on_papers(
    compared: Mapping[str, Candidate],
    rows: pd.DataFrame,
    assigned: pd.DataFrame,
    *,
    progress: Callable[[int, int], None] = lambda done, total: None,
) -> NestedChoice:
    """Choose among candidates on the folds of `papers`.

    Args:
        compared: candidates by name.
        rows: every row of the folds; `formula_only` and the columns that `paper_folds` and `labels` read;
            index electrolyte_id.
        assigned: folds of `papers`; columns `fold`, `electrolyte_id` and `role`.
        progress: called with (candidates done, candidates in all).

    Returns:
        Empty tables if there are no folds, or too few papers to hold some out inside each.
    """
    folds = as_folds(assigned)
    tested = pd.Index(assigned.loc[assigned["role"] == Role.TEST, "electrolyte_id"])
    paper = papers(rows)
    inside = [
        [
            fold
            for fold in as_folds(paper_folds(rows.loc[train], folds=INNER_FOLDS, tested=tested))
            if not rows.loc[
                fold[0], "formula_only"
            ].all()  # nor empty: every candidate has rows to learn from
        ]
        for train, _ in folds
        if paper[train.intersection(tested)].nunique() >= INNER_FOLDS
    ]
    if not folds or len(inside) < len(folds) or not all(inside):
        return NestedChoice(models.CANDIDATES.frame(), models.CHOICE.frame())
    return choose(
        compared,
        labels(rows),
        paper,
        folds,
        inside,
        progress=progress,
    )


def _errors(predicted: pd.Series, label: pd.Series) -> pd.Series:
    return (predicted - label.loc[predicted.index]).abs()


def _without(fold: int) -> str:
    return f"without fold {fold}"


def _against_the_best(
    errors: pd.DataFrame, compared: Mapping[str, Candidate], paper: pd.Series, seed: int
) -> tuple[pd.DataFrame, str]:
    """Return a row for each candidate with its paired difference to the best one that can answer."""
    mae = {str(name): float(mean) for name, mean in errors.mean().items()}
    best = min((name for name in mae if compared[name].can_answer), key=mae.__getitem__)
    draws = _resampled(errors.sub(errors[best], axis=0), paper, seed)
    rows = []
    for name, resampled in zip(mae, draws.T, strict=True):
        low, high = percentile_interval(resampled)
        rows.append(
            {
                "candidate": name,
                "model": compared[name].model,
                "can_answer": compared[name].can_answer,
                "mae": mae[name],
                "difference": mae[name] - mae[best],
                "low": low,
                "high": high,
                "n": len(errors),
                "n_papers": paper[errors.index].nunique(),
                "chosen": name == best,
            }
        )
    return pd.DataFrame(rows), best


def _outcome(
    convention: str,
    best: Mapping[str, str],
    whole: pd.DataFrame,
    nested: pd.Series,
    compared: Mapping[str, Candidate],
    paper: pd.Series,
    folds: Sequence[Fold],
    seed: int,
) -> dict[str, object]:
    """Return the row of `models.CHOICE` for one label convention."""
    maes = dict(zip(whole["candidate"], whole["mae"], strict=True))
    name = best[EVERY_PAPER]
    mae = maes[name]
    process = min((other for other in maes if compared[other].process), key=maes.__getitem__)
    design = compared[process].process
    assert design is not None  # every process says what it is made of
    low, high = percentile_interval(_resampled(nested.to_frame(), paper, seed)[:, 0])
    again = sum(choice == name for level, choice in best.items() if level != EVERY_PAPER)
    return {
        "label_convention": convention,
        "candidate": name,
        "model": compared[name].model,
        "mae": mae,
        "nested_mae": float(nested.mean()),
        "low": low,
        "high": high,
        "cost": float(nested.mean()) - mae,
        "n": len(nested),
        "n_papers": paper[nested.index].nunique(),
        "n_rows": len(set().union(*(ids for fold in folds for ids in fold))),
        "chosen_again": again,
        "n_folds": len(folds),
        "how": (
            f"It has the lowest mean absolute error of {sum(one.can_answer for one in compared.values())} "
            f"candidates over {len(folds)} folds of whole papers. Without each fold in turn, the same choice "
            f"inside its training rows took it {again} of {len(folds)} times."
        ),
        "process": process,
        **as_row(design),
    }


def _resampled(values: pd.DataFrame, paper: pd.Series, seed: int) -> np.ndarray:
    """Return means of each column over whole papers drawn with replacement, shape (resamples, columns)."""
    ids = values.index.to_series()
    counts = Bootstrap.of(ids, paper, n_bootstrap=_N_BOOTSTRAP, seed=seed).counts(ids)
    return counts @ values.to_numpy() / counts.sum(axis=1, keepdims=True)
