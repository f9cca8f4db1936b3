"""The names that evaluation tables carry, in the order people read them, and how they are printed.

Two tables run through this stage:

- **predictions**: protocol, fold, model, variant, label_convention, electrolyte_id, role, log10_sigma
  (the label under the convention), predicted, low, high (90 % interval; NaN where a model gives none);
- **scores**: protocol, model, variant, label_convention, role, metric, value, low, high (95 % bootstrap
  interval), n (electrolytes).
"""

from collections.abc import Iterable

from pymatgen.core import Element

from sse_assets.materials.conductivity import ConductivityClass, LabelConvention
from sse_assets.tables.names import StructureOrigin

BOOSTED_TREES = "boosted_trees"
NEAREST_NEIGHBOUR = "nearest_neighbour"
TRAIN_MEDIAN = "train_median"
NO_VARIANT = "none"

DIVERSITY = "diversity"
OFFICIAL = "official"
GROUPED = "grouped"

PROTOCOLS = {
    DIVERSITY: "the paper's max-min selection: outliers train, near-copies of them test",
    "random": "rows drawn at random; papers and compositions on both sides",
    OFFICIAL: "OBELiX's own train and test set: no paper and no composition in common",
    GROUPED: "cross-validation by groups: no paper and no composition in common",
}
"""The four protocols, from the most flattering to the most honest, and what each one is."""

LANGUAGE_MODELS = {
    "llama-3.1-8b": "Llama-3.1-8B-Instruct",
    "mistral-7b-v0.3": "Mistral-7B-Instruct-v0.3",
    "qwen3-8b": "Qwen3-8B",
    "small-llama-from-scratch": "Small Llama from scratch",
}
"""The paper's three, fine-tuned, and one that has read nothing but the prompts."""

MODELS = {
    TRAIN_MEDIAN: "Train median",
    NEAREST_NEIGHBOUR: "1-nearest neighbour",
    BOOSTED_TREES: "Boosted trees",
    **LANGUAGE_MODELS,
}

FEATURE_SETS = {
    "stoichiometric": "Stoichiometric",
    "geometric": "Geometric",
    "all": "All features",
}

PROMPT_CASES = {
    "case_1": "formula",
    "case_2": "formula and symmetry",
    "case_3": "formula and disorder",
    "case_4": "formula, symmetry and disorder",
}
"""What the prompt of each case tells (Table 3)."""

NUMBER_MODES = {"": "distribution", "_sample": "one sample", "_regression": "regression head"}
"""How a number was got out of a language model, by what its variant adds to the name of the case."""

PROMPT_VARIANTS = {
    case + suffix: f"{case.replace('_', ' ')}{f', {mode}' if suffix else ''}"
    for case in PROMPT_CASES
    for suffix, mode in NUMBER_MODES.items()
}
"""Variants of a language model: `case_2` by the distribution over numbers, `case_2_sample`, …"""

VARIANTS = FEATURE_SETS | PROMPT_VARIANTS

LABEL_CONVENTIONS = {
    LabelConvention.OBELIX: "censored rows at 1e-15 S/cm (obelix)",
    LabelConvention.BOUND: "censored rows at their limit (bound)",
}

METRICS = {"mae": "MAE", "rmse": "RMSE", "r2": "R²", "srcc": "SRCC"}

CHEMICAL_GROUPS = ("Oxide", "Sulfide (non-halide)", "Sulfide (halide)", "Other")

CONDUCTIVITY_CLASSES = {
    ConductivityClass.LOW: "Low (< 10⁻⁶ S/cm)",
    ConductivityClass.MODERATE: "Moderate (10⁻⁶ to 10⁻⁴)",
    ConductivityClass.HIGH: "High (10⁻⁴ to 10⁻³)",
    ConductivityClass.SUPERIONIC: "Superionic (≥ 10⁻³)",
}

STRUCTURE_ORIGINS = {
    StructureOrigin.OBELIX: "OBELiX",
    StructureOrigin.MATERIALS_PROJECT: "Materials Project",
    StructureOrigin.OQMD: "OQMD",
    StructureOrigin.GENERATED: "Generated",
    StructureOrigin.SAMPLE: "Embedded sample",
    StructureOrigin.INBOX: "Inbox",
}

_FEATURES = {
    "a": "Lattice parameter a (Å)",
    "b": "Lattice parameter b (Å)",
    "c": "Lattice parameter c (Å)",
    "density_g_cm3": "Density (g/cm³)",
    "poav_cm3_g": "POAV (cm³/g)",
}


def in_reading_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """The distinct names: those that `order` knows as it lists them, then the others by alphabet."""
    found, known = set(names), list(order)
    return [name for name in known if name in found] + sorted(found - set(known))


def leading_language_model(models: Iterable[str], variants: Iterable[str]) -> tuple[str, str] | None:
    """The model and variant that stand for all language models where there is room for one.

    It is chosen by name, never by score: the first model as the paper lists them, and of its cases the one
    that did best in the paper, if it is there. None without any.

    Args:
        models: of scored rows.
        variants: of the same rows.
    """
    scored = {pair for pair in zip(models, variants, strict=True) if pair[0] in LANGUAGE_MODELS}
    for model in in_reading_order((model for model, _ in scored), LANGUAGE_MODELS):
        cases = [case for name, case in scored if name == model and case in PROMPT_CASES]
        if cases:
            return model, in_reading_order(cases, ("case_2", *PROMPT_CASES))[0]
    return None


def model_title(model: str, variant: str) -> str:
    """A model and its variant as one label: `Boosted trees, all features`."""
    title = MODELS.get(model, model)
    if variant == NO_VARIANT:
        return title
    return f"{title}, {VARIANTS.get(variant, variant).lower()}"


def feature_title(feature: str) -> str:
    """A feature column with its unit; an element symbol is that element's fraction."""
    if feature in _FEATURES:
        return _FEATURES[feature]
    return f"{feature} fraction" if Element.is_valid_symbol(feature) else feature
