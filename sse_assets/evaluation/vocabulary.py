"""The names that evaluation tables carry, in the order people read them.

Two tables run through this stage:

- **predictions**: protocol, fold, model, variant, label_convention, electrolyte_id, role, log10_sigma
  (the label under the convention), predicted, low, high (90 % interval; NaN where a model gives none);
- **scores**: protocol, model, variant, label_convention, role, metric, value, low, high (95 % bootstrap
  interval), n (electrolytes).
"""

from collections.abc import Iterable

BOOSTED_TREES = "boosted_trees"
NEAREST_NEIGHBOUR = "nearest_neighbour"
TRAIN_MEDIAN = "train_median"
NO_VARIANT = "none"

DIVERSITY = "diversity"
RANDOM = "random"
OFFICIAL = "official"
GROUPED = "grouped"

PROTOCOLS = (DIVERSITY, RANDOM, OFFICIAL, GROUPED)
"""The four protocols, from the most flattering to the most honest."""

LANGUAGE_MODELS = ("llama-3.1-8b", "mistral-7b-v0.3", "qwen3-8b", "small-llama-from-scratch")
"""The paper's three, fine-tuned, and one that has read nothing but the prompts."""

FEATURE_SETS = ("stoichiometric", "geometric", "all")


def in_reading_order(names: Iterable[str], order: Iterable[str]) -> list[str]:
    """Return the distinct names: those that `order` knows as it lists them, then the others by alphabet."""
    found, known = set(names), list(order)
    return [name for name in known if name in found] + sorted(found - set(known))
