"""The numbers that the paper and OBELiX's benchmark print; our own are set beside them.

The paper is Kim et al., *Data-driven Prediction of Ionic Conductivity in Solid-State Electrolytes with
Machine Learning and Large Language Models*. MAE and RMSE are in log10(S/cm). The paper's labels use the
detection limit itself for a censored row, which is our convention `bound`; its split is our protocol
`diversity`.
"""

from dataclasses import dataclass

import pandas as pd

from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.tables.names import Metric, ModelName, Protocol

TABLE_1_SETTINGS: dict[str, float] = {
    "n_estimators": 242,
    "reg_lambda": 24.922,
    "reg_alpha": 2.345,
    "max_depth": 8,
    "num_parallel_tree": 8,
    "min_child_weight": 1,
    "subsample": 0.659,
    "learning_rate": 0.084,
    "gamma": 0.015,
}
"""Hyperparameters of the boosted trees."""

N_ELECTROLYTES = 499
"""Rows of the paper's data set (section III.A)."""

N_WITH_OXYGEN = 349
"""Structures that contain oxygen (section III.A, Figure 4(a))."""

FIGURE_4B_CLASS_COUNTS: dict[ConductivityClass, int] = {
    ConductivityClass.LOW: 186,
    ConductivityClass.MODERATE: 146,
    ConductivityClass.HIGH: 103,
    ConductivityClass.SUPERIONIC: 64,
}

FIGURE_4C_PARTIAL_OCCUPANCY = (248, 321)
"""OBELiX structures with partial occupancies, of all OBELiX structures."""

TABLE_5_FAMILY_RATIOS: dict[str, float] = {
    "Li-NASICON (Oxide)": 0.21,
    "Garnet (Oxide)": 0.15,
    "Perovskite (Oxide)": 0.12,
    "Argyrodite (Sulfide)": 0.12,
    "LISICON (Oxide)": 0.08,
    "Thio-LISICON (Sulfide)": 0.05,
}
"""The six most frequent families, with their share of the data set."""

FIGURE_7_TEST_SCORES: dict[tuple[str, str], float] = {
    ("stoichiometric", "mae"): 0.611,
    ("stoichiometric", "srcc"): 0.846,
    ("geometric", "mae"): 0.720,
    ("geometric", "rmse"): 1.206,
    ("geometric", "srcc"): 0.724,
    ("all", "mae"): 0.543,
    ("all", "rmse"): 0.920,
    ("all", "r2"): 0.840,
    ("all", "srcc"): 0.866,
}
"""Test scores by feature set and metric, as far as section III.C prints them."""

FIGURE_7_STOICHIOMETRIC_TRAIN_R2 = 0.907

FIGURE_8_TEST_SCORES: dict[tuple[str, str, str], float] = {
    ("llama-3.1-8b", "case_2", "mae"): 0.657,
    ("llama-3.1-8b", "case_2", "srcc"): 0.814,
    ("mistral-7b-v0.3", "case_4", "rmse"): 1.515,
    ("mistral-7b-v0.3", "case_4", "r2"): 0.714,
}
"""Test scores of the fine-tuned language models by model, case and metric, as far as section III.D prints
them."""

FINE_TUNING_MINUTES = 10
"""Approximate duration of one fine-tuning run on an RTX 4090 (section II.C)."""

FIGURE_7D_TOP_FEATURES = ("b", "density_g_cm3", "a", "O", "poav_cm3_g")
"""The five features with the largest SHAP values, largest first, under our column names."""

OBELIX_RANDOM_FOREST_MAE = (1.54, 1.59)
"""Random forest on OBELiX's official test set, convention `obelix` (arXiv 2502.14234)."""


@dataclass(frozen=True)
class PublishedModel:
    """A row of Table 7."""

    model: str
    features: str
    n_data: int
    test_mae: float
    reference: str


TABLE_7_MODELS = (
    PublishedModel("CrabNet", "Composition, 5 to 873 °C", 820, 0.85, "Hargreaves et al. 2023"),
    PublishedModel("CatBoost", "Composition, 5 to 873 °C", 895, 0.831, "Yu et al. 2025"),
    PublishedModel("Random forest", "Composition, room temperature", 599, 1.54, "Therrien et al. 2025"),
    PublishedModel("p-CGCNN", "Structure, room temperature", 321, 2.52, "Therrien et al. 2025"),
    PublishedModel("Boosted trees", "Composition and structure, room temperature", 499, 0.543, "the paper"),
    PublishedModel(
        "Llama-3.1-8B-Instruct", "Text prompt (formula, symmetry), room temperature", 499, 0.657, "the paper"
    ),
)


_PAPER = "Kim et al."
_OBELIX = "Therrien et al. 2025"


def leaderboard_anchors() -> pd.DataFrame:
    """Return every published test score: protocol, label_convention, model, variant, metric, value, source.

    Protocol and label convention are missing where a study has a parting of its own.
    """
    of_trees: dict[tuple[str, str, str], float] = {
        (ModelName.BOOSTED_TREES, variant, metric): value
        for (variant, metric), value in FIGURE_7_TEST_SCORES.items()
    }
    rows: list[dict[str, object]] = [
        {
            "protocol": Protocol.DIVERSITY,
            "label_convention": LabelConvention.BOUND,
            "model": model,
            "variant": variant,
            "metric": metric,
            "value": value,
            "source": _PAPER,
        }
        for (model, variant, metric), value in (*of_trees.items(), *FIGURE_8_TEST_SCORES.items())
    ]
    rows += [
        {
            "protocol": Protocol.OFFICIAL if published.reference == _OBELIX else None,
            "label_convention": LabelConvention.OBELIX if published.reference == _OBELIX else None,
            "model": published.model,
            "variant": published.features,
            "metric": Metric.MAE,
            "value": published.test_mae,
            "source": published.reference,
        }
        for published in TABLE_7_MODELS
        if published.reference != "the paper"
    ]
    return pd.DataFrame(rows)


@dataclass(frozen=True)
class PublishedGroup:
    """A row of Table 8: test MAE of one chemical group."""

    n_test: int
    boosted_trees_mae: float
    language_model_mae: float


TABLE_8_GROUPS: dict[str, PublishedGroup] = {
    "Oxide": PublishedGroup(57, 0.503, 0.629),
    "Sulfide (non-halide)": PublishedGroup(11, 0.245, 0.654),
    "Sulfide (halide)": PublishedGroup(27, 0.501, 0.380),
    "Other": PublishedGroup(5, 1.874, 1.781),
}


def chemical_groups() -> pd.DataFrame:
    """Return Table 8: columns chemical_group, paper_n, paper_boosted_trees_mae, paper_language_model_mae."""
    table = pd.DataFrame(list(TABLE_8_GROUPS.values()), index=pd.Index(TABLE_8_GROUPS, name="chemical_group"))
    return table.add_prefix("paper_").rename(columns={"paper_n_test": "paper_n"}).reset_index()


TABLE_6_RMSD = {"Li4SiS4": 0.320, "Li5La3(SbO6)2": 0.521}
"""RMSD of generated structures against OQMD and the Materials Project; the paper says Å."""


@dataclass(frozen=True)
class PublishedCompound:
    """A row of Table 9; conductivities as log10(σ / (S/cm))."""

    group: str
    formula: str
    measured: float
    boosted_trees: float
    language_model: float


TABLE_9_COMPOUNDS = (
    PublishedCompound("Oxide", "Li7La3Zr2O12", -4.638, -4.258, -5.710),
    PublishedCompound("Oxide", "Li6BaLa2Ta2O12", -4.886, -4.833, -5.270),
    PublishedCompound("Sulfide (non-halide)", "Li10GeP2S12", -1.917, -1.962, -1.850),
    PublishedCompound("Sulfide (non-halide)", "Li10Ge0.66Sn0.33P2S12", -2.194, -1.747, -2.320),
    PublishedCompound("Sulfide (halide)", "Li6PS5Br", -3.154, -3.526, -4.490),
    PublishedCompound("Sulfide (halide)", "Li6PS5I", -5.900, -3.929, -3.920),
    PublishedCompound("Other", "Li8GeP4", -4.066, -4.464, -5.240),
    PublishedCompound("Other", "Li4SnSe4", -4.699, -6.715, -4.700),
)


def compounds() -> pd.DataFrame:
    """Return Table 9: columns group, formula, paper_measured, paper_boosted_trees, paper_language_model."""
    table = pd.DataFrame(TABLE_9_COMPOUNDS)
    return table.rename(columns={name: f"paper_{name}" for name in table.columns[2:]})
