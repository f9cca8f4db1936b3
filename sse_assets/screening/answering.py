"""Who answers for a new material: the stored model that errs least on papers for what is told of it."""

from collections.abc import Mapping

import numpy as np
import pandas as pd

from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.evaluation.intervals import Bootstrap, Predictor
from sse_assets.gaussian_process.model import GaussianProcessModel
from sse_assets.gaussian_process.settings import ProcessDesign
from sse_assets.prototypes.stored_library import Library
from sse_assets.screening.formula_cells import prototype_cells
from sse_assets.splits.papers import Fold
from sse_assets.tables import models
from sse_assets.tables.names import NO_VARIANT, CellOrigin, FeatureSet, InputKind, ModelName

KNOWN_CELLS = (CellOrigin.STRUCTURE, CellOrigin.TABLE)
"""Origins of cells that were measured as a whole."""
_READS: dict[InputKind, tuple[FeatureSet, ...]] = {
    InputKind.FORMULA: (FeatureSet.STOICHIOMETRIC,),
    InputKind.FORMULA_AND_CELL: (FeatureSet.STOICHIOMETRIC,),
    InputKind.CIF: tuple(FeatureSet),
}
"""Feature sets that each kind of input gives: a pore volume needs the positions of the atoms."""
_N_BOOTSTRAP = 1000


def predictions_of_formulas(
    rows: pd.DataFrame,
    features: pd.DataFrame,
    cell_origin: pd.Series,
    label: pd.Series,
    folds: list[Fold],
    design: ProcessDesign,
    library: Library | None,
) -> pd.Series:
    """Predict the test rows of each fold by a process that is told their formulas alone.

    As for a new formula, their cells are those of trusted prototypes from other compositions and papers, and
    else imputed by a forest that saw the cells of the training rows.

    Args:
        rows: columns `formula`, `composition_key` and `doi`; index electrolyte_id.
        features: as `descriptors.feature_sets.composition_chemistry_cell`, of the same rows.
        cell_origin: `CellOrigin` of each row.
        label: log10(σ / (S/cm)) of each row.
        folds: rows that train and rows that are tested.
        design: of the process.
        library: prototypes; None imputes every cell.

    Returns:
        log10(σ / (S/cm)); index electrolyte_id.
    """
    parts = [pd.Series(dtype="float64")]
    for train, test in folds:
        model = GaussianProcessModel.of_design(design, features.loc[train], label, rows["doi"])
        asked = features.loc[test].copy()
        if design.cell:
            known = train[cell_origin.loc[train].isin(KNOWN_CELLS)]
            imputer = CellImputer.fit(rows.loc[known, "formula"], features.loc[known, CELL_COLUMNS])
            asked[CELL_COLUMNS] = np.nan
            asked[CELL_COLUMNS] = imputer.fill(rows.loc[test, "formula"], asked[CELL_COLUMNS])
            if library is not None:
                tested = rows.loc[test]
                papers = {doi for dois in tested["doi"].dropna() for doi in dois.split("|")}
                others = library.without(set(tested["composition_key"]), papers)
                cells, _ = prototype_cells(tested["formula"], others)
                asked.loc[cells.index, CELL_COLUMNS] = cells
        parts.append(model.predict_mean(asked))
    return pd.concat(parts)


def answering(
    trees: Mapping[str, pd.Series],
    process: pd.Series,
    process_of_formula: pd.Series,
    label: pd.Series,
    papers: pd.Series,
    rows_with: Mapping[InputKind, pd.Index],
) -> pd.DataFrame:
    """Return who can answer for each kind of input, and who does, on the test rows of `papers`.

    Args:
        trees: predictions of the boosted trees by feature set; index electrolyte_id.
        process: predictions of the process from what is known of each row.
        process_of_formula: its predictions from the formulas alone.
        label: log10(σ / (S/cm)) of each row.
        papers: paper of each row.
        rows_with: ids of the rows of which that much is known.

    Returns:
        A frame as `tables.models.ANSWERING`.
    """
    tables = []
    for kind in InputKind:
        of_kind = {
            (str(ModelName.BOOSTED_TREES), str(name)): trees[name] for name in _READS[kind] if name in trees
        }
        own = process_of_formula if kind is InputKind.FORMULA else process
        of_kind[str(ModelName.GAUSSIAN_PROCESS), NO_VARIANT] = own
        tested = {name: series[series.index.isin(rows_with[kind])] for name, series in of_kind.items()}
        tables.append(who_answers(kind, tested, label, papers))
    return models.ANSWERING.frame(pd.concat(tables))


def who_answers(
    kind: InputKind,
    predicted: Mapping[Predictor, pd.Series],
    label: pd.Series,
    papers: pd.Series,
    *,
    seed: int = 0,
) -> pd.DataFrame:
    """Return every model that can answer for one kind of input, the one that answers first.

    The one with the lowest error answers, on the rows that all of them predict. The 95 % intervals of the
    differences resample whole papers.

    Args:
        kind: what is told of a material.
        predicted: log10(σ / (S/cm)) of rows whose papers were held out, by model and variant.
        label: what was measured.
        papers: paper of each row.
        seed: of the resamples.

    Returns:
        A frame as `tables.models.ANSWERING`; empty if there is no row that all predict.
    """
    errors = pd.DataFrame(dict(enumerate(predicted.values()))).sub(label, axis=0).abs().dropna()
    if errors.empty:
        return models.ANSWERING.frame()
    names = list(predicted)
    mae = errors.mean()
    best = int(mae.argmin())
    ids = errors.index.to_series()
    bootstrap = Bootstrap.of(ids, papers, n_bootstrap=_N_BOOTSTRAP, seed=seed)
    table = []
    for number, (model, variant) in enumerate(names):
        difference = errors[number] - errors[best]
        low, high = bootstrap.mean_interval(ids, difference)
        table.append(
            {
                "kind": kind.value,
                "model": model,
                "variant": variant,
                "mae": mae[number],
                "difference": difference.mean(),
                "low": low,
                "high": high,
                "n": len(errors),
                "n_papers": papers[errors.index].nunique(),
                "answers": number == best,
                "reason": _reason(number == best, float(difference.mean()), low, high),
            }
        )
    return models.ANSWERING.sorted_frame(table, by=["mae"])


def _reason(answers: bool, difference: float, low: float, high: float) -> str:
    if answers:
        return "It errs least on papers that no model has seen."
    clear = "clearly " if low > 0 else ""
    chance = "" if low > 0 else ", which can be chance"
    return f"It errs {clear}more, by {difference:.2f} (95 % interval {low:+.2f} to {high:+.2f}){chance}."
