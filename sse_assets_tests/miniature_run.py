"""A run in miniature: sixteen electrolytes, three feature sets, four protocols."""

from dataclasses import dataclass
from functools import cache

import numpy as np
import pandas as pd

from sse_assets.evaluation.baselines import baseline_predictions
from sse_assets.evaluation.coverage import coverage
from sse_assets.evaluation.intervals import comparisons
from sse_assets.evaluation.metrics import scores
from sse_assets.materials.formula import composition_key, element_fractions, parse_composition

# Formula, log10 σ at or below which it was measured, censored, family, chemical group, paper.
_ROWS = [
    ("Li7La3Zr2O12", -3.3, False, "Garnet (Oxide)", "Oxide", "p1"),
    ("Li7La3Zr2O12", -4.6, False, "Garnet (Oxide)", "Oxide", "p2"),
    ("Li5La3Ta2O12", -5.9, False, "Garnet (Oxide)", "Oxide", "p1"),
    ("Li1.3Al0.3Ti1.7P3O12", -3.2, False, "Li-NASICON (Oxide)", "Oxide", "p3"),
    ("LiTi2P3O12", -5.8, False, "Li-NASICON (Oxide)", "Oxide", "p3"),
    ("LiZr2P3O12", -8.0, False, "Li-NASICON (Oxide)", "Oxide", "p4"),
    ("Li0.34La0.55TiO3", -3.0, False, "Perovskite (Oxide)", "Oxide", "p5"),
    ("Li4SiO4", -10.0, True, "LISICON (Oxide)", "Oxide", "p6"),
    ("Li10GeP2S12", -1.9, False, "LGPS (Sulfide)", "Sulfide (non-halide)", "p7"),
    ("Li3PS4", -3.8, False, "Thio-LISICON (Sulfide)", "Sulfide (non-halide)", "p7"),
    ("Li6PS5Br", -3.2, False, "Argyrodite (Sulfide)", "Sulfide (halide)", "p8"),
    ("Li6PS5Cl", -2.7, False, "Argyrodite (Sulfide)", "Sulfide (halide)", "p8"),
    ("Li6PS5I", -5.9, False, "Argyrodite (Sulfide)", "Sulfide (halide)", "p9"),
    ("Li3YCl6", -3.3, False, "Other (Halide)", "Other", "p10"),
    ("Li4SnSe4", -4.7, False, "Thio-LISICON (Sulfide)", "Other", "p11"),
    ("LiF", -10.0, True, "Other (Halide)", "Other", "p12"),
]


@dataclass(frozen=True)
class Run:
    """The frames of the miniature run."""

    electrolytes: pd.DataFrame
    assignments: pd.DataFrame
    leakage: pd.DataFrame
    predictions: pd.DataFrame
    scores: pd.DataFrame
    comparisons: pd.DataFrame
    coverage: pd.DataFrame
    shap_values: pd.DataFrame


def _electrolytes() -> pd.DataFrame:
    rows = []
    for position, (formula, log10_sigma, censored, family, group, paper) in enumerate(_ROWS):
        has_structure = position % 3 != 2
        rows.append(
            {
                "electrolyte_id": f"obelix:{position:02d}",
                "formula": formula,
                "composition_key": composition_key(parse_composition(formula)),
                "log10_sigma": log10_sigma,
                "censored": censored,
                "family": family,
                "chemical_group": group,
                "conductivity_class": "low"
                if log10_sigma < -6
                else "moderate"
                if log10_sigma < -4
                else "high",
                "space_group": "Ia-3d" if "La3" in formula else "Pnma",
                "disorder": ("No disorder" if position % 2 else "Li cation disorder")
                if has_structure
                else None,
                "structure_origin": "obelix" if has_structure else None,
                "doi": paper,
            }
        )
    return pd.DataFrame(rows)


def _assignments(ids: pd.Series) -> pd.DataFrame:
    rows = []
    for protocol, n_folds in (("diversity", 1), ("random", 4), ("official", 1), ("grouped", 4)):
        for fold in range(n_folds):
            rows += [
                {
                    "protocol": protocol,
                    "fold": fold,
                    "electrolyte_id": electrolyte_id,
                    "role": "test" if position % 4 == fold else "train",
                }
                for position, electrolyte_id in enumerate(ids)
            ]
    return pd.DataFrame(rows)


def _boosted_trees(baselines: pd.DataFrame) -> pd.DataFrame:
    """Predictions as trees might make: the truth with an error of a log unit in test, less in train."""
    neighbour = baselines[baselines["model"] == "nearest_neighbour"]
    error = np.random.default_rng(1).normal(size=len(neighbour))
    predicted = neighbour["log10_sigma"] + error * np.where(neighbour["role"] == "test", 1.0, 0.3)
    return neighbour.assign(
        model="boosted_trees", predicted=predicted, low=predicted - 1.6, high=predicted + 1.6
    )


@cache
def miniature_run() -> Run:
    """Make the run, once."""
    electrolytes = _electrolytes()
    ids = pd.Index(electrolytes["electrolyte_id"])
    stoichiometric = pd.DataFrame(
        [element_fractions(parse_composition(formula)) for formula in electrolytes["formula"]], index=ids
    ).fillna(0.0)
    geometric = pd.DataFrame(
        np.random.default_rng(0).normal(size=(len(ids), 2)), index=ids, columns=["b", "density_g_cm3"]
    )
    geometric.iloc[2, 1] = np.nan
    features = {
        "stoichiometric": stoichiometric,
        "geometric": geometric,
        "all": pd.concat([stoichiometric, geometric], axis=1),
    }
    bound = electrolytes["log10_sigma"].to_numpy()
    labels = pd.DataFrame(
        {"obelix": np.where(electrolytes["censored"], -15.0, bound), "bound": bound}, index=ids
    )
    assignments = _assignments(electrolytes["electrolyte_id"])
    baselines = baseline_predictions(features, labels, assignments)
    predictions = pd.concat([baselines, _boosted_trees(baselines)], ignore_index=True)
    shap_values = (
        features["all"]
        .reset_index()
        .melt("electrolyte_id", var_name="feature", value_name="feature_value")
        .assign(shap_value=lambda frame: np.random.default_rng(2).normal(size=len(frame)))
    )
    folds = assignments.groupby(["protocol", "fold"], sort=False)["role"]
    leakage = folds.agg(
        n_train=lambda role: (role == "train").sum(), n_test=lambda role: (role == "test").sum()
    ).reset_index()
    sharing = leakage["protocol"].isin(["diversity", "random"])
    leakage = leakage.assign(
        n_test_sharing_doi=np.where(sharing, 3, 0), n_test_sharing_composition=np.where(sharing, 1, 0)
    )
    return Run(
        electrolytes=electrolytes,
        assignments=assignments,
        leakage=leakage,
        predictions=predictions,
        scores=scores(predictions, n_bootstrap=50),
        comparisons=comparisons(predictions, n_bootstrap=50),
        coverage=coverage(predictions, n_bootstrap=20),
        shap_values=shap_values,
    )


def language_model_answers(run: Run) -> pd.DataFrame:
    """Two models, as if they had answered half a unit too high; labels rounded, as prompts hold them."""
    of_trees = run.predictions.query(
        "model == 'boosted_trees' and variant == 'all' and protocol in ('diversity', 'grouped')"
    )
    answered = of_trees.assign(
        log10_sigma=of_trees["log10_sigma"].round(2),
        predicted=of_trees["log10_sigma"] + 0.5,
        low=np.nan,
        high=np.nan,
    )
    return pd.concat(
        [
            answered.assign(model="llama-3.1-8b", variant="case_1"),
            answered.assign(model="llama-3.1-8b", variant="case_2"),
            answered.assign(model="llama-3.1-8b", variant="case_2_sample", predicted=-3.0),
            answered.assign(model="small-llama-from-scratch", variant="case_2"),
        ],
        ignore_index=True,
    )
