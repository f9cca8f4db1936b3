"""The tables of one run from which the report is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from sse_assets.sources.registry import Source


@dataclass(frozen=True)
class Generated:
    """Tables of structure generation."""

    structures: pd.DataFrame
    search_history: pd.DataFrame
    dynamics: pd.DataFrame
    validation: pd.DataFrame
    prototypes: pd.DataFrame
    prototypes_left_out: pd.DataFrame
    contribution: pd.DataFrame
    prototype_contribution: pd.DataFrame
    beside_known: pd.DataFrame
    """Searches for structures that are known; shipped with the project, not made in this run."""


@dataclass(frozen=True)
class Judging:
    """How everything that predicts stands, and how far the labels can be trusted."""

    leaderboard: pd.DataFrame
    floor: pd.DataFrame
    doubtful_labels: pd.DataFrame


@dataclass(frozen=True)
class Choice:
    """How the model was chosen on papers, and who answers."""

    candidates: pd.DataFrame
    choice: pd.DataFrame
    answering: pd.DataFrame


@dataclass(frozen=True)
class Evidence:
    """How far the models' intervals hold, and what their answers rest on."""

    coverage: pd.DataFrame
    learning_curve: pd.DataFrame
    process_factors: pd.DataFrame
    shap_ranking: pd.DataFrame


@dataclass(frozen=True)
class ReportInputs:
    """The run that is reported; each frame is a table of `sse_assets.tables`.

    Any frame may be empty, but has its columns.
    """

    data_set: str
    created: datetime
    electrolytes: pd.DataFrame
    """Those whose unit cell is known."""
    n_formula_only: int
    """Electrolytes of which the formula alone is known."""
    rejected: pd.DataFrame
    assignments: pd.DataFrame
    leakage: pd.DataFrame
    predictions: pd.DataFrame
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    judging: Judging
    choice: Choice
    evidence: Evidence
    champions: pd.DataFrame
    """Every decision on which model answers."""
    shap_values: pd.DataFrame
    """SHAP values of the trees on all features."""
    language_model_fits: pd.DataFrame
    """One row for each language model trained."""
    small_language_model_curve: pd.DataFrame
    """Error of the small one against the number of papers that train it, for each prompt case."""
    generated: Generated
    settings: Mapping[str, float]
    """Hyperparameters of the trees on all features."""
    sources: tuple[Source, ...]
