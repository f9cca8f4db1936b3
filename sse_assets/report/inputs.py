"""The tables of one run from which the report is made."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

import pandas as pd

from sse_assets.sources.registry import Source


@dataclass(frozen=True)
class Generated:
    """Tables of structure generation, as in `generation_tables` and `generated_contribution`."""

    structures: pd.DataFrame
    search_history: pd.DataFrame
    dynamics: pd.DataFrame
    validation: pd.DataFrame
    contribution: pd.DataFrame
    beside_known: pd.DataFrame
    """Searches for structures that are known; shipped with the project, not made in this run."""


@dataclass(frozen=True)
class Judging:
    """How everything that predicts stands, and how far the labels can be trusted."""

    leaderboard: pd.DataFrame
    floor: pd.DataFrame
    doubtful_labels: pd.DataFrame


@dataclass(frozen=True)
class ReportInputs:
    """The run that is reported; the frames as `vocabulary` and the functions that made them describe.

    Any frame may be empty, but has its columns.
    """

    data_set: str
    created: datetime
    electrolytes: pd.DataFrame
    rejected: pd.DataFrame
    """Columns source, source_id, formula, reason."""
    assignments: pd.DataFrame
    leakage: pd.DataFrame
    """Columns protocol, fold, n_train, n_test, n_test_sharing_doi, n_test_sharing_composition."""
    predictions: pd.DataFrame
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    judging: Judging
    champions: pd.DataFrame
    """Every decision on which model answers, as in `champions`."""
    shap_values: pd.DataFrame
    """SHAP values of the trees on all features: electrolyte_id, feature, feature_value, shap_value."""
    language_model_fits: pd.DataFrame
    """One row for each language model trained, as in `language_model_tables`."""
    generated: Generated
    settings: Mapping[str, float]
    """Hyperparameters of the trees on all features."""
    sources: tuple[Source, ...]
