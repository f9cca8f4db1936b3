"""Everything brought up to date: the one work behind `sse-assets run` and behind the first job of the UI."""

from collections.abc import Callable, Collection, Mapping
from types import MappingProxyType

import dagster as dg

from sse_assets.assets.generated import SEARCH_STRUCTURES, partitions_of_every_run
from sse_assets.assets.judging import LEADERBOARD, SUBMITTED_METADATA, submitted_version
from sse_assets.assets.raw import INBOX
from sse_assets.assets.screening import CANDIDATES
from sse_assets.orchestration.dagster_internals import ReconstructableRepository
from sse_assets.orchestration.inbox import CANDIDATES_FOLDER, has_news, take_in
from sse_assets.orchestration.runs import made_on_demand, pipeline_of, refresh
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.staleness import stale_partitions
from sse_assets.orchestration.tables import TableStore

BRING_UP_TO_DATE = "bring_up_to_date"
"""Name of the job; the UI lists jobs by name, and this one comes first."""


def bring_up_to_date(
    settings: Settings,
    pipeline: ReconstructableRepository,
    instance: dg.DagsterInstance,
    *,
    announce: Callable[[str], None],
    everything: bool = False,
    op_config: Mapping[str, object] = MappingProxyType({}),
    job: str | None = None,
    partitions: Collection[str] = (),
) -> bool:
    """Read the inbox, and make again what is stale, with the structures that take seconds.

    Args:
        settings: settings of the environment.
        pipeline: every asset.
        instance: Dagster's storage.
        announce: called with a line when a run begins.
        everything: whether to make fresh assets too.
        op_config: configuration by op name, as under `ops` in the launchpad.
        job: job whose assets on demand are wanted too.
        partitions: partitions of that job; all, if none is named.

    Returns:
        True if all runs succeeded.

    Raises:
        UnknownJobError: if there is no such job, or if it has no such partition.
        UnknownOpError: if `op_config` names an op that makes no asset.
        DagsterInvalidConfigError: if a setting is of the wrong type, or there is none of that name.
        SettingsOfStepError: if a step cannot work with a setting.
    """
    on_demand = _structures_of_every_run(settings, pipeline, instance)
    if job:
        on_demand |= made_on_demand(pipeline, instance, job, partitions)
    return refresh(
        pipeline,
        instance,
        everything=everything,
        news=_news(settings, instance),
        op_config=op_config,
        on_demand=on_demand,
        announce=announce,
    )


def is_up_to_date(
    settings: Settings, pipeline: ReconstructableRepository, instance: dg.DagsterInstance
) -> bool:
    """Return whether `bring_up_to_date` would make nothing."""
    stale = stale_partitions(
        pipeline.get_definition().asset_graph,
        instance,
        anyway=_news(settings, instance),
        on_demand=_structures_of_every_run(settings, pipeline, instance),
    )
    return not stale


def _structures_of_every_run(
    settings: Settings, pipeline: ReconstructableRepository, instance: dg.DagsterInstance
) -> dict[dg.AssetKey, Collection[str] | None]:
    """Return the tables of structures, with the partitions that take seconds."""
    wanted = partitions_of_every_run(settings.dataset)
    return dict.fromkeys(made_on_demand(pipeline, instance, SEARCH_STRUCTURES, ()), wanted)


def _news(settings: Settings, instance: dg.DagsterInstance) -> list[dg.AssetKey]:
    """Return the assets that read something that Dagster does not know of and that has changed."""
    listing = take_in(settings.inbox, settings.blob_root)
    news = [key for key in INBOX if has_news(instance, key, listing)]
    candidates = take_in(settings.candidates, settings.blob_root, CANDIDATES_FOLDER)
    if has_news(instance, CANDIDATES, candidates):
        news.append(CANDIDATES)
    submitted = submitted_version(TableStore(settings.blob_root))
    if has_news(instance, LEADERBOARD, submitted, SUBMITTED_METADATA):
        news.append(LEADERBOARD)
    return news


@dg.op(description="Makes again what is stale, in runs of their own, one after the other.")
def make_what_is_stale(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Do what `sse-assets run` does.

    Raises:
        dagster.Failure: if one of the runs failed.
    """
    pipeline = pipeline_of("sse_assets.definitions")
    if not bring_up_to_date(settings, pipeline, context.instance, announce=context.log.info):
        raise dg.Failure(
            "a run that this one started has failed, and says why; what was finished is kept, and the next "
            "start goes on from there",
            allow_retries=False,
        )


@dg.job(
    name=BRING_UP_TO_DATE,
    description="Start here: reads the inbox and makes again what is stale, from raw data to the report, as "
    "`make run` does. It starts nothing that takes hours.",
    # Its steps are runs of their own, which are tried again by themselves.
    tags={"dagster/max_retries": "0"},
    executor_def=dg.in_process_executor,
)
def bring_up_to_date_job() -> None:
    """Make every asset that is not made on demand."""
    make_what_is_stale()
