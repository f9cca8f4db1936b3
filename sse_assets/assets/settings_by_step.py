"""Settings of the steps, by step, so that a wrong one is refused before Dagster is imported."""

from collections.abc import Mapping
from typing import Any

from pydantic import Field

from sse_assets.assets.language_model_settings import FineTuningSettingsOfStep, SmallModelSettingsOfStep
from sse_assets.assets.screening_settings import DatabaseSettingsOfStep, ScreeningSettingsOfStep
from sse_assets.assets.search_settings import SearchSettingsOfStep, SmokeSearchSettingsOfStep
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.pore_settings import PoreSettings
from sse_assets.orchestration.settings import Dataset
from sse_assets.orchestration.step_settings import (
    StepSettings,
    check_settings,
    setting,
    spelt,
    with_values_of,
)
from sse_assets.splits.settings import SplitSettings

_PORES = PoreSettings()
_SPLITS = SplitSettings()
_TABLE_1 = BoostedTreesSettings()


class PoreSettingsOfStep(StepSettings):
    """Settings of Zeo++, which probes the void of a crystal; the paper gives no radius."""

    probe_radius_a: float = setting(_PORES, "probe_radius_a", "Radius of the probe in Å.")
    lithium_removed: bool = setting(
        _PORES, "lithium_removed", "Probe the framework alone, without the mobile Li."
    )
    n_samples: int = setting(_PORES, "n_samples", "Random points in each cell.")
    time_limit_s: float = setting(_PORES, "time_limit_s", "Longest run of Zeo++ in seconds.")

    def check(self) -> None:
        """Refuse what Zeo++ cannot probe with."""
        with_values_of(self, _PORES)


class SplitSettingsOfStep(StepSettings):
    """Settings that the protocols leave open."""

    test_share: float = setting(_SPLITS, "test_share", "Share of rows that `diversity` tests on.")
    folds: int = setting(_SPLITS, "folds", "Folds of `random` and `grouped`.")
    seed: int = setting(_SPLITS, "seed", "Seed of `random`, `papers` and `grouped`.")

    def check(self) -> None:
        """Refuse a share or a number of folds that splits nothing."""
        with_values_of(self, _SPLITS)


def _of_table_1(name: str, meaning: str) -> Any:
    """Return a setting whose default is the paper's, which its description keeps in sight."""
    return setting(_TABLE_1, name, f"{meaning} (Table 1: {getattr(_TABLE_1, name)}).")


class TreeSettingsOfStep(StepSettings):
    """Hyperparameters of the boosted trees: the paper's Table 1, unless tuned."""

    tuning_steps: int = Field(
        0,
        description="Steps of a Bayesian search around Table 1, 6 fits each; 0 takes the values given here. "
        "Allowed: 0, or at least 2.",
    )
    n_estimators: int = _of_table_1("n_estimators", "Boosting rounds")
    reg_lambda: float = _of_table_1("reg_lambda", "L2 penalty on leaf values")
    reg_alpha: float = _of_table_1("reg_alpha", "L1 penalty on leaf values")
    max_depth: int = _of_table_1("max_depth", "Most splits between root and leaf")
    num_parallel_tree: int = _of_table_1("num_parallel_tree", "Trees grown in each round")
    min_child_weight: float = _of_table_1("min_child_weight", "Fewest rows in a leaf")
    subsample: float = _of_table_1("subsample", "Share of the rows that each tree sees")
    learning_rate: float = _of_table_1("learning_rate", "Shrinkage of each round")
    gamma: float = _of_table_1("gamma", "Least loss reduction for a split")
    seed: int = setting(_TABLE_1, "seed", "Seed of subsampling, folds and search.")

    def check(self) -> None:
        """Refuse what XGBoost or the search would refuse."""
        if self.tuning_steps < 0 or self.tuning_steps == 1:
            raise ValueError(f"tuning_steps is {self.tuning_steps}: it must be 0, or at least 2")
        with_values_of(self, _TABLE_1)


def settings_by_step(dataset: Dataset) -> Mapping[str, type[StepSettings]]:
    """Return the class of the settings of each step that has any."""
    return {
        "describe_crystals": PoreSettingsOfStep,
        "splits__assignments": SplitSettingsOfStep,
        "models__boosted_trees_settings": TreeSettingsOfStep,
        "rank_candidates": ScreeningSettingsOfStep,
        "screening__database_candidates": DatabaseSettingsOfStep,
        "search_structure": SmokeSearchSettingsOfStep if dataset is Dataset.SAMPLE else SearchSettingsOfStep,
        "fine_tune_language_model": FineTuningSettingsOfStep,
        "fit_small_language_model": SmallModelSettingsOfStep,
    }


def check_early(ops: Mapping[str, object], dataset: Dataset) -> None:
    """Refuse settings of a step at once.

    Args:
        ops: configuration by step or by the table that it makes, as under `ops` in the launchpad. Where a
            step makes several tables and is named by one of them, it is checked when the run is launched.
        dataset: data set of the run.

    Raises:
        SettingsOfStepError: if a step cannot work with its settings.
    """
    for step, settings_type in settings_by_step(dataset).items():
        match ops.get(step, ops.get(spelt(step))):
            case {"config": dict() as values}:
                check_settings(step, settings_type, values)
