"""A trained process, stored with what its answers need beside it."""

import pandas as pd
from upath import UPath

from sse_assets.descriptors.cell import CELL_COLUMNS
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.gaussian_process.files import MEASUREMENTS_FILE
from sse_assets.gaussian_process.trained import TrainedProcess
from sse_assets.screening.answering import KNOWN_CELLS

_TOLD = ["electrolyte_id", "formula", "composition_key", "sigma_s_cm", "censored", "doi"]


def store_process(
    folder: UPath, process: TrainedProcess, electrolytes: pd.DataFrame, cell: pd.DataFrame
) -> None:
    """Write a process, what was measured of its rows, and the forest that imputes the cells of new ones.

    Args:
        folder: of the model; `prediction.open_model` reads it.
        process: trained on the rows.
        electrolytes: a frame as `tables.curated.ELECTROLYTES`, of the rows that trained.
        cell: a frame as `tables.descriptors.CELL`, of these rows at least.
    """
    measured = electrolytes[_TOLD].merge(cell)
    known = measured[measured["cell_origin"].isin(KNOWN_CELLS)].set_index("electrolyte_id")
    CellImputer.fit(known["formula"], known[CELL_COLUMNS]).save(str(folder))
    (folder / MEASUREMENTS_FILE).write_bytes(measured.to_parquet(index=False))
    process.save(str(folder))  # last, since it makes the folder a complete model
