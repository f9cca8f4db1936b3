"""Group `models`, continued: which predictor is chosen on papers, and which one answers for what is told."""

from collections.abc import Iterator

import dagster as dg
import pandas as pd

from sse_assets.assets.models import GROUP, settings_of, workers
from sse_assets.curation.electrolytes import with_crystals
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.kept import versions
from sse_assets.materials.conductivity import LabelConvention, labels
from sse_assets.orchestration.io import table_asset, table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.preview import markdown_table
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.prototypes.stored_library import Library
from sse_assets.screening.answering import KNOWN_CELLS, answering, predictions_of_formulas
from sse_assets.screening.model_candidates import candidates, chosen_designs, has_every_cell
from sse_assets.screening.nested_choice import EVERY_PAPER, INNER_FOLDS, choose_on_papers
from sse_assets.splits.groups import papers, published
from sse_assets.splits.papers import as_folds
from sse_assets.tables import models
from sse_assets.tables.names import FeatureSet, InputKind, Protocol, Role

_CODE_VERSION = "1"
_LIBRARIES = versions("scikit-learn", "scipy", "numpy", "xgboost")
_ANSWERING_CODE_VERSION = "2"
"""2: a formula has the cell of its prototype."""
_EVERY_ROW = table_ins("curated.electrolytes", "splits.assignments") | {
    "further": dg.AssetIn(["splits", "formula_only"])
}
_DESCRIPTORS = table_ins("descriptors.chemistry", "descriptors.cell")


@dg.multi_asset(
    ins=_EVERY_ROW | _DESCRIPTORS | table_ins("models.boosted_trees_settings"),
    outs=table_outs(
        GROUP,
        {
            "candidates": "Every predictor that was compared on whole papers held out, with its paired "
            "difference to the one chosen; and the same choice without each fold of papers.",
            "choice": "What was chosen under each label convention, what that cost, and the kernel that the "
            "Gaussian process takes.",
        },
        code_version=_CODE_VERSION,
        kinds={"candidates": "scikitlearn"},
    ),
)
def choose_candidate(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    further: pd.DataFrame,
    chemistry: pd.DataFrame,
    cell: pd.DataFrame,
    boosted_trees_settings: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Choose on the folds of `papers`, which see nothing of the official test."""
    assigned = of_papers(assignments, further)
    seen = electrolytes[electrolytes["electrolyte_id"].isin(assigned["electrolyte_id"])]
    rows = seen.set_index("electrolyte_id", drop=False).rename_axis(None)
    features = composition_chemistry_cell(seen, chemistry, cell)
    tree_settings = settings_of(boosted_trees_settings, FeatureSet.STOICHIOMETRIC)
    kept = kept_in(settings.blob_root)

    def choose() -> list[pd.DataFrame]:
        compared = candidates(rows, features, tree_settings, workers=workers(), kept=kept)
        progress = report_progress(context.log, "candidates")
        outcome = choose_on_papers(compared, rows, assigned, progress=progress)
        return [outcome.candidates, outcome.choice]

    question = ["choice", _CODE_VERSION, _LIBRARIES, seen, features, assigned, tree_settings]
    compared, choice = kept.frames(question, ["candidates", "choice"], choose)
    if choice.empty:
        context.log.info(
            f"nothing is chosen: in each fold of `papers` at least {INNER_FOLDS} papers must be left to test"
        )
    whole = compared[compared["level"] == EVERY_PAPER]
    shown = whole[["label_convention", "candidate", "mae", "difference", "low", "high", "chosen"]]
    yield table_result(
        models.CANDIDATES.frame(compared),
        "models.candidates",
        metadata={"every_paper": dg.MetadataValue.md(markdown_table(shown.round(3)))},
    )
    yield table_result(
        models.CHOICE.frame(choice),
        "models.choice",
        metadata={
            f"{figure}_{row['label_convention']}": row[figure]
            for row in choice.to_dict("records")
            for figure in ("candidate", "mae", "nested_mae", "cost")
        },
    )


@table_asset(
    "models.answering",
    "Who answers for a formula, a formula with its cell, and a CIF: the model that errs least on papers for "
    "such an input, with its paired difference to the others (`bound`).",
    _EVERY_ROW
    | _DESCRIPTORS
    | table_ins("models.choice", "models.boosted_trees_predictions", "models.gaussian_process_predictions")
    | table_ins("generated.prototype_library"),
    kind="scikitlearn",
    code_version=_ANSWERING_CODE_VERSION,
)
def answering_models(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    further: pd.DataFrame,
    chemistry: pd.DataFrame,
    cell: pd.DataFrame,
    choice: pd.DataFrame,
    boosted_trees_predictions: pd.DataFrame,
    gaussian_process_predictions: pd.DataFrame,
    prototype_library: pd.DataFrame,
) -> dg.MaterializeResult[pd.DataFrame]:
    """Compare the models that are stored on the test rows of `papers`."""
    folds = as_folds(of_papers(assignments, further))
    if not folds:
        context.log.info("nobody is compared: there are no folds of `papers`")
        return table_result(models.ANSWERING.frame())
    electrolytes = published(electrolytes)
    features = composition_chemistry_cell(electrolytes, chemistry, cell)
    by_id = electrolytes.set_index("electrolyte_id", drop=False).rename_axis(None)
    label = labels(electrolytes)[LabelConvention.BOUND]
    library = None if prototype_library.empty else Library.read(prototype_library)
    origin = cell.set_index("electrolyte_id")["cell_origin"].loc[by_id.index]
    design = chosen_designs(choice, has_cells=has_every_cell(features))[LabelConvention.BOUND]
    asked = [electrolytes, features, origin, folds, design, prototype_library]
    of_formulas = kept_in(settings.blob_root).frame(
        ["formulas alone", _ANSWERING_CODE_VERSION, _LIBRARIES, *asked],
        lambda: (
            predictions_of_formulas(by_id, features, origin, label, folds, design, library)
            .rename_axis("electrolyte_id")
            .rename("predicted")
            .reset_index()
        ),
    )
    trees = _tested_on_papers(boosted_trees_predictions)
    table = answering(
        {
            str(variant): block.set_index("electrolyte_id")["predicted"]
            for variant, block in trees.groupby("variant")
        },
        _tested_on_papers(gaussian_process_predictions).set_index("electrolyte_id")["predicted"],
        of_formulas.set_index("electrolyte_id")["predicted"],
        label,
        papers(electrolytes),
        {
            InputKind.FORMULA: by_id.index,
            InputKind.FORMULA_AND_CELL: origin.index[origin.isin(KNOWN_CELLS)],
            InputKind.CIF: with_crystals(by_id).index,
        },
    )
    first = table[table["answers"]]
    return table_result(
        table,
        metadata={
            str(row["kind"]): f"{row['model']}, {row['variant']}: {row['mae']:.2f}"
            for row in first.to_dict("records")
        },
    )


def of_papers(assignments: pd.DataFrame, further: pd.DataFrame) -> pd.DataFrame:
    """Return the folds of `papers`, the rows with a formula alone among them."""
    every = pd.concat([assignments, further], ignore_index=True)
    return every[every["protocol"] == Protocol.PAPERS]


def _tested_on_papers(predictions: pd.DataFrame) -> pd.DataFrame:
    return predictions[
        (predictions["protocol"] == Protocol.PAPERS)
        & (predictions["role"] == Role.TEST)
        & (predictions["label_convention"] == LabelConvention.BOUND)
    ]


choice_assets = [choose_candidate, answering_models]
