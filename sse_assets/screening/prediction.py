"""One interface to every stored model: what does it say of this material?"""

import math
import tempfile
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

import pandas as pd
from upath import UPath

from sse_assets.boosted_trees.model import CARD_FILE, BoostedTreesModel
from sse_assets.boosted_trees.training import ALL_ROWS, MODEL_NAME
from sse_assets.descriptors.feature_sets import (
    GEOMETRIC_COLUMNS,
    FeatureSet,
    feature_matrix,
    with_absent_elements,
)
from sse_assets.descriptors.geometric import geometric
from sse_assets.descriptors.pores import PoreSettings
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.language_models.errors import require_packages
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.materials.conventional_cell import sites_in_conventional_cell
from sse_assets.materials.crystal import Crystal, compare_with_formula, formula_units, read_crystal
from sse_assets.materials.formula import formula_text, parse_composition
from sse_assets.materials.remarks import RemarkCode

_NEW = "new"
_PREFERRED = {
    True: ["all", "case_4", "case_2", "case_3", "case_1"],
    False: ["stoichiometric", "case_1"],
}
"""Variants by whether there is a crystal, the richest first."""
_CELL = ("a", "b", "c", "alpha", "beta", "gamma", "z")


class PredictionError(ValueError):
    """A model that cannot say anything of a material, or a folder without a model."""


@dataclass(frozen=True)
class Material:
    """What is known of a material that nobody has measured."""

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
    """What does not fit in the input, what the model was not told, or has never seen."""


class Predictor(Protocol):
    """A stored model, ready to be asked."""

    def predict(self, material: Material) -> Prediction:
        """What the model says.

        Raises:
            PredictionError, FormulaError, CifError, LanguageModelError: if it cannot say anything.
        """


def open_predictor(folder: UPath) -> Predictor:
    """The model that an asset of the group `models` has stored: boosted trees or a language model.

    Raises:
        PredictionError: if the folder holds neither.
    """
    if (folder / CARD_FILE).exists():
        return _Trees(BoostedTreesModel.load(str(folder)))
    if (folder / "run.json").exists():
        return _LanguageModel(folder)
    raise PredictionError(f"{folder} holds no model: take a path from models.boosted_trees or its like")


def with_champions(stored: pd.DataFrame, champions: pd.DataFrame) -> pd.DataFrame:
    """The stored models, where the reigning champion of a feature set stands for the trees trained last.

    Args:
        stored: columns model, variant, protocol, label_convention, model_path.
        champions: columns `feature_set`, `model_path`, `n_train` and `since` (a time in ISO 8601).

    Returns:
        The same columns, and `standing`: since when a champion reigns and on how many rows it was trained,
        empty for a model that is none.
    """
    reign = pd.DataFrame(
        {
            "model": MODEL_NAME,
            "variant": champions["feature_set"],
            "protocol": ALL_ROWS,
            "label_convention": LabelConvention.BOUND.value,
            "model_path": champions["model_path"],
            "standing": [
                f"champion since {since[:10]}, {n_train} rows"
                for since, n_train in zip(champions["since"], champions["n_train"], strict=True)
            ],
        }
    )
    what = ["model", "variant", "protocol", "label_convention"]
    has_champion = pd.MultiIndex.from_frame(stored[what]).isin(pd.MultiIndex.from_frame(reign[what]))
    return pd.concat([stored[~has_champion].assign(standing=""), reign], ignore_index=True)


def choose_model(
    stored: pd.DataFrame, model: str, variant: str | None, *, has_crystal: bool
) -> Mapping[str, str]:
    """The stored model to ask: trained on all rows if there is one, a censored label at its limit.

    Args:
        stored: columns model, variant, protocol, label_convention, model_path.
        model: as in `metrics.scores`.
        variant: feature set or prompt case; None takes the first of `_PREFERRED` that is there.
        has_crystal: whether a CIF is given.

    Raises:
        PredictionError: if no such model is stored, naming those that are.
    """
    preferred = [variant] if variant else _PREFERRED[has_crystal]
    rows = stored[(stored["model"] == model) & stored["variant"].isin(preferred)]
    rows = rows[rows["label_convention"] == LabelConvention.BOUND.value]
    if rows.empty:
        names = sorted(set(stored["model"] + " / " + stored["variant"]))
        raise PredictionError(
            f"there is no stored model {model}{f' / {variant}' if variant else ''}; there are: "
            f"{', '.join(names) or 'none yet: run the pipeline first'}"
        )
    order = rows.assign(
        by_variant=rows["variant"].map(preferred.index), by_protocol=rows["protocol"] != ALL_ROWS
    )
    first = order.sort_values(["by_variant", "by_protocol", "protocol"]).head(1)
    return {str(name): str(value) for name, value in first.to_dict("records")[0].items()}


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
                *remarks,
                *_unknown_elements(features, self.model),
                *_unknown_geometry(known),
                *([] if crystal is None else _unusual_cell(crystal, known)),
            ),
        )


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
        read = f"it has read: {row['prompt']}"
        return Prediction(float(row["predicted"]), float(row["low"]), float(row["high"]), (*remarks, read))


def _examined(material: Material) -> tuple[Crystal | None, list[str]]:
    """The crystal of a material, if it has one, and what does not fit in it, in sentences.

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


def _features(material: Material, crystal: Crystal | None, feature_set: FeatureSet) -> pd.DataFrame:
    """The descriptors of one material, as the models were trained on them; NaN for what is not known."""
    formula = material.formula
    if formula is None:
        assert crystal is not None  # Material has one of the two
        formula = formula_text(crystal.composition)
    row: dict[str, object] = {"electrolyte_id": _NEW, "formula": formula} | dict.fromkeys(_CELL, math.nan)
    if crystal is not None:
        row["z"] = formula_units(crystal, parse_composition(formula))
    electrolytes = pd.DataFrame([row])
    cifs = [] if material.cif is None else [(_NEW, _NEW, material.cif)]
    structures = pd.DataFrame(cifs, columns=["electrolyte_id", "structure_id", "cif"])
    geometry, _ = geometric(electrolytes, structures, PoreSettings(), workers=1)
    return feature_matrix(feature_set, stoichiometric(electrolytes), geometry)


def _unknown_elements(features: pd.DataFrame, model: BoostedTreesModel) -> list[str]:
    unknown = [str(name) for name in features.columns.difference([*model.feature_names, *GEOMETRIC_COLUMNS])]
    return [f"no training row holds {', '.join(unknown)}: the model does not see it"] if unknown else []


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
    """The folder itself if it is local; a language model is read from a disk."""
    if folder.protocol in ("", "file"):
        return Path(folder.path)
    for file in folder.iterdir():
        (scratch / file.name).write_bytes(file.read_bytes())
    return scratch
