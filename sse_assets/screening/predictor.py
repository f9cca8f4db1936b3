"""The predictor: it answers for one material or for thousands, with the evidence for each answer."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Self

import numpy as np
import pandas as pd
from upath import UPath

from sse_assets.evaluation.badly_predicted import is_badly_predicted
from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.materials.formula import composition_key
from sse_assets.materials.plain_text import fault
from sse_assets.screening.answer import (
    Answer,
    AnsweringModel,
    Answers,
    ErrorOf,
    Flag,
    FlagCode,
    Measured,
    Prediction,
)
from sse_assets.screening.home import Home
from sse_assets.screening.material import Accepted, Given, Material, Refusal, accept, materials_of
from sse_assets.screening.measured import MeasuredMaterials
from sse_assets.screening.model_choice import choose_model, stored_models
from sse_assets.screening.prediction import StoredModel, open_model
from sse_assets.tables.curated import ELECTROLYTES
from sse_assets.tables.names import FeatureSet, ModelName, Protocol, Reason, Role

if TYPE_CHECKING:
    from sse_assets.prototypes.stored_library import Library

_AT_A_TIME = 250
"""Materials that are held in memory together; a crystal takes about 0.1 MB."""
_TREES = ModelName.BOOSTED_TREES


@dataclass(frozen=True)
class _Opened:
    """A model, its description and the measurements beside it."""

    model: StoredModel
    description: AnsweringModel
    measured: MeasuredMaterials


class Predictor:
    """Answers of the stored models, which works without Dagster.

    >>> from sse_assets.screening import Predictor
    >>> predictor = Predictor.load(".sse")
    >>> predictor.predict([]).to_frame().empty  # predict(["Li6PS5Cl", "x.cif"]) asks for two materials
    True
    """

    def __init__(
        self,
        home: Home,
        *,
        model: str | None = None,
        variant: str | None = None,
        prototypes: bool = True,
    ) -> None:
        """Take the tables and models below a blob root.

        Args:
            home: where they are.
            model: name of the model, as in `metrics.scores`; None for the one that is to answer.
            variant: feature set or prompt case; None for the richest that the input allows.
            prototypes: whether a new formula gets the cell of its prototype; without them each one costs
                2 ms less, and its cell is imputed.
        """
        self._home, self._model, self._variant, self._prototypes = home, model, variant, prototypes
        self._stored: pd.DataFrame | None = None
        self._answering: pd.DataFrame | None = None
        self._opened: dict[str, _Opened] = {}
        self._read_library: Library | None = None

    @classmethod
    def load(
        cls,
        home: str | Path,
        *,
        model: str | None = None,
        variant: str | None = None,
        prototypes: bool = True,
    ) -> Self:
        """Return the predictor of a folder SSE_HOME, such as `.sse`; arguments as those of the class."""
        blobs = UPath(Path(home).expanduser().absolute()) / "blobs"
        return cls(Home(blobs), model=model, variant=variant, prototypes=prototypes)

    def predict(self, given: Given | Iterable[Given], *, anyway: bool = False) -> Answers:
        """Answer for materials: formulas, paths of CIFs, folders of CIFs, pymatgen structures.

        A material that cannot be read, or that is none of what models learn from, is answered by the reason;
        the others are answered all the same.

        Args:
            given: one or many of them.
            anyway: answer for compounds without Li, without charge balance, and of two minds too.

        Raises:
            PredictionError: if no model is stored.
        """
        return Answers(self.answers(materials_of(given), anyway=anyway))

    def answers(self, materials: Iterable[Material], *, anyway: bool = False) -> Iterator[Answer]:
        """Answer for a stream of materials, in their order, without holding it in memory.

        Raises:
            PredictionError: if no model is stored.
        """
        stream = iter(materials)
        while part := list(islice(stream, _AT_A_TIME)):
            yield from self._answers([accept(material, anyway=anyway) for material in part])

    def describe(self, *, has_crystal: bool) -> AnsweringModel:
        """Describe the model that answers for a formula, or for a crystal.

        Raises:
            PredictionError: if none is stored.
        """
        return self._open(has_crystal).description

    def covariance(self, materials: Iterable[Material]) -> tuple[np.ndarray, float] | None:
        """Return how far the answers for materials that are not refused err together.

        Returns:
            As `StoredModel.covariance`; None if formulas and crystals are answered by different models.
        """
        accepted = [one for one in map(accept, materials) if isinstance(one, Accepted)]
        models = {id(opened := self._open(one.crystal is not None)): opened for one in accepted}
        if len(models) != 1:
            return None
        (opened,) = models.values()
        return opened.model.covariance(accepted)

    @property
    def answering(self) -> str:
        """The stored models that answer, and their version: another text means other answers."""
        chosen = [self._chosen(has_crystal) for has_crystal in (False, True)]
        versions = [f"{one['model_path']} {self._home.version('models', one['model'])}" for one in chosen]
        library = self._home.version("generated", "prototype_library") if self._prototypes else ""
        return "; ".join(dict.fromkeys([*versions, *([f"prototypes {library}"] if library else [])]))

    def _answers(self, judged: Sequence[Accepted | Refusal]) -> list[Answer]:
        answers: dict[int, Answer] = {}
        for has_crystal in (False, True):
            places = [
                place
                for place, one in enumerate(judged)
                if isinstance(one, Accepted) and (one.crystal is not None) is has_crystal
            ]
            if places:
                opened = self._open(has_crystal)
                accepted = [one for place in places if isinstance(one := judged[place], Accepted)]
                answers |= dict(zip(places, _answered(opened, accepted), strict=True))
        return [
            answers[place] if isinstance(one, Accepted) else _refused(one) for place, one in enumerate(judged)
        ]

    def _chosen(self, has_crystal: bool) -> Mapping[str, str]:
        """Return the stored model that answers; see `choose_model`."""
        if self._stored is None:
            self._stored, self._answering = (
                stored_models(self._home.table),
                self._home.table("models", "answering"),
            )
        return choose_model(
            self._stored, self._model, self._variant, has_crystal=has_crystal, answering=self._answering
        )

    def _open(self, has_crystal: bool) -> _Opened:
        chosen = self._chosen(has_crystal)
        path = chosen["model_path"]
        if path not in self._opened:
            has_pores = chosen["model"] == _TREES and chosen["variant"] != FeatureSet.STOICHIOMETRIC
            geometric, voids = (
                self._home.table("descriptors", name) if has_pores else None
                for name in ("geometric", "voids")
            )
            model = open_model(self._home.blob_root / path, geometric, voids, self._library)
            trained = model.trained
            description = AnsweringModel(
                chosen["model"],
                chosen["variant"],
                chosen["protocol"],
                chosen["standing"],
                model.data_version,
                self._home.written("models", chosen["model"]),
                None if trained is None else len(trained),
                *self._errors(chosen["model"], chosen["variant"]),
            )
            rows = self._home.table("curated", "electrolytes")
            measured = MeasuredMaterials.of(ELECTROLYTES.frame() if rows is None else rows, trained)
            self._opened[path] = _Opened(model, description, measured)
        return self._opened[path]

    def _library(self) -> "Library | None":
        """Return the prototypes that the home keeps, read when the first new formula asks for them."""
        if self._prototypes and self._read_library is None:
            table = self._home.table("generated", "prototype_library")
            if table is not None and len(table):
                from sse_assets.prototypes.stored_library import Library  # it takes half a second to import

                self._read_library = Library.read(table)
        return self._read_library

    def _errors(self, model: str, variant: str) -> tuple[dict[str, ErrorOf], dict[str, ErrorOf]]:
        """Return the test error of a model by protocol, and on `grouped` by family."""
        of_model = {"model": model, "variant": variant, "label_convention": LabelConvention.BOUND}
        scores = self._home.table("metrics", "scores")
        errors = {}
        if scores is not None:
            rows = rows_with(scores, **of_model, role=Role.TEST)
            for row in rows[rows["metric"] == "mae"].to_dict("records"):
                errors[row["protocol"]] = ErrorOf(row["value"], row["low"], row["high"], row["n"])
        return errors, self._family_errors(of_model)

    def _family_errors(self, of_model: dict[str, str]) -> dict[str, ErrorOf]:
        predictions = self._home.table("metrics", "predictions")
        electrolytes = self._home.table("curated", "electrolytes")
        if predictions is None or electrolytes is None:
            return {}
        rows = rows_with(predictions, **of_model, role=Role.TEST, protocol=Protocol.GROUPED)
        errors = (rows["predicted"] - rows["log10_sigma"]).abs()
        families = rows["electrolyte_id"].map(electrolytes.set_index("electrolyte_id")["family"])
        found = {}
        for family, of_family in errors.groupby(families):
            spread = 1.96 * of_family.std() / len(of_family) ** 0.5
            mean = float(of_family.mean())
            found[str(family)] = ErrorOf(mean, mean - spread, mean + spread, len(of_family))
        return found


def _answered(opened: _Opened, accepted: Sequence[Accepted]) -> list[Answer]:
    nearest = opened.measured.nearest([one.composition for one in accepted])
    return [
        _answer(opened, one, said, near)
        for one, said, near in zip(accepted, _predicted(opened.model, accepted), nearest, strict=True)
    ]


def _predicted(model: StoredModel, accepted: Sequence[Accepted]) -> list[Prediction | Refusal]:
    """Predict for all at once; if that fails, for one after the other, so that one costs itself alone."""
    try:
        return model.predict(accepted)
    except Exception as error:  # noqa: BLE001 - one material never stops the others; the reason is kept
        if len(accepted) > 1:
            return [said for one in accepted for said in _predicted(model, [one])]
        return [Refusal(accepted[0].material, Reason.FAILED, f"no answer could be computed ({fault(error)})")]


def _answer(
    opened: _Opened, accepted: Accepted, said: Prediction | Refusal, nearest: tuple[Measured, ...]
) -> Answer:
    asked, key = accepted.material.asked, composition_key(accepted.composition)
    if isinstance(said, Refusal):
        return Answer(
            asked,
            accepted.formula,
            key,
            nearest=nearest,
            remarks=accepted.remarks,
            reason_code=said.code,
            refused=said.reason,
        )
    if accepted.composition["Li"] == 0:
        sentence = "it holds no Li, and every training row does: this is far outside what was learned"
        said = replace(said, flags=(Flag(FlagCode.NO_LITHIUM, sentence), *said.flags))
    bad = _bad_family(opened, nearest)
    return Answer(
        asked,
        accepted.formula,
        key,
        said,
        opened.description,
        nearest,
        (*accepted.remarks, *said.remarks, *([bad] if bad else [])),
    )


def _bad_family(opened: _Opened, nearest: Sequence[Measured]) -> str | None:
    """Say how badly the family of a material is predicted, where it is badly predicted."""
    family = opened.measured.family_of(nearest)
    whole = opened.description.errors.get(Protocol.GROUPED)
    error = opened.description.family_errors.get(family) if family else None
    if whole is None or error is None or not is_badly_predicted(error.mae, error.n, whole.mae):
        return None
    return (
        f"it is taken for one of the family {family}, as the nearest measured material is, and such "
        f"compounds are badly predicted: the error on them was {error.mae:.2f} in log10 σ where it is "
        f"{whole.mae:.2f} over all ({error.n} measurements)"
    )


def _refused(refusal: Refusal) -> Answer:
    return Answer(
        refusal.material.asked,
        refusal.material.formula,
        remarks=refusal.remarks,
        reason_code=refusal.code,
        refused=refusal.reason,
    )
