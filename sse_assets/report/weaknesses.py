"""Families that a model predicts badly, in print: the report leads with them."""

from collections.abc import Sequence
from dataclasses import dataclass

import pandas as pd

from sse_assets.evaluation.badly_predicted import badly_predicted
from sse_assets.evaluation.selection import rows_with
from sse_assets.report.cells import Cell, Table, count, listed, number
from sse_assets.report.findings import most_honest
from sse_assets.report.inputs import ReportInputs
from sse_assets.report.titles import model_title
from sse_assets.tables.names import FeatureSet, ModelName

_NAMED = 3
"""Families that the summary names for each model; the table has the others."""
_KINDS = {"family": "family", "chemical_group": "chemical group"}


@dataclass(frozen=True)
class Weakness:
    """A model of the summary, and the families that it predicts worst."""

    model: str
    mae: float
    families: str
    """Families with their errors, in words."""


def weaknesses(inputs: ReportInputs) -> list[Weakness]:
    """Return the weaknesses of the models that answer for new materials, and of the trees on all features."""
    found = _of_asked_models(inputs)
    told = []
    for model, variant in _asked_models(inputs.choice.answering):
        rows = rows_with(found, model=model, variant=variant, kind="family").head(_NAMED)
        if len(rows):
            named = "; ".join(_in_words(row) for row in rows.to_dict("records"))
            told.append(Weakness(model_title(model, variant), float(rows["mae_of_all"].iloc[0]), named))
    return told


def weaknesses_table(inputs: ReportInputs) -> Table:
    """Print every family and chemical group that one of these models predicts badly."""
    return listed(
        "Materials that are badly predicted, censored rows at the limit",
        _of_asked_models(inputs),
        (
            ("Model", lambda row: Cell(model_title(row["model"], row["variant"]))),
            ("Materials", lambda row: Cell(row["part"], note=_KINDS[row["kind"]])),
            ("Test rows", lambda row: count(row["n"])),
            ("MAE", lambda row: number(row["mae"], 2)),
            ("Predicted − measured, mean", lambda row: number(row["bias"], 2)),
            ("MAE on all rows", lambda row: number(row["mae_of_all"], 2)),
        ),
    )


def _in_words(row: dict) -> str:
    side = "too low" if row["bias"] < 0 else "too high"
    mean = f"on average {abs(row['bias']):.1f} {side}"
    return f"{row['part']} by {row['mae']:.2f} ({row['n']} measurements, {mean})"


def _of_asked_models(inputs: ReportInputs) -> pd.DataFrame:
    trained = rows_with(inputs.predictions, model=ModelName.BOOSTED_TREES)["protocol"]
    if trained.empty:
        return badly_predicted(inputs.predictions.head(0), inputs.electrolytes, "")
    found = badly_predicted(inputs.predictions, inputs.electrolytes, most_honest(trained))
    asked: Sequence[tuple[str, str]] = _asked_models(inputs.choice.answering)
    return found[pd.MultiIndex.from_frame(found[["model", "variant"]]).isin(asked)]


def _asked_models(answering: pd.DataFrame) -> list[tuple[str, str]]:
    """Return the model and variant of each model of the summary, those that answer first."""
    answers = answering[answering["answers"].astype(bool)]
    named = zip(answers["model"], answers["variant"], strict=True)
    return list(dict.fromkeys([*named, (ModelName.BOOSTED_TREES.value, FeatureSet.ALL.value)]))
