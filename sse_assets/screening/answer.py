"""Answers: what is predicted for a material, how far to trust it, and the evidence."""

import json
import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from enum import StrEnum
from html import escape
from typing import overload

import pandas as pd

from sse_assets.materials.conductivity import ConductivityClass, conductivity_class
from sse_assets.tables.names import Protocol, Reason
from sse_assets.tables.screening import ANSWERS

Interval = tuple[float, float]
"""Lower and upper end, log10(σ / (S/cm))."""


class FlagCode(StrEnum):
    """Kinds of doubt whether a model has any business answering."""

    NO_LITHIUM = "no_lithium"
    UNSEEN_ELEMENT = "unseen_element"
    FAR = "far"
    """Every measured material is far from it."""
    COMPOSITION_ONLY = "composition_only"
    """Nothing is known of its crystal; a doubt, and no reason to distrust the interval."""


@dataclass(frozen=True)
class Flag:
    """One doubt."""

    code: FlagCode
    sentence: str


@dataclass(frozen=True)
class Measured:
    """A measurement of a material like the one that is asked about."""

    electrolyte_id: str
    formula: str
    sigma_s_cm: float
    censored: bool
    """Whether σ is only a bound: the conductivity is below it."""
    doi: str | None
    space_group: str | None
    structure: str | None
    """CIF file below the blob root."""
    distance: float
    """Sum of the differences in atomic fractions, 0 to 2."""
    same_composition: bool
    trained: bool
    """Whether the model has learned from it."""

    @property
    def sigma(self) -> str:
        """σ with its unit, as text."""
        return f"{'< ' if self.censored else ''}{self.sigma_s_cm:.1e} S/cm"

    @property
    def sentence(self) -> str:
        """The measurement in one line."""
        known = f" ({self.space_group})" if self.space_group else ""
        return f"{self.formula}{known}: {self.sigma}, {self.doi or f'{self.electrolyte_id}, no DOI'}"


@dataclass(frozen=True)
class ErrorOf:
    """A mean absolute error in log units, with its 95 % interval."""

    mae: float
    low: float
    high: float
    n: int


@dataclass(frozen=True)
class AnsweringModel:
    """The model that answers: its origin and its honest errors."""

    model: str
    variant: str
    protocol: str
    """Rows that it was trained on: `all_rows`, or the training rows of a protocol."""
    standing: str
    """Since when it is the champion; empty for a model that is none."""
    data_version: str
    trained_at: str
    """Day, in ISO 8601; empty where it is not known."""
    n_train: int | None
    errors: Mapping[str, ErrorOf] = field(default_factory=dict)
    """Test error by protocol."""
    family_errors: Mapping[str, ErrorOf] = field(default_factory=dict)
    """Test error on `grouped` by family."""

    @property
    def sentence(self) -> str:
        """The model in one line."""
        name = self.model if self.variant == "none" else f"{self.model} / {self.variant}"
        rows = f" on {self.n_train} measurements" if self.n_train else ""
        day = f", {self.trained_at}" if self.trained_at else ""
        standing = f", {self.standing}" if self.standing else ""
        return (
            f"{name}, trained{rows} ({self.protocol}; data {self.data_version or 'unknown'}{day}{standing})"
        )

    @property
    def error_sentence(self) -> str | None:
        """The error for new compounds in one line; None where it was never tested."""
        honest = self.errors.get(Protocol.GROUPED) or self.errors.get(Protocol.OFFICIAL)
        if honest is None:
            return None
        return (
            f"on compounds and papers that it had not seen it erred by {honest.mae:.2f} in log10 σ on "
            f"average, a factor of {10**honest.mae:.0f} ({honest.n} measurements)"
        )


@dataclass(frozen=True)
class Prediction:
    """A predicted conductivity at room temperature; all numbers are log10(σ / (S/cm)) unless they say."""

    log10_sigma: float
    interval_50: Interval | None
    interval_90: Interval | None
    probabilities: Mapping[ConductivityClass, float]
    """Probability of each class of Figure 4(b); empty where the model gives no interval."""
    flags: tuple[Flag, ...] = ()
    remarks: tuple[str, ...] = ()
    """What the model was not told."""
    rests_on: str = ""
    """What the answer rests on, in words."""
    carried_by: tuple[tuple[str, float], ...] = ()
    """Measurements that count most in it: electrolyte_id and weight. Only a process knows them."""

    @property
    def sigma_s_cm(self) -> float:
        """Conductivity in S/cm."""
        return 10.0**self.log10_sigma

    @property
    def sigma_ms_cm(self) -> float:
        """Conductivity in mS/cm."""
        return 1e3 * self.sigma_s_cm

    @property
    def conductivity_class(self) -> ConductivityClass:
        """Class of the predicted value."""
        return conductivity_class(self.sigma_s_cm)

    @property
    def outside_domain(self) -> bool:
        """Whether the material is unlike everything that the model has learned from."""
        return any(flag.code is not FlagCode.COMPOSITION_ONLY for flag in self.flags)


@dataclass(frozen=True)
class Answer:
    """What came of one question: a prediction with its evidence, or the reason why there is none."""

    asked: str
    """The material as it was named."""
    formula: str | None = None
    composition_key: str | None = None
    prediction: Prediction | None = None
    model: AnsweringModel | None = None
    nearest: tuple[Measured, ...] = ()
    """The measured materials that are most like it, the same composition first."""
    remarks: tuple[str, ...] = ()
    """What does not fit in the input, what the model was not told, and what its family is like."""
    reason_code: Reason | None = None
    refused: str | None = None
    """Reason, in a sentence."""

    @property
    def measured(self) -> tuple[Measured, ...]:
        """Measurements of the very composition that was asked about."""
        return tuple(one for one in self.nearest if one.same_composition)

    def record(self) -> dict[str, object]:
        """Return the answer as one row of `tables.screening.ANSWERS`, texts joined by semicolons."""
        row: dict[str, object] = {
            "material": self.asked,
            "formula": self.formula,
            "composition_key": self.composition_key,
            "outside_domain": False,
            "measured": bool(self.measured),
            "remarks": "; ".join(self.remarks) or None,
            "refused": self.refused,
            "reason_code": self.reason_code,
        }
        if self.nearest:
            first = self.nearest[0]
            row |= {
                "nearest_formula": first.formula,
                "nearest_sigma_s_cm": first.sigma_s_cm,
                "nearest_doi": first.doi,
                "nearest_distance": first.distance,
                "nearest_measured": "; ".join(one.sentence for one in self.nearest),
            }
        if self.model is not None:
            row |= {
                "model": self.model.model,
                "variant": self.model.variant,
                "model_data_version": self.model.data_version,
            }
        if (said := self.prediction) is not None:
            row |= {
                "log10_sigma": said.log10_sigma,
                "sigma_s_cm": said.sigma_s_cm,
                "sigma_ms_cm": said.sigma_ms_cm,
                "conductivity_class": said.conductivity_class.value,
                "outside_domain": said.outside_domain,
                "flags": ";".join(flag.code for flag in said.flags) or None,
                "rests_on": said.rests_on,
            }
            for name, interval in (("50", said.interval_50), ("90", said.interval_90)):
                if interval is not None:
                    row |= {f"low_{name}": interval[0], f"high_{name}": interval[1]}
            row |= {f"p_{name.value}": share for name, share in said.probabilities.items()}
        return row

    def to_dict(self) -> dict[str, object]:
        """Return the whole answer as plain values for JSON; what is not known is null."""
        said = self.prediction
        found = asdict(self) | {"refused": self.refused, "answered": said is not None}
        if said is not None:
            found["prediction"] |= {
                "sigma_s_cm": said.sigma_s_cm,
                "sigma_ms_cm": said.sigma_ms_cm,
                "conductivity_class": said.conductivity_class.value,
                "outside_domain": said.outside_domain,
            }
        if self.model is not None:
            found["model"] |= {
                "sentence": self.model.sentence,
                "error_sentence": self.model.error_sentence,
            }
        return json.loads(json.dumps(_plain(found), allow_nan=False))

    def lines(self) -> Iterator[str]:
        """Tell the answer in lines of plain text."""
        if self.prediction is None:
            yield f"{self.asked}: not answered: {self.refused}"
            yield from (f"note: {remark}" for remark in self.remarks)
            return
        said = self.prediction
        yield (
            f"{self.asked}: log10(σ / (S/cm)) = {said.log10_sigma:.2f}, σ = {said.sigma_s_cm:.1e} S/cm "
            f"= {said.sigma_ms_cm:.2g} mS/cm"
        )
        for measured in self.measured:
            known = ", and was in training" if measured.trained else ""
            yield f"measured{known}: {measured.sentence}"
        for share, interval in (("90", said.interval_90), ("50", said.interval_50)):
            if interval is not None:
                yield f"{share} % interval: {interval[0]:.2f} to {interval[1]:.2f}"
        if said.probabilities:
            shares = [f"{name.value} {share:.0%}" for name, share in said.probabilities.items()]
            yield f"class: {', '.join(shares)}"
        for flag in said.flags:
            yield f"{'beware' if flag.code is not FlagCode.COMPOSITION_ONLY else 'note'}: {flag.sentence}"
        if said.rests_on:
            yield f"rests on: {said.rests_on}"
        for other in self.nearest[len(self.measured) :]:
            yield f"nearest: {other.sentence}; distance {other.distance:.2f}"
        if self.model is not None:
            yield f"by {self.model.sentence}"
            if (error := self.model.error_sentence) is not None:
                yield f"error: {error}"
        for remark in self.remarks:
            yield f"note: {remark}"


class Answers(Sequence[Answer]):
    """Answers in the order of the questions; a notebook shows them as a table."""

    def __init__(self, answers: Iterable[Answer]) -> None:
        self._answers = tuple(answers)

    @overload
    def __getitem__(self, index: int) -> Answer: ...
    @overload
    def __getitem__(self, index: slice) -> "Answers": ...
    def __getitem__(self, index: int | slice) -> "Answer | Answers":
        found = self._answers[index]
        return found if isinstance(found, Answer) else Answers(found)

    def __len__(self) -> int:
        return len(self._answers)

    @property
    def n_refused(self) -> int:
        """Number of materials without a prediction."""
        return sum(answer.prediction is None for answer in self._answers)

    def to_frame(self) -> pd.DataFrame:
        """Return one row for each material, as `tables.screening.ANSWERS`."""
        return ANSWERS.frame([answer.record() for answer in self._answers])

    def _repr_html_(self) -> str:
        head = ("material", "log10 σ", "σ / (mS/cm)", "90 % interval", "class", "nearest measured", "remarks")
        rows = "".join(f"<tr>{_cells(answer)}</tr>" for answer in self._answers)
        return f"<table><tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>{rows}</table>"


def _cells(answer: Answer) -> str:
    said = answer.prediction
    if said is None:
        cells = [answer.asked, "", "", "", "", "", f"not answered: {answer.refused}"]
    else:
        nearest = answer.nearest[0].sentence if answer.nearest else ""
        notes = [*(flag.sentence for flag in said.flags), *answer.remarks]
        cells = [
            answer.asked,
            f"{said.log10_sigma:.2f}",
            f"{said.sigma_ms_cm:.2g}",
            "" if said.interval_90 is None else "{:.2f} to {:.2f}".format(*said.interval_90),
            said.conductivity_class.value,
            nearest,
            "; ".join(notes),
        ]
    return "".join(f"<td>{escape(cell)}</td>" for cell in cells)


def _plain(value: object) -> object:
    if isinstance(value, Mapping):
        return {str(name): _plain(one) for name, one in value.items()}
    if isinstance(value, list | tuple):
        return [_plain(one) for one in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value
