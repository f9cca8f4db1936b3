"""Printed titles of protocols, models, features, metrics, classes and origins.

Each dictionary lists its names in the order people read them.
"""

from pymatgen.core import Element

from sse_assets.evaluation.coverage import FAR, INSIDE, MIDDLE, NEAR, OUTSIDE
from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.tables.names import (
    NO_VARIANT,
    FeatureSet,
    InputKind,
    Metric,
    ModelName,
    PromptCase,
    Protocol,
    StructureOrigin,
)

PROTOCOL_MEANINGS: dict[str, str] = {
    Protocol.DIVERSITY: "the paper's max-min selection: outliers train, near-copies of them test",
    Protocol.RANDOM: "rows drawn at random; papers and compositions on both sides",
    Protocol.PAPERS: "cross-validation by papers, to choose models on: no paper and no composition in common",
    Protocol.OFFICIAL: "OBELiX's own train and test set: no paper and no composition in common",
    Protocol.GROUPED: "cross-validation by groups: no paper and no composition in common",
}

MODEL_TITLES: dict[str, str] = {
    ModelName.TRAIN_MEDIAN: "Train median",
    ModelName.NEAREST_NEIGHBOUR: "1-nearest neighbour",
    ModelName.BOOSTED_TREES: "Boosted trees",
    ModelName.GAUSSIAN_PROCESS: "Gaussian process",
    ModelName.LLAMA: "Llama-3.1-8B-Instruct",
    ModelName.MISTRAL: "Mistral-7B-Instruct-v0.3",
    ModelName.QWEN: "Qwen3-8B",
    ModelName.SMALL_LLAMA: "Small Llama from scratch",
}

FEATURE_SET_TITLES: dict[str, str] = {
    FeatureSet.STOICHIOMETRIC: "Stoichiometric",
    FeatureSet.GEOMETRIC: "Geometric",
    FeatureSet.ALL: "All features",
}

PROMPT_CASES: dict[str, str] = {
    PromptCase.CASE_1: "formula",
    PromptCase.CASE_2: "formula and symmetry",
    PromptCase.CASE_3: "formula and disorder",
    PromptCase.CASE_4: "formula, symmetry and disorder",
}
"""Content of the prompt of each case (Table 3)."""

NUMBER_MODES = {"": "distribution", "_sample": "one sample", "_regression": "regression head"}
"""Ways to get a number out of a language model, by the suffix of the variant's name."""

VARIANT_TITLES = FEATURE_SET_TITLES | {
    case + suffix: f"{case.replace('_', ' ')}{f', {mode}' if suffix else ''}"
    for case in PROMPT_CASES
    for suffix, mode in NUMBER_MODES.items()
}
"""Titles of feature sets and of a language model's variants: `case_2` is by the distribution over numbers."""

INPUT_KINDS: dict[str, str] = {
    InputKind.FORMULA: "Formula",
    InputKind.FORMULA_AND_CELL: "Formula and cell",
    InputKind.CIF: "CIF",
}

LABEL_CONVENTIONS = {convention: f"censored rows {convention.words}" for convention in LabelConvention}

METRICS: dict[str, str] = {Metric.MAE: "MAE", Metric.RMSE: "RMSE", Metric.R2: "R²", Metric.SRCC: "SRCC"}

CHEMICAL_GROUPS = ("Oxide", "Sulfide (non-halide)", "Sulfide (halide)", "Other")

CONDUCTIVITY_CLASSES = {
    ConductivityClass.LOW: "Low (< 10⁻⁶ S/cm)",
    ConductivityClass.MODERATE: "Moderate (10⁻⁶ to 10⁻⁴)",
    ConductivityClass.HIGH: "High (10⁻⁴ to 10⁻³)",
    ConductivityClass.SUPERIONIC: "Superionic (≥ 10⁻³)",
}

STRUCTURE_ORIGINS: dict[str, str] = {
    StructureOrigin.OBELIX: "OBELiX",
    StructureOrigin.MATERIALS_PROJECT: "Materials Project",
    StructureOrigin.OQMD: "OQMD",
    StructureOrigin.GENERATED: "Generated",
    StructureOrigin.PROTOTYPE: "Prototype",
    StructureOrigin.SAMPLE: "Embedded sample",
    StructureOrigin.INBOX: "Inbox",
}

PART_TITLES: dict[str, str] = {
    NEAR: "The near third",
    MIDDLE: "The middle third",
    FAR: "The far third",
    INSIDE: "Inside the domain",
    OUTSIDE: "Outside the domain",
}
"""Parts of the test rows by their distance to the training data."""

_FEATURES = {
    "a": "Lattice parameter a (Å)",
    "b": "Lattice parameter b (Å)",
    "c": "Lattice parameter c (Å)",
    "density_g_cm3": "Density (g/cm³)",
    "poav_cm3_g": "POAV (cm³/g)",
}


def labels_title(convention: str) -> str:
    """Return what rows below the detection limit count as, in a few words."""
    return LabelConvention(convention).words


def model_title(model: str, variant: str) -> str:
    """Return a model and its variant as one label: `Boosted trees, all features`."""
    title = MODEL_TITLES.get(model, model)
    if variant == NO_VARIANT:
        return title
    return f"{title}, {VARIANT_TITLES.get(variant, variant).lower()}"


def feature_title(feature: str) -> str:
    """Return the title of a feature column with its unit; an element's symbol is that element's fraction."""
    if feature in _FEATURES:
        return _FEATURES[feature]
    return f"{feature} fraction" if Element.is_valid_symbol(feature) else feature
