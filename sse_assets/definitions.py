"""Definitions of the pipeline, which Dagster loads."""

from functools import cache

import dagster as dg

from sse_assets.assets.champions import champions
from sse_assets.assets.choice import choice_assets
from sse_assets.assets.curated import (
    crystals_fit_their_files,
    curated_assets,
    electrolytes_are_sound,
    inbox_rows_are_used,
)
from sse_assets.assets.descriptors import descriptor_assets
from sse_assets.assets.drift import drift_checks
from sse_assets.assets.evidence import evidence_assets
from sse_assets.assets.gaussian_process import gaussian_process
from sse_assets.assets.generated import SEARCH_STRUCTURES, generated_assets
from sse_assets.assets.judging import judging_assets
from sse_assets.assets.language_models import (
    FINE_TUNE,
    TRAIN_SMALL,
    language_model_assets,
    language_models,
    small_language_model,
    small_language_model_learning_curve,
)
from sse_assets.assets.metrics import metrics_assets
from sse_assets.assets.models import boosted_trees_assets, model_assets
from sse_assets.assets.prototypes import prototype_assets
from sse_assets.assets.raw import INBOX, inbox_assets, raw_assets
from sse_assets.assets.screening import CANDIDATES, database_candidates, screening_assets
from sse_assets.assets.splits import split_assets, split_checks
from sse_assets.assets.up_to_date import bring_up_to_date_job
from sse_assets.orchestration.automation import automated, automation_sensor, nightly_fetches
from sse_assets.orchestration.catalog import catalogued
from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.housekeeping import housekeeping_sensor
from sse_assets.orchestration.inbox import candidates_sensor, inbox_sensor
from sse_assets.orchestration.io import table_io_manager
from sse_assets.orchestration.launchpad import checked_at_launch
from sse_assets.orchestration.on_demand import on_demand_selection
from sse_assets.orchestration.progress import PLAIN_LINES, plain_logger
from sse_assets.orchestration.retries import tried_again_with_reason
from sse_assets.orchestration.settings import Settings

_ASSET_JOBS = [
    dg.define_asset_job(
        "train_boosted_trees",
        selection=dg.AssetSelection.assets(*boosted_trees_assets, champions),
        description="Settings, models, predictions and SHAP values of the boosted trees, and the champion.",
    ),
    dg.define_asset_job(
        TRAIN_SMALL,
        selection=dg.AssetSelection.assets(small_language_model, small_language_model_learning_curve),
        description="A small Llama from random weights on the prompts of a case, and its learning curve: "
        "minutes on a CPU.",
    ),
    dg.define_asset_job(
        FINE_TUNE,
        selection=dg.AssetSelection.assets(language_models),
        description="Llama-3.1-8B, Mistral-7B or Qwen3-8B with LoRA on a prompt case: needs a GPU.",
    ),
    dg.define_asset_job(
        "pull_candidates",
        selection=dg.AssetSelection.assets(database_candidates),
        description="Crystals with Li from the Materials Project or OQMD, as candidates: needs the network.",
    ),
    dg.define_asset_job(
        SEARCH_STRUCTURES,
        selection=dg.AssetSelection.key_prefixes("generated") & on_demand_selection(),
        description="A crystal for a composition that has none: an hour of a CPU for a small cell.",
    ),
]
"""Jobs that a person starts from the UI or from the command line."""


def build_definitions(settings: Settings) -> dg.Definitions:
    """Return the pipeline of one data set, on one storage, with one executor."""
    assets = [
        *raw_assets(settings),
        inbox_assets(),
        *curated_assets(settings.dataset),
        *generated_assets(settings.dataset),
        *prototype_assets(settings.dataset),
        *descriptor_assets,
        *split_assets,
        *model_assets,
        *choice_assets,
        gaussian_process,
        champions,
        *language_model_assets,
        *metrics_assets,
        *judging_assets,
        *screening_assets(settings.dataset),
        *evidence_assets,
    ]
    return dg.Definitions(
        assets=checked_at_launch(tried_again_with_reason(catalogued(automated(assets)))),
        asset_checks=[
            electrolytes_are_sound,
            crystals_fit_their_files,
            inbox_rows_are_used,
            *split_checks,
            *drift_checks,
        ],
        jobs=[bring_up_to_date_job, *_ASSET_JOBS],
        sensors=[
            automation_sensor(),
            inbox_sensor(settings, INBOX),
            candidates_sensor(settings, [CANDIDATES]),
            housekeeping_sensor(settings),
        ],
        schedules=nightly_fetches(assets),
        resources={"io_manager": table_io_manager(settings), "settings": settings},
        executor=executor_of(settings),
        loggers={PLAIN_LINES: plain_logger},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """Return the pipeline that the environment asks for."""
    return _built_once(Settings.from_environment())


# Dagster asks for the definitions four times for each run, and a command line starts ten runs.
_built_once = cache(build_definitions)
