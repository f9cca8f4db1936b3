"""One interface to every stored model: it predicts for many materials, and says what it was not told."""

import io
import math
import os
import tempfile
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING, Any, Protocol

import numpy as np
import pandas as pd
from upath import UPath

from sse_assets.descriptors.cell import CELL_COLUMNS, cell
from sse_assets.descriptors.cell_imputer import CellImputer
from sse_assets.descriptors.chemistry import chemistry
from sse_assets.descriptors.crystals import Failure
from sse_assets.descriptors.feature_sets import (
    GEOMETRIC_COLUMNS,
    composition_chemistry_cell,
    feature_matrix,
    with_absent_elements,
)
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.gaussian_process.files import CALIBRATION_FILE, MEASUREMENTS_FILE
from sse_assets.gaussian_process.served import ServedProcess
from sse_assets.materials.conventional_cell import sites_in_conventional_cell
from sse_assets.materials.crystal import formula_units
from sse_assets.materials.formula import composition_key
from sse_assets.screening.answer import Flag, FlagCode, Interval, Prediction
from sse_assets.screening.class_probabilities import class_probabilities
from sse_assets.screening.errors import PredictionError
from sse_assets.screening.formula_cells import prototype_cells
from sse_assets.screening.material import Accepted, Refusal
from sse_assets.tables.names import CellOrigin, FeatureSet, Reason

if TYPE_CHECKING:  # XGBoost takes a second to import, and the process does without it
    from sse_assets.boosted_trees.model import BoostedTreesModel
    from sse_assets.descriptors.pores import KeptVoids
    from sse_assets.prototypes.stored_library import Library

    ReadLibrary = Callable[[], Library | None]

_TREES_FILE = "model.json"
_LANGUAGE_MODEL_FILE = "run.json"
_CELL = ("a", "b", "c", "alpha", "beta", "gamma", "z")
_N_CARRYING = 5
_REMEDY = "give a CIF if there is one"
_PLACED = "its cell is that of a known structure type"
_NOT_PLACED = "its cell is imputed from the composition, since no known structure type is to be trusted"
_CELL_TOLD: dict[str, str] = {
    CellOrigin.STRUCTURE: " and the cell of the CIF",
    CellOrigin.TABLE_IN_PART: " and part of the cell of the CIF",
    CellOrigin.PROTOTYPE: " and the cell of a known structure type",
}


class StoredModel(Protocol):
    """A stored model, ready to be asked."""

    @property
    def data_version(self) -> str:
        """Version of the data that it was trained on; empty where it is not stored."""

    @property
    def trained(self) -> frozenset[str] | None:
        """Ids of the rows that it was trained on; None where they are not stored."""

    def predict(self, materials: Sequence[Accepted]) -> list[Prediction | Refusal]:
        """Predict for materials, of which there is one at least, in their order."""

    def covariance(self, materials: Sequence[Accepted]) -> tuple[np.ndarray, float] | None:
        """Return how far the answers err together, as `ServedProcess.covariance`; None if it is not known."""


def open_model(
    folder: UPath,
    geometric: pd.DataFrame | None = None,
    voids: pd.DataFrame | None = None,
    library: "ReadLibrary" = lambda: None,
) -> StoredModel:
    """Open the model that an asset of the group `models` has stored: trees, a process or a language model.

    Args:
        folder: of the model.
        geometric: table `descriptors.geometric` of the training rows, which says how their pores were probed;
            without it, or without rows, the defaults of `PoreSettings` count.
        voids: table `descriptors.voids`, the answers of Zeo++ that there are already.
        library: reads the prototypes for the cells of new formulas, when the first of them comes.

    Raises:
        PredictionError: if the folder holds none of them, or not all of it.
    """
    try:
        if (folder / CALIBRATION_FILE).exists():
            return _open_process(folder, library)
        if (folder / _TREES_FILE).exists():
            return _open_trees(folder, geometric, voids)
    except FileNotFoundError as error:
        raise PredictionError(f"{folder} lacks a file of its model: run the pipeline again") from error
    except KeyError as error:
        raise PredictionError(
            f"{folder} holds a model of another version of this project, without {error}: run the pipeline "
            "again"
        ) from error
    if (folder / _LANGUAGE_MODEL_FILE).exists():
        return _LanguageModel(folder)
    raise PredictionError(f"{folder} holds no model: take a path from models.boosted_trees or its like")


def _open_trees(folder: UPath, geometric: pd.DataFrame | None, voids: pd.DataFrame | None) -> "_Trees":
    from sse_assets.boosted_trees.model import BoostedTreesModel
    from sse_assets.boosted_trees.recipe import Recipe, RecipeError

    try:
        trained = frozenset(Recipe.load(str(folder)).features.index)
    except RecipeError:  # a model of one protocol is stored without its rows
        trained = None
    probe: dict[str, Any] = {}
    kept = None
    if geometric is not None:
        from sse_assets.descriptors.geometric import PROBE_COLUMNS
        from sse_assets.descriptors.pores import KeptVoids

        kept = KeptVoids(voids)
        if len(geometric) and set(PROBE_COLUMNS) <= set(geometric):
            probe = {name: geometric[name].iloc[0].item() for name in PROBE_COLUMNS}
    return _Trees(BoostedTreesModel.load(str(folder)), trained, probe, kept)


@dataclass(frozen=True)
class _Trees:
    model: "BoostedTreesModel"
    trained: frozenset[str] | None
    probe: dict[str, Any]
    """Values of `PoreSettings` that are not the defaults."""
    kept: "KeptVoids | None"
    """Answers of Zeo++, so that no crystal is probed twice."""

    @property
    def data_version(self) -> str:
        assert self.model.card is not None  # no model is stored without one
        return self.model.card.data_version

    def predict(self, materials: Sequence[Accepted]) -> list[Prediction | Refusal]:
        card = self.model.card
        assert card is not None  # no model is stored without one
        feature_set = FeatureSet(card.feature_set)
        if feature_set is not FeatureSet.STOICHIOMETRIC:
            without = [material for material in materials if material.crystal is None]
            if without:
                return self._with_refusals(materials, without, feature_set)
        features = _features(materials, feature_set, self.probe, self.kept)
        known = with_absent_elements(features, self.model.feature_names)
        predicted = self.model.predict(known)
        half = np.full(
            len(predicted), math.nan if card.interval_half_width is None else card.interval_half_width
        )
        shares = class_probabilities(predicted, None, half)
        return [
            Prediction(
                float(value),
                None,
                _interval(value - width, value + width),
                share,
                tuple(_unseen(material, self.model.feature_names, feature_set)),
                tuple(_unknown_geometry(row, feature_set)) + tuple(_unusual_cell(material, feature_set)),
                _TOLD[feature_set],
            )
            for material, value, width, share, (_, row) in zip(
                materials, predicted, half, shares, known.iterrows(), strict=True
            )
        ]

    def covariance(self, materials: Sequence[Accepted]) -> None:
        return None

    def _with_refusals(
        self, materials: Sequence[Accepted], without: list[Accepted], feature_set: FeatureSet
    ) -> list[Prediction | Refusal]:
        """Answer for the materials that have a crystal, and refuse the others."""
        whole = [one for one in materials if one.crystal is not None]
        answered = iter(self.predict(whole) if whole else ())
        reason = f"the variant {feature_set} of the trees needs a crystal: give a CIF, or ask another variant"
        return [
            Refusal(one.material, Reason.NOT_KNOWN, reason) if one.crystal is None else next(answered)
            for one in materials
        ]


_TOLD = {
    FeatureSet.STOICHIOMETRIC: "the composition alone",
    FeatureSet.GEOMETRIC: "lengths of the cell, density and pore volume of the CIF",
    FeatureSet.ALL: "the composition, and lengths of the cell, density and pore volume of the CIF",
}


def _open_process(folder: UPath, library: "ReadLibrary") -> "_Process":
    imputer = CellImputer.load(str(folder))
    measured = pd.read_parquet(io.BytesIO((folder / MEASUREMENTS_FILE).read_bytes()))
    process = ServedProcess.load(str(folder))
    placed = measured[measured["cell_origin"] == CellOrigin.PROTOTYPE].drop_duplicates("composition_key")
    placed = placed.set_index("composition_key")[CELL_COLUMNS]
    return _Process(
        process, imputer, placed, measured.set_index("electrolyte_id"), folder.parent.name, library
    )


@dataclass(frozen=True)
class _Process:
    process: ServedProcess
    imputer: CellImputer
    placed: pd.DataFrame
    """`CELL_COLUMNS` of the compositions whose cell was trained as that of a prototype; index composition
    key."""
    measured: pd.DataFrame
    """What was measured of the rows that train; index electrolyte_id."""
    data_version: str
    library: "ReadLibrary"
    """Reads the prototypes; None where there are none."""

    @property
    def trained(self) -> frozenset[str] | None:
        return frozenset(self.process.electrolyte_ids)

    def predict(self, materials: Sequence[Accepted]) -> list[Prediction | Refusal]:
        features, origins, guesses, failures = self._features(materials)
        answers = self.process.predict(features)
        failed = {failure.electrolyte_id: failure.reason for failure in failures}
        carried = self.process.carrying(features, _N_CARRYING)
        half_50, half_90 = ((answers[high] - answers["predicted"]).to_numpy() for high in ("high_50", "high"))
        shares = class_probabilities(answers["predicted"].to_numpy(), half_50, half_90)
        return [
            Prediction(
                answer["predicted"],
                _interval(answer["low_50"], answer["high_50"]),
                _interval(answer["low"], answer["high"]),
                share,
                tuple(_doubts(answer, guesses.get(row) if self._reads_cells else None)),
                (failed[row],) if row in failed else (),
                self._rests_on(origin, carrying),
                tuple(carrying),
            )
            for row, answer, share, origin, carrying in zip(
                features.index,
                answers.to_dict("records"),
                shares,
                origins,
                carried,
                strict=True,
            )
        ]

    def covariance(self, materials: Sequence[Accepted]) -> tuple[np.ndarray, float]:
        return self.process.covariance(self._features(materials)[0])

    def _features(
        self, materials: Sequence[Accepted]
    ) -> tuple[pd.DataFrame, list[str], dict[str, str], list[Failure]]:
        """Return descriptors, origins of the cells, what is guessed of them, and what was not computed."""
        rows = _rows(materials).assign(space_group=None, space_group_number=math.nan)
        by_id = dict(zip(rows["electrolyte_id"], materials, strict=True))
        crystals = {row: one.crystal.structure for row, one in by_id.items() if one.crystal is not None}
        described, failures = cell(rows, crystals, self.imputer)
        described = described.set_index("electrolyte_id")
        imputed = described.index[described["cell_origin"] == CellOrigin.COMPOSITION]
        keys = pd.Series({row: composition_key(by_id[row].composition) for row in imputed}, dtype="str")
        guesses = dict.fromkeys(imputed, f"its cell is imputed from the composition: {_REMEDY}")
        trained = keys[keys.isin(self.placed.index)]
        cells = self.placed.loc[trained].set_axis(trained.index)
        guesses |= dict.fromkeys(trained.index, f"{_PLACED}: {_REMEDY}")
        new = imputed.difference(trained.index)
        if self._reads_cells and len(new) and (library := self.library()) is not None:
            found, sentences = prototype_cells(pd.Series({row: by_id[row].formula for row in new}), library)
            for row, sentence in sentences.items():
                told = f"{_PLACED}, as in {sentence}" if row in found.index else f"{_NOT_PLACED} ({sentence})"
                guesses[str(row)] = f"{told}: {_REMEDY}"
            cells = pd.concat([cells, found])
        described.loc[cells.index, CELL_COLUMNS] = cells[CELL_COLUMNS]
        described.loc[cells.index, "cell_origin"] = CellOrigin.PROTOTYPE.value
        origins = described["cell_origin"].tolist()
        features = composition_chemistry_cell(rows, chemistry(rows), described.reset_index())
        return features, origins, guesses, failures

    @cached_property
    def _words(self) -> dict[str, str]:
        """What was measured of each row that trains."""
        return {
            str(row.Index): f"{row.formula} {'< ' if row.censored else ''}{row.sigma_s_cm:.1e} S/cm"
            for row in self.measured[["formula", "censored", "sigma_s_cm"]].itertuples()
        }

    @property
    def _reads_cells(self) -> bool:
        return bool(self.process.inputs.cell)

    def _rests_on(self, origin: str, carrying: Sequence[tuple[str, float]]) -> str:
        """Say what the answer was computed from, and the measurements that count most in it."""
        told = f"the composition{_CELL_TOLD.get(origin, '') if self._reads_cells else ''}"
        by = [f"{self._words[electrolyte_id]} ({weight:+.2f})" for electrolyte_id, weight in carrying]
        return f"{told}; the measurements that count most, with their weights: {', '.join(by)}"


def _doubts(answer: dict, guessed: str | None) -> list[Flag]:
    flags = []
    if answer["unseen_elements"]:
        sentence = f"no training row holds {answer['unseen_elements']}: this is outside what was learned"
        flags.append(Flag(FlagCode.UNSEEN_ELEMENT, sentence))
    elif answer["outside_domain"]:
        sentence = "every measured material is far from it: answers for such materials err more than others"
        flags.append(Flag(FlagCode.FAR, sentence))
    if guessed is not None:
        flags.append(Flag(FlagCode.COMPOSITION_ONLY, guessed))
    return flags


@dataclass(frozen=True)
class _LanguageModel:
    folder: UPath

    data_version = ""
    trained = None

    def covariance(self, materials: Sequence[Accepted]) -> None:
        return None

    def predict(self, materials: Sequence[Accepted]) -> list[Prediction | Refusal]:
        from sse_assets.language_models.errors import LanguageModelError, require_packages

        require_packages()
        with tempfile.TemporaryDirectory() as scratch:
            local = _local_copy(self.folder, Path(scratch))
            answers: list[Prediction | Refusal] = []
            for one in materials:
                try:
                    answers.append(_read_by(local, one))
                except LanguageModelError as error:
                    answers.append(Refusal(one.material, Reason.NOT_KNOWN, str(error)))
            return answers


def _read_by(folder: Path, material: Accepted) -> Prediction:
    from sse_assets.language_models.prediction import predict_new  # it imports torch, which takes seconds

    row = predict_new(folder, formula=material.material.formula, cif=material.cif).iloc[0]
    predicted, low, high = (float(row[name]) for name in ("predicted", "low", "high"))
    half = np.array([(high - low) / 2])
    return Prediction(
        predicted,
        None,
        _interval(low, high),
        class_probabilities(np.array([predicted]), None, half)[0],
        rests_on=f"the text: {row['prompt']}",
    )


def _rows(materials: Sequence[Accepted]) -> pd.DataFrame:
    """Return materials as electrolytes whose table knows no cell; their ids are their places."""
    return pd.DataFrame(
        [
            {"electrolyte_id": str(place), "formula": one.formula}
            | dict.fromkeys(_CELL, math.nan)
            | {"z": math.nan if one.crystal is None else formula_units(one.crystal, one.composition)}
            for place, one in enumerate(materials)
        ]
    )


def _features(
    materials: Sequence[Accepted], feature_set: FeatureSet, probe: dict[str, Any], kept: "KeptVoids | None"
) -> pd.DataFrame:
    """Compute the descriptors as in training; NaN for what is not known."""
    rows = _rows(materials)
    fractions = stoichiometric(rows)
    if feature_set is FeatureSet.STOICHIOMETRIC:
        return fractions.set_index("electrolyte_id")
    # Only these features need Zeo++.
    from sse_assets.descriptors.geometric import geometric
    from sse_assets.descriptors.pore_settings import PoreSettings

    structures = pd.DataFrame(
        [
            {"electrolyte_id": str(place), "structure_id": one.material.asked, "cif": one.cif}
            for place, one in enumerate(materials)
        ]
    )
    workers = os.cpu_count() or 1
    geometry, _ = geometric(rows, structures, PoreSettings(**probe), workers=workers, kept=kept)
    return feature_matrix(feature_set, fractions, geometry)


def _interval(low: float, high: float) -> Interval | None:
    return (float(low), float(high)) if math.isfinite(low) and math.isfinite(high) else None


def _unseen(material: Accepted, feature_names: Sequence[str], feature_set: FeatureSet) -> list[Flag]:
    if feature_set is FeatureSet.GEOMETRIC:
        return []
    unseen = sorted({element.symbol for element in material.composition.elements} - set(feature_names))
    if not unseen:
        return []
    sentence = f"no training row holds {', '.join(unseen)}: the model does not see it"
    return [Flag(FlagCode.UNSEEN_ELEMENT, sentence)]


def _unknown_geometry(features: pd.Series, feature_set: FeatureSet) -> list[str]:
    if feature_set is FeatureSet.STOICHIOMETRIC:
        return []
    unknown = [name for name in GEOMETRIC_COLUMNS if math.isnan(features[name])]
    return [f"not known: {', '.join(unknown)}"] if unknown else []


def _unusual_cell(material: Accepted, feature_set: FeatureSet) -> list[str]:
    """Remark on a primitive cell or a supercell, where the model reads the lengths of the cell."""
    if feature_set is FeatureSet.STOICHIOMETRIC or material.crystal is None:
        return []
    conventional = sites_in_conventional_cell(material.crystal.structure)
    if conventional in (None, len(material.crystal.structure)):
        return []
    return [
        f"the cell has {len(material.crystal.structure)} sites and the conventional one {conventional}: the "
        "model reads a, b and c and has learned from conventional cells, so give that one"
    ]


def _local_copy(folder: UPath, scratch: Path) -> Path:
    """Return the folder itself if it is local, else a copy, as a language model is read from a disk."""
    if folder.protocol in ("", "file"):
        return Path(folder.path)
    for file in folder.iterdir():
        (scratch / file.name).write_bytes(file.read_bytes())
    return scratch
