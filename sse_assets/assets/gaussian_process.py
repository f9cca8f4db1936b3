"""Group `models`, continued: the Gaussian process on composition, chemistry and cell."""

import hashlib
from collections.abc import Iterator
from functools import partial

import dagster as dg
import pandas as pd

from sse_assets.curation.electrolytes import with_cells
from sse_assets.descriptors.feature_sets import composition_chemistry_cell
from sse_assets.gaussian_process.training import train_gaussian_process
from sse_assets.kept import Kept, versions
from sse_assets.materials.conductivity import labels
from sse_assets.orchestration.io import file_metadata, table_ins, table_outs, table_result
from sse_assets.orchestration.kept_files import kept_in
from sse_assets.orchestration.progress import report_progress
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import content_sha256
from sse_assets.screening.model_candidates import chosen_designs, has_every_cell
from sse_assets.screening.stored_process import store_process
from sse_assets.splits.papers import Fold, as_folds, paper_folds
from sse_assets.tables.names import Protocol, Role

GROUP = "models"
_CODE_VERSION = "4"
"""4: what it compares is that of `models.choice`, and predictions say how far the nearest training row is."""


@dg.multi_asset(
    name="fit_gaussian_process",
    ins=table_ins("curated.electrolytes", "splits.assignments")
    | {"further": dg.AssetIn(["splits", "formula_only"])}
    | table_ins("descriptors.chemistry", "descriptors.cell", "models.choice"),
    outs=table_outs(
        GROUP,
        {
            "gaussian_process": "One row a fit of the Gaussian process, and the stored fits on all rows.",
            "gaussian_process_predictions": "Predictions of every fit for its training and test rows, with "
            "50 % and 90 % intervals.",
        },
        code_version=_CODE_VERSION,
        kinds={"gaussian_process": "scikitlearn"},
    ),
)
def gaussian_process(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    electrolytes: pd.DataFrame,
    assignments: pd.DataFrame,
    further: pd.DataFrame,
    chemistry: pd.DataFrame,
    cell: pd.DataFrame,
    choice: pd.DataFrame,
) -> Iterator[dg.MaterializeResult[pd.DataFrame]]:
    """Fit the process in every fold, and on all rows."""
    features = composition_chemistry_cell(electrolytes, chemistry, cell)
    every = pd.DataFrame(
        {
            "protocol": Protocol.ALL_ROWS.value,
            "fold": 0,
            "electrolyte_id": electrolytes["electrolyte_id"],
            "role": Role.TRAIN.value,
        }
    )
    tested, kept = pd.Index(with_cells(electrolytes)["electrolyte_id"]), kept_in(settings.blob_root)
    trained = train_gaussian_process(
        features,
        labels(electrolytes),
        electrolytes.set_index("electrolyte_id")["doi"],
        pd.concat([assignments, further, every], ignore_index=True),
        designs=chosen_designs(choice, has_cells=has_every_cell(features)),
        hold_out_papers=partial(_held_out_papers, electrolytes, tested, kept),
        progress=report_progress(context.log, "Gaussian process, folds"),
        kept=kept,
    )
    inputs = [electrolytes, chemistry, cell, choice]
    data_version = hashlib.sha256("".join(map(content_sha256, inputs)).encode()).hexdigest()[:16]
    folder = f"models/gaussian_process/{data_version}"
    paths = {}
    for convention, process in trained.processes.items():
        paths[convention.value] = f"{folder}/{Protocol.ALL_ROWS}-{convention}"
        store_process(settings.blob_root / paths[convention.value], process, electrolytes, cell)
    stored = trained.fits["label_convention"].map(paths).where(trained.fits["protocol"] == Protocol.ALL_ROWS)
    fits = trained.fits.assign(model_path=stored)
    # The time of a fit says nothing of the model, and is left out of the data version.
    yield table_result(
        fits,
        "models.gaussian_process",
        data_version=content_sha256(fits.drop(columns="seconds")),
        metadata={
            "models": file_metadata(folder),
            "fitting_seconds": float(fits["seconds"].sum()),
            "rows_with_a_formula_alone": int(electrolytes["formula_only"].sum()),
        },
    )
    predictions = trained.predictions
    of_electrolytes = predictions["electrolyte_id"].isin(tested)
    yield table_result(
        predictions[of_electrolytes].reset_index(drop=True), "models.gaussian_process_predictions"
    )


def _held_out_papers(electrolytes: pd.DataFrame, tested: pd.Index, kept: Kept, train: pd.Index) -> list[Fold]:
    """Return the folds of held-out papers inside some training rows, which take a tenth of a second."""
    columns = ["electrolyte_id", "doi", "composition_key", "conductivity_class"]
    rows = electrolytes.loc[electrolytes["electrolyte_id"].isin(train), columns].reset_index(drop=True)
    question = ["paper folds", _CODE_VERSION, versions("scikit-learn", "numpy", "pandas"), rows]
    is_tested = rows["electrolyte_id"].isin(tested)
    return as_folds(kept.frame([*question, is_tested], lambda: paper_folds(rows, tested=tested)))
