"""The Liverpool Ionics Dataset (LiIon): 820 conductivities at 5 to 873 °C, no structures."""

from pathlib import Path

import pandas as pd

from sse_assets.sources.columns import blank_as_missing, numbers, read_table
from sse_assets.sources.registry import LIION_TABLE
from sse_assets.tables import raw
from sse_assets.tables.names import Source

_TABLE_COLUMNS = {
    "ID": "source_id",
    "composition": "formula",
    "source": "doi",
    "temperature": "temperature_c",
    "target": "reported_conductivity",
    "family": "reported_family",
}


def read_measurements(path: Path) -> pd.DataFrame:
    """Return the table `LiIonDatabase.csv` as `tables.raw.LIION_MEASUREMENTS`, by id.

    Formulas stay as printed, quotes and blanks included; `materials.formula.parse_composition` reads them.
    The file gives no cell, no space group and no Z. One id, 922, stands for two rows, and one `doi` is a
    journal's name and page.

    Raises:
        SourceError: if the file is absent, empty, lacks a column, or has text where a temperature should be.
    """
    table = read_table(path, list(_TABLE_COLUMNS))
    frame = table[list(_TABLE_COLUMNS)].rename(columns=_TABLE_COLUMNS)
    frame["temperature_c"] = numbers(table, "temperature", "ID", path)
    frame["reported_family"] = blank_as_missing(frame["reported_family"])
    frame["doi"] = blank_as_missing(frame["doi"])
    frame["source"] = Source.LIION.value
    frame["licence"] = LIION_TABLE.licence
    return raw.LIION_MEASUREMENTS.sorted_frame(frame, by=["source_id"])
