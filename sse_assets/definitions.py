"""Everything that Dagster sees, wired in one place."""

import dagster as dg

from sse_assets.assets.curated import curated_assets, electrolytes_are_sound
from sse_assets.assets.descriptors import descriptor_assets
from sse_assets.assets.metrics import metrics_assets
from sse_assets.assets.models import model_assets
from sse_assets.assets.raw import INBOX, inbox_assets, raw_assets
from sse_assets.assets.splits import split_assets, split_checks
from sse_assets.orchestration.automation import automated, automation_sensor, nightly_fetches
from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.housekeeping import housekeeping_sensor
from sse_assets.orchestration.inbox import inbox_sensor
from sse_assets.orchestration.io import TableIOManager
from sse_assets.orchestration.progress import PLAIN_LINES, plain_logger
from sse_assets.orchestration.settings import Settings

EVERYTHING = "refresh_everything"


def build_definitions(settings: Settings) -> dg.Definitions:
    """The pipeline of one data set, on one storage, with one executor."""
    assets = [
        *raw_assets(settings),
        inbox_assets(),
        *curated_assets(settings.dataset),
        *descriptor_assets,
        *split_assets,
        *model_assets,
        *metrics_assets,
    ]
    return dg.Definitions(
        assets=automated(assets),
        asset_checks=[electrolytes_are_sound, *split_checks],
        jobs=[dg.define_asset_job(EVERYTHING, description="Every asset, from raw data to the report.")],
        sensors=[automation_sensor(), inbox_sensor(settings, INBOX), housekeeping_sensor(settings)],
        schedules=nightly_fetches(assets),
        resources={"io_manager": TableIOManager(settings), "settings": settings},
        executor=executor_of(settings),
        loggers={PLAIN_LINES: plain_logger},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    """The pipeline that the environment asks for."""
    return build_definitions(Settings.from_environment())


def everything_job() -> dg.JobDefinition:
    """The job behind `make run`; a function, so that step processes can rebuild it."""
    return build_definitions(Settings.from_environment()).resolve_job_def(EVERYTHING)
