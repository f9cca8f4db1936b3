"""One interface to every stored model: it predicts for a material, and says what it was not told."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
from upath import UPath

from sse_assets.boosted_trees.model import CARD_FILE, BoostedTreesModel
from sse_assets.descriptors.feature_sets import GEOMETRIC_COLUMNS, feature_matrix, with_absent_elements
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pores import PoreSettings
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.language_models.errors import require_packages
from sse_assets.materials.crystal import read_cif
from sse_assets.materials.formula import formula_text, misprinted
from sse_assets.tables.names import FeatureSet

_NEW = "new"
_CELL = ("a", "b", "c", "alpha", "beta", "gamma", "z")


class PredictionError(ValueError):
    """A model that cannot say anything of a material, or a folder without a model."""


@dataclass(frozen=True)
class Material:
    """A material that nobody has measured."""

    formula: str | None = None
    cif: str | None = None
    """Text of a CIF."""

    def __post_init__(self) -> None:
        if self.formula is None and self.cif is None:
            raise PredictionError("there is nothing to predict for: give a formula, a CIF or both")


@dataclass(frozen=True)
class Prediction:
    """log10(σ / (S/cm)) at room temperature, and how far to trust it."""

    log10_sigma: float
    low: float
    """Lower end of the model's own 90 % interval, NaN where it gives none."""
    high: float
    remarks: tuple[str, ...]
    """Sentences on what the model was not told, or has never seen."""


class Predictor(Protocol):
    """A stored model, ready to be asked."""

    def predict(self, material: Material) -> Prediction:
        """Predict for a material.

        Raises:
            PredictionError, FormulaError, CifError, LanguageModelError: if it cannot say anything.
        """


def open_predictor(folder: UPath) -> Predictor:
    """Open the model that an asset of the group `models` has stored: boosted trees or a language model.

    Raises:
        PredictionError: if the folder holds neither.
    """
    if (folder / CARD_FILE).exists():
        return _Trees(BoostedTreesModel.load(str(folder)))
    if (folder / "run.json").exists():
        return _LanguageModel(folder)
    raise PredictionError(f"{folder} holds no model: take a path from models.boosted_trees or its like")


@dataclass(frozen=True)
class _Trees:
    model: BoostedTreesModel

    def predict(self, material: Material) -> Prediction:
        card = self.model.card
        assert card is not None  # no model is stored without one
        features = _features(material, FeatureSet(card.feature_set))
        known = with_absent_elements(features, self.model.feature_names)
        predicted = float(self.model.predict(known)[0])
        half_width = math.nan if card.interval_half_width is None else card.interval_half_width
        return Prediction(
            predicted,
            predicted - half_width,
            predicted + half_width,
            (*_misprint(material), *_unknown_elements(features, self.model), *_unknown_geometry(known)),
        )


@dataclass(frozen=True)
class _LanguageModel:
    folder: UPath

    def predict(self, material: Material) -> Prediction:
        require_packages()
        from sse_assets.language_models.prediction import predict_new  # it imports torch, which takes seconds

        with tempfile.TemporaryDirectory() as scratch:
            local = _local_copy(self.folder, Path(scratch))
            row = predict_new(local, formula=material.formula, cif=material.cif).iloc[0]
        remarks = (*_misprint(material), f"it has read: {row['prompt']}")
        return Prediction(float(row["predicted"]), float(row["low"]), float(row["high"]), remarks)


def _features(material: Material, feature_set: FeatureSet) -> pd.DataFrame:
    """Compute the descriptors of one material as in training; NaN for what is not known."""
    crystal = None if material.cif is None else read_cif(material.cif)  # unreadable is an error here
    formula = material.formula
    if formula is None:
        assert crystal is not None  # Material has one of the two
        formula = formula_text(crystal.composition.element_composition)
    row = {"electrolyte_id": _NEW, "formula": formula} | dict.fromkeys(_CELL, math.nan)
    electrolytes = pd.DataFrame([row])
    cifs = [] if material.cif is None else [(_NEW, _NEW, material.cif)]
    structures = pd.DataFrame(cifs, columns=["electrolyte_id", "structure_id", "cif"])
    geometry, _ = geometric(electrolytes, structures, PoreSettings(), workers=1)
    return feature_matrix(feature_set, stoichiometric(electrolytes), geometry)


def _misprint(material: Material) -> list[str]:
    meant = misprinted(material.formula) if material.formula else None
    return [f"{material.formula} may be a misprint: did you mean {meant}?"] if meant else []


def _unknown_elements(features: pd.DataFrame, model: BoostedTreesModel) -> list[str]:
    unknown = [str(name) for name in features.columns.difference([*model.feature_names, *GEOMETRIC_COLUMNS])]
    return [f"no training row holds {', '.join(unknown)}: the model does not see it"] if unknown else []


def _unknown_geometry(features: pd.DataFrame) -> list[str]:
    unknown = [name for name in GEOMETRIC_COLUMNS if name in features and features[name].isna().all()]
    return [f"not known, give a CIF: {', '.join(unknown)}"] if unknown else []


def _local_copy(folder: UPath, scratch: Path) -> Path:
    """Return the folder itself if it is local, else a copy, as a language model is read from a disk."""
    if folder.protocol in ("", "file"):
        return Path(folder.path)
    for file in folder.iterdir():
        (scratch / file.name).write_bytes(file.read_bytes())
    return scratch
