"""Rules by which an asset is made again without a click.

A derived asset is made again when its code version or the *content* of an input has changed. It waits until
all that it depends on is at rest. One change of the data is therefore one training, however many ways lead
from the data to the model. Nothing follows from an asset that comes out with the same content as before.
`make run`, the UI's "stale" mark and the automation read the same provenance and agree.

A person or a schedule starts a source (an asset without inputs) the first time; then it is kept up to date.
An asset that is made on demand stays a person's decision, and nothing waits for it.
"""

import logging
import time
import warnings
from collections.abc import Iterable
from typing import Any

import dagster as dg

from sse_assets.orchestration.dagster_internals import AssetGraphView
from sse_assets.orchestration.on_demand import is_on_demand
from sse_assets.orchestration.retries import after_a_pause
from sse_assets.orchestration.staleness import Staleness

NIGHTLY = "0 3 * * *"
"""Time (UTC) at which sources with a schedule are fetched, and a step that failed is tried once more."""

NETWORK = {"sse_assets/reads": "network"}
"""Tag of an asset that fetches; each has a nightly schedule, off until somebody turns it on."""

AUTOMATIC = {"dagster/priority": "-1", "sse_assets/started_by": "automation"}
"""Tags of a run that no person started; those of persons go first, and find a place."""

_STARTED_BY = {"dagster/schedule_name", "dagster/sensor_name"}
"""Tags of which a run that nobody waits for has one."""

SENSOR = "keep_up_to_date"
_LONGEST_BETWEEN_LOOKS_S = 300.0


class Stale(dg.AutomationCondition[dg.AssetKey]):
    """Condition of an asset that was never made, or was made by other code or from other data."""

    @property
    def description(self) -> str:
        """Text that the UI shows."""
        return "Missing, or its code or the content of an input has changed"

    def evaluate(self, context: dg.AutomationContext[dg.AssetKey]) -> dg.AutomationResult[dg.AssetKey]:
        """Return the stale partitions of the asset."""
        view = context.asset_graph_view
        stale = Staleness(view.asset_graph, view.instance, view).stale(context.key)
        if context.partitions_def is None:
            return dg.AutomationResult(
                context, context.candidate_subset if stale else context.get_empty_subset()
            )
        keys = {partition for partition in stale if partition is not None}
        return dg.AutomationResult(
            context, view.get_subset_from_partition_keys(context.key, context.partitions_def, keys)
        )


class UpstreamAtRest(dg.AutomationCondition[dg.AssetKey]):
    """Condition that nothing upstream, near or far, is being made or about to be."""

    @property
    def description(self) -> str:
        """Text that the UI shows."""
        return "Nothing upstream is missing, stale or in progress"

    async def evaluate(  # type: ignore[override]  # Dagster awaits a condition that is a coroutine, as its own are
        self, context: dg.AutomationContext[dg.AssetKey]
    ) -> dg.AutomationResult[dg.AssetKey]:
        """Return every partition of the asset, or none."""
        view = context.asset_graph_view
        if context.candidate_subset.is_empty:  # Dagster asks even where an earlier condition has said no
            return dg.AutomationResult(context, context.candidate_subset)
        for ancestor in view.asset_graph.get_ancestor_asset_keys(context.key):
            if await _is_moving(view, ancestor):
                return dg.AutomationResult(context, context.get_empty_subset())
        return dg.AutomationResult(context, context.candidate_subset)


async def _is_moving(view: AssetGraphView, key: dg.AssetKey) -> bool:
    """Return whether an asset is in progress, or has yet to be made."""
    everything = view.get_full_subset(key=key)
    for in_progress in (view.compute_run_in_progress_subset, view.compute_backfill_in_progress_subset):
        if not (await in_progress(key=key, from_subset=everything)).is_empty:
            return True
    if is_on_demand(view.asset_graph.get(key).tags):
        return False
    return bool(Staleness(view.asset_graph, view.instance, view).stale(key))


_C = dg.AutomationCondition
_RETRY = (
    (_C.any_deps_updated() | _C.code_version_changed() | _C.cron_tick_passed(NIGHTLY))
    .since_last_handled()  # type: ignore[misc]  # declared for conditions of assets and checks at once
    .with_label("an input was made again, the code is new, or the night has come")
)

FOLLOW_INPUTS = (
    # This comes first, as conditions are read one by one: a run that ends meanwhile must not look stale.
    ~_C.in_progress()
    & Stale()
    & UpstreamAtRest()
    & _C.all_deps_blocking_checks_passed()
    & (~_C.execution_failed() | _RETRY)
).with_label("follows its inputs")
"""Condition of derived assets. What failed is repeated with the same data and code only at night."""

KEEP_UP = (FOLLOW_INPUTS & ~_C.missing()).with_label("is kept up to date once it has been made")
"""Condition of sources."""


def automated(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return the assets, each with its automation condition; those made on demand have none."""

    def with_condition(spec: dg.AssetSpec) -> dg.AssetSpec:
        if is_on_demand(spec.tags):
            return spec
        return spec.replace_attributes(automation_condition=FOLLOW_INPUTS if spec.deps else KEEP_UP)

    return [definition.map_asset_specs(with_condition) for definition in assets]


class LookingWhenSomethingHappened(dg.AutomationConditionSensorDefinition):
    """Sensor that reads the conditions again after an event, and otherwise every five minutes.

    A look at all conditions takes a second of a core. Most looks find what the last one found: nothing was
    made, no run began or ended, and so no condition can have changed but those that tell the time.
    """

    _found: Any = None
    _found_at = 0.0
    _last_event: int | None = None

    def evaluate_tick(self, context: dg.SensorEvaluationContext) -> Any:
        """Return the runs to start, as the daemon asks for them."""
        last_event = context.instance.event_log_storage.get_maximum_record_id()
        if (
            self._found is not None
            and last_event == self._last_event
            and context.cursor == self._found.cursor
            and time.monotonic() - self._found_at < _LONGEST_BETWEEN_LOOKS_S
        ):
            return self._found
        context.log.setLevel(logging.WARNING)  # else each look writes two lines to the terminal of the UI
        found = super().evaluate_tick(context)
        # What asks for a run, or tells the UI something new, is not said twice.
        has_news = found.run_requests or found.automation_condition_evaluations
        self._found = None if has_news else found
        self._found_at, self._last_event = time.monotonic(), last_event
        return found


def automation_sensor(every_s: int = 30) -> dg.AutomationConditionSensorDefinition:
    """Return the sensor that reads all conditions, on by default; each layer of the lineage needs a look."""
    with warnings.catch_warnings():
        # Conditions of one's own need `use_user_code_server`, which calls itself beta; dagster is pinned.
        warnings.simplefilter("ignore", dg.BetaWarning)
        return LookingWhenSomethingHappened(
            SENSOR,
            run_tags=AUTOMATIC,
            target=dg.AssetSelection.all(),
            default_status=dg.DefaultSensorStatus.RUNNING,
            minimum_interval_seconds=every_s,
            emit_backfills=False,  # a run for each partition starts at once, a backfill a tick later
            use_user_code_server=True,
            description="Makes again what no longer agrees with its inputs or its code.",
        )


def try_again_later(run: dg.DagsterRun, attempt: int) -> dg.RetryRequested | None:
    """Return what a step raises that could not reach its source, to try again after 1, 4 and 16 minutes.

    The return value is None for a run that a person started and waits for: it should fail at once.
    """
    return after_a_pause(attempt) if _STARTED_BY & run.tags.keys() else None


def nightly_fetches(assets: Iterable[dg.AssetsDefinition]) -> list[dg.ScheduleDefinition]:
    """Return a schedule for each asset that reads the network."""
    return [
        dg.ScheduleDefinition(
            name=f"fetch_{spec.key.path[-1]}",
            target=dg.AssetSelection.assets(spec.key),
            cron_schedule=NIGHTLY,
            tags=AUTOMATIC,
            default_status=dg.DefaultScheduleStatus.STOPPED,
            description="Fetches the source again; what follows from it is made again if it has changed.",
        )
        for definition in assets
        for spec in definition.specs
        if NETWORK.items() <= spec.tags.items()
    ]
