"""One interface to every stored model: it predicts for a material, and says what it was not told."""

import math
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
from upath import UPath

from sse_assets.boosted_trees.model import CARD_FILE, BoostedTreesModel
from sse_assets.descriptors.cell import CELL_COLUMNS, CellImputer, cell
from sse_assets.descriptors.chemistry import chemistry
from sse_assets.descriptors.feature_sets import (
    GEOMETRIC_COLUMNS,
    composition_chemistry_cell,
    feature_matrix,
    with_absent_elements,
)
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pores import PoreSettings
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.gaussian_process.trained import CALIBRATION_FILE, MEASUREMENTS_FILE, TrainedProcess
from sse_assets.language_models.errors import require_packages
from sse_assets.materials.conventional_cell import sites_in_conventional_cell
from sse_assets.materials.crystal import Crystal, compare_with_formula, formula_units, read_crystal
from sse_assets.materials.formula import formula_text, misprinted, parse_composition
from sse_assets.materials.remarks import RemarkCode
from sse_assets.tables.names import CellOrigin, FeatureSet

_NEW = "new"
_IMPUTED = "its cell is imputed from the composition: give a CIF if there is one"
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
    """Sentences on what does not fit in the input, and on what the model was not told or has never seen."""


class Predictor(Protocol):
    """A stored model, ready to be asked."""

    def predict(self, material: Material) -> Prediction:
        """Predict for a material.

        Raises:
            PredictionError, FormulaError, CifError, LanguageModelError: if it cannot say anything.
        """


def open_predictor(folder: UPath) -> Predictor:
    """Open the model that an asset of the group `models` has stored: trees, a process or a language model.

    Raises:
        PredictionError: if the folder holds none of them.
    """
    if (folder / CARD_FILE).exists():
        return _Trees(BoostedTreesModel.load(str(folder)))
    if (folder / CALIBRATION_FILE).exists():
        return _Process(TrainedProcess.load(str(folder)), pd.read_parquet(str(folder / MEASUREMENTS_FILE)))
    if (folder / "run.json").exists():
        return _LanguageModel(folder)
    raise PredictionError(f"{folder} holds no model: take a path from models.boosted_trees or its like")


@dataclass(frozen=True)
class _Trees:
    model: BoostedTreesModel

    def predict(self, material: Material) -> Prediction:
        card = self.model.card
        assert card is not None  # no model is stored without one
        crystal, remarks = _examined(material)
        features = _features(material, crystal, FeatureSet(card.feature_set))
        known = with_absent_elements(features, self.model.feature_names)
        predicted = float(self.model.predict(known)[0])
        half_width = math.nan if card.interval_half_width is None else card.interval_half_width
        return Prediction(
            predicted,
            predicted - half_width,
            predicted + half_width,
            (
                *_misprint(material),
                *remarks,
                *_unknown_elements(features, self.model),
                *_unknown_geometry(known),
                *([] if crystal is None else _unusual_cell(crystal, known)),
            ),
        )


@dataclass(frozen=True)
class _Process:
    process: TrainedProcess
    measured: pd.DataFrame
    """What was measured of the rows that train, and their cells; `CELL_COLUMNS` among them."""

    def predict(self, material: Material) -> Prediction:
        crystal, remarks = _examined(material)
        row = _row(material, crystal)
        known = self.measured[self.measured["cell_origin"].isin([CellOrigin.STRUCTURE, CellOrigin.TABLE])]
        known = known.set_index("electrolyte_id")
        described, failures = cell(
            row.assign(space_group=None, space_group_number=math.nan),
            {} if crystal is None else {_NEW: crystal.structure},
            CellImputer(known["formula"], known[CELL_COLUMNS]),
        )
        features = composition_chemistry_cell(row, chemistry(row), described)
        answer = self.process.predict(features).iloc[0]
        imputed = described["cell_origin"].item() == CellOrigin.COMPOSITION
        domain = self.process.domain.examine(features).iloc[0]
        return Prediction(
            float(answer["predicted"]),
            float(answer["low"]),
            float(answer["high"]),
            (
                *_misprint(material),
                *remarks,
                *(failure.reason for failure in failures),
                *([_IMPUTED] if imputed else []),
                *_outside(domain),
                *self._evidence(features),
            ),
        )

    def _evidence(self, features: pd.DataFrame) -> list[str]:
        """Sentences on the training rows that count most in an answer."""
        measured = self.measured.set_index("electrolyte_id").to_dict("index")
        sentences = []
        for electrolyte_id, weight in self.process.carrying(features).items():
            row = measured[electrolyte_id]
            bound = "below " if row["censored"] else ""
            paper = row["doi"] if isinstance(row["doi"], str) else f"{electrolyte_id}, no DOI"
            sentences.append(
                f"weight {weight:+.2f}: {row['formula']}, {bound}{row['sigma_s_cm']:.1e} S/cm ({paper})"
            )
        return sentences


@dataclass(frozen=True)
class _LanguageModel:
    folder: UPath

    def predict(self, material: Material) -> Prediction:
        require_packages()
        from sse_assets.language_models.prediction import predict_new  # it imports torch, which takes seconds

        _, remarks = _examined(material)
        with tempfile.TemporaryDirectory() as scratch:
            local = _local_copy(self.folder, Path(scratch))
            row = predict_new(local, formula=material.formula, cif=material.cif).iloc[0]
        remarks = [*_misprint(material), *remarks, f"it has read: {row['prompt']}"]
        return Prediction(float(row["predicted"]), float(row["low"]), float(row["high"]), tuple(remarks))


def _examined(material: Material) -> tuple[Crystal | None, list[str]]:
    """Return the crystal of a material, if it has one, and what does not fit in it, in sentences.

    Raises:
        FormulaError, CifError: if the formula or the CIF cannot be read.
        PredictionError: if they are of different compounds.
    """
    crystal = None if material.cif is None else read_crystal(material.cif)
    composition = None if material.formula is None else parse_composition(material.formula)
    remarks = [] if crystal is None else list(crystal.remarks)
    if crystal is not None and composition is not None:
        differences = compare_with_formula(crystal, composition)
        for remark in differences:
            if remark.code is RemarkCode.OTHER_COMPOUND:
                raise PredictionError(
                    f"{remark.sentence}: correct the formula, or give the CIF that belongs to it"
                )
        remarks.extend(differences)
    content = composition if composition is not None or crystal is None else crystal.composition
    assert content is not None  # Material has one of the two
    sentences = [remark.sentence for remark in remarks]
    if content["Li"] == 0:
        sentences.append("it holds no Li, and every training row does: this is far outside what was learned")
    return crystal, sentences


def _row(material: Material, crystal: Crystal | None) -> pd.DataFrame:
    """Return a material as an electrolyte whose table knows no cell."""
    formula = material.formula
    if formula is None:
        assert crystal is not None  # Material has one of the two
        formula = formula_text(crystal.composition)
    row: dict[str, object] = {"electrolyte_id": _NEW, "formula": formula} | dict.fromkeys(_CELL, math.nan)
    if crystal is not None:
        row["z"] = formula_units(crystal, parse_composition(formula))
    return pd.DataFrame([row])


def _features(material: Material, crystal: Crystal | None, feature_set: FeatureSet) -> pd.DataFrame:
    """Compute the descriptors of one material as in training; NaN for what is not known."""
    electrolytes = _row(material, crystal)
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


def _outside(domain: pd.Series) -> list[str]:
    if domain["unseen_elements"]:
        return [f"no training row holds {domain['unseen_elements']}: this is outside what was learned"]
    if domain["outside"]:
        return ["every training row is far from it: answers for such materials err more than others"]
    return []


def _unknown_geometry(features: pd.DataFrame) -> list[str]:
    unknown = [name for name in GEOMETRIC_COLUMNS if name in features and features[name].isna().all()]
    return [f"not known, give a CIF: {', '.join(unknown)}"] if unknown else []


def _unusual_cell(crystal: Crystal, features: pd.DataFrame) -> list[str]:
    """A remark on a primitive cell or a supercell, where the model reads the lengths of the cell."""
    conventional = sites_in_conventional_cell(crystal.structure)
    if not set("abc") & set(features.columns) or conventional in (None, len(crystal.structure)):
        return []
    return [
        f"the cell has {len(crystal.structure)} sites and the conventional one {conventional}: the model "
        "reads a, b and c and has learned from conventional cells, so give that one"
    ]


def _local_copy(folder: UPath, scratch: Path) -> Path:
    """Return the folder itself if it is local, else a copy, as a language model is read from a disk."""
    if folder.protocol in ("", "file"):
        return Path(folder.path)
    for file in folder.iterdir():
        (scratch / file.name).write_bytes(file.read_bytes())
    return scratch
