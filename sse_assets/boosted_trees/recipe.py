"""Training rows and settings of a stored model: enough to fit it again after the data have changed."""

import hashlib
import io
import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

import pandas as pd
from fsspec.core import url_to_fs

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.boosted_trees.settings import BoostedTreesSettings

ROWS_FILE = "training_rows.parquet"
"""The rows that a model was trained on, beside the model."""
SOURCE_COLUMNS = ["doi", "composition_key"]
"""Columns that tell which rows belong together."""
_LABEL = "log10_sigma"


class RecipeError(ValueError):
    """A stored model or its training rows are missing or cannot be read."""


@dataclass(frozen=True)
class Recipe:
    """Training rows and hyperparameters of a model; a new fit uses the code of today."""

    settings: BoostedTreesSettings
    features: pd.DataFrame
    """Features; index electrolyte_id, sorted; NaN where unknown."""
    label: pd.Series
    """log10(σ / (S/cm)); index as in `features`."""
    sources: pd.DataFrame
    """Columns `SOURCE_COLUMNS`, as they were when the model was trained; index as in `features`."""

    @classmethod
    def of(
        cls,
        features: pd.DataFrame,
        label: pd.Series,
        electrolytes: pd.DataFrame,
        settings: BoostedTreesSettings,
    ) -> Self:
        """Return the recipe of a model that is trained on every row of `features`.

        Args:
            features: index electrolyte_id.
            label: log10(σ / (S/cm)), index electrolyte_id.
            electrolytes: columns electrolyte_id and `SOURCE_COLUMNS`.
            settings: settings of the trees.
        """
        ids = features.index.sort_values()
        sources = electrolytes.set_index("electrolyte_id")[SOURCE_COLUMNS]
        return cls(settings, features.loc[ids], label.loc[ids].rename(_LABEL), sources.loc[ids])

    @property
    def version(self) -> str:
        """Hash of the training rows and the settings: equal only if both are equal."""
        # As CSV: a number in its shortest exact form and a missing value empty, whatever the types.
        content = self._rows().to_csv(index=False) + json.dumps(asdict(self.settings), sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:16]

    def save_rows(self, folder: str) -> None:
        """Write `ROWS_FILE` into the folder of the model; the model file there holds the settings."""
        filesystem, path = url_to_fs(folder)
        filesystem.makedirs(path, exist_ok=True)
        content = io.BytesIO()
        self._rows().to_parquet(content, index=False)
        filesystem.pipe_file(f"{path}/{ROWS_FILE}", content.getvalue())

    @classmethod
    def load(cls, folder: str | Path) -> Self:
        """Return the recipe of the model in a folder.

        Raises:
            RecipeError: if the model or its rows are gone or damaged.
        """
        filesystem, path = url_to_fs(str(folder))
        try:
            settings = BoostedTreesModel.load(folder).settings
            rows = pd.read_parquet(io.BytesIO(filesystem.cat_file(f"{path}/{ROWS_FILE}")))
            rows = rows.set_index("electrolyte_id")
            features = rows.drop(columns=[_LABEL, *SOURCE_COLUMNS])
            return cls(settings, features, rows[_LABEL], rows[SOURCE_COLUMNS])
        except FileNotFoundError as error:
            raise RecipeError(f"{folder} lacks a file of the model or its training rows") from error
        except (ValueError, KeyError, TypeError) as error:
            raise RecipeError(f"{folder} holds a model or training rows that cannot be read") from error

    def _rows(self) -> pd.DataFrame:
        return pd.concat([self.label, self.sources, self.features], axis="columns").reset_index()
