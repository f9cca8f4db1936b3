"""Update of every asset, as the command line and the UI ask for it, in as few runs as the lineage allows."""

import socket
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from itertools import groupby

import dagster as dg

from sse_assets.orchestration.dagster_internals import (
    IMPLICIT_ASSET_JOB_NAME,
    PARTITION_RANGE_END_TAG,
    PARTITION_RANGE_START_TAG,
    AssetGraph,
    ReconstructableRepository,
)
from sse_assets.orchestration.evidence import is_evidence
from sse_assets.orchestration.housekeeping import HOST_TAG, end_abandoned_runs, held_places
from sse_assets.orchestration.on_demand import ASKED_FOR, on_demand_selection
from sse_assets.orchestration.progress import PLAIN_LINES
from sse_assets.orchestration.staleness import Staleness, partition_names, stale_partitions
from sse_assets.orchestration.step_settings import spelt


class UnknownOpError(ValueError):
    """Error for settings of a step that does not exist."""


class UnknownJobError(ValueError):
    """Error for a job that does not exist, or has no such partition."""


@dataclass(frozen=True)
class PlannedRun:
    """Assets that one Dagster run materialises, in one partition or in a range of them if they have any."""

    keys: list[dg.AssetKey]
    partitions: list[str | None]
    """Partitions of the run, a range of those that there are; None alone where the assets have none."""

    def __str__(self) -> str:
        groups = " → ".join(dict.fromkeys(key.path[0] for key in self.keys))
        if self.partitions == [None]:
            return groups
        if len(self.partitions) == 1:
            return f"{groups} [{self.partitions[0]}]"
        return f"{groups} [{len(self.partitions)} partitions]"


def plan(
    graph: AssetGraph, instance: dg.DagsterInstance, wanted: Mapping[dg.AssetKey, list[str | None]]
) -> list[PlannedRun]:
    """Group assets into runs: a run has one partition, and comes after all runs that it needs.

    A step that takes any number of partitions at once has a run for each range of them.

    Args:
        graph: every asset.
        instance: Dagster's storage, with the partitions that were found.
        wanted: partitions to materialise by asset; None is the only partition of an unpartitioned asset.
    """
    level: dict[dg.AssetKey, int] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        # A new level, and so another run, begins between partitioned and unpartitioned assets.
        level[key] = max(
            (level[p] + (graph.get(p).is_partitioned != node.is_partitioned) for p in node.parent_keys),
            default=0,
        )
    runs = []
    for current in sorted(set(level.values())):
        keys = [key for key in wanted if level[key] == current]
        at_once = [key for key in keys if _takes_ranges(graph, key)]
        for partitions in dict.fromkeys(
            tuple(found)
            for key in at_once
            for found in _ranges(partition_names(graph, instance, key), wanted[key])
        ):
            runs.append(
                PlannedRun([key for key in at_once if {*partitions} <= {*wanted[key]}], [*partitions])
            )
        keys = [key for key in keys if key not in at_once]
        for partition in dict.fromkeys(partition for key in keys for partition in wanted[key]):
            runs.append(PlannedRun([key for key in keys if partition in wanted[key]], [partition]))
    return runs


def _takes_ranges(graph: AssetGraph, key: dg.AssetKey) -> bool:
    policy = graph.get(key).backfill_policy
    return policy is not None and policy.max_partitions_per_run is None


def _ranges(names: Sequence[str], wanted: Collection[str | None]) -> list[list[str]]:
    """Return the wanted names, cut wherever one between them is not wanted.

    >>> _ranges(["a", "b", "c", "d"], ["d", "a", "b"])
    [['a', 'b'], ['d']]
    """
    return [[*part] for is_wanted, part in groupby(names, lambda name: name in wanted) if is_wanted]


def pipeline_of(module: str) -> ReconstructableRepository:
    """Return the assets and jobs that the function `definitions` of a module gives."""
    return ReconstructableRepository.for_module(module, "definitions")


def made_on_demand(
    pipeline: ReconstructableRepository,
    instance: dg.DagsterInstance,
    job: str,
    partitions: Collection[str],
) -> dict[dg.AssetKey, Collection[str] | None]:
    """Return the assets that a job makes on demand, with the wanted partitions: all, if none is named.

    Raises:
        UnknownJobError: if no such job makes anything on demand, or if it has no such partition.
    """
    repository = pipeline.get_definition()
    graph = repository.asset_graph
    on_demand = on_demand_selection().resolve(graph)
    jobs = {
        definition.name: on_demand & set(definition.asset_layer.selected_asset_keys)
        for definition in repository.get_all_jobs()
        if definition.name != IMPLICIT_ASSET_JOB_NAME
    }
    if not jobs.get(job):
        names = ", ".join(sorted(name for name, keys in jobs.items() if keys))
        raise UnknownJobError(
            f"there is no job {job!r} that makes something on demand{did_you_mean(job, jobs)}; "
            f"there are: {names}"
        )
    for key in jobs[job]:
        known = partition_names(graph, instance, key)
        for partition in partitions:
            if partition not in known:
                there_are = f"there are: {', '.join(known)}" if known else "there are none before a first run"
                like = did_you_mean(partition, known)
                raise UnknownJobError(f"{job} has no partition {partition!r}{like}; {there_are}")
    return dict.fromkeys(jobs[job], list(partitions) or None)


def refresh(
    pipeline: ReconstructableRepository,
    instance: dg.DagsterInstance,
    *,
    everything: bool,
    news: Collection[dg.AssetKey],
    op_config: Mapping[str, object],
    on_demand: Mapping[dg.AssetKey, Collection[str] | None],
    announce: Callable[[str], None],
) -> bool:
    """Materialise stale assets, those with new settings and all that follow from them, or everything.

    A run is left out if it has nothing to make any more, as the tables that it reads came out as they were.

    Args:
        pipeline: every asset; it is rebuilt in the processes of a run's steps.
        instance: Dagster's storage.
        everything: whether to materialise fresh assets too.
        news: assets that read something that Dagster does not know of and that has changed.
        op_config: configuration by op name, as under `ops` in the launchpad.
        on_demand: assets made on demand that are wanted too, with the partitions that are, None for all.
        announce: called with a line when a run begins.

    Returns:
        True if all runs succeeded. What was finished before a failure stays, and the next call goes on.

    Raises:
        UnknownOpError: if `op_config` names an op that makes no asset.
        DagsterInvalidConfigError: if a setting is of the wrong type, or there is none of that name.
        SettingsOfStepError: if a step cannot work with a setting.
    """
    graph = pipeline.get_definition().asset_graph
    job = pipeline.get_reconstructable_job(IMPLICIT_ASSET_JOB_NAME)
    ops = {key: graph.get(key).assets_def.node_def.name for key in graph.toposorted_asset_keys}
    op_config = _by_op(op_config, ops)
    dg.validate_run_config(job.get_definition(), {"ops": dict(op_config)})
    anyway = {key for key, op in ops.items() if everything or key in news or op in op_config}
    end_abandoned_runs(instance, beside_code_server=False)
    for sentence in held_places(instance):
        announce(sentence)
    to_make = stale_partitions(graph, instance, anyway=anyway, on_demand=on_demand)
    if not to_make:
        announce("Nothing is stale: every asset is up to date.")
    tags = {HOST_TAG: socket.gethostname(), **ASKED_FOR}
    made = 0
    stages = _answers_first(graph, instance, to_make)
    while stages:
        runs = [run for stage in stages for run in plan(graph, instance, stage)]
        run = runs[0]
        stages = [stage for stage in (_without(stages[0], run), *stages[1:]) if stage]
        if made and not _is_needed(graph, instance, run, anyway):
            continue
        made += 1
        announce(f"[{made}/{made + len(runs) - 1}] {run}")
        ops_of_run = {ops[key] for key in run.keys}
        partitions_before = _dynamic_partitions(graph, instance)
        with dg.execute_job(
            job,
            instance,
            run_config={
                "loggers": {PLAIN_LINES: {}},
                "ops": {op: config for op, config in op_config.items() if op in ops_of_run},
            },
            tags=tags | partition_tags(graph, run),
            asset_selection=run.keys,
        ) as result:
            if not result.success:
                return False
        if _dynamic_partitions(graph, instance) != partitions_before:
            stale = stale_partitions(graph, instance, on_demand=on_demand)
            stages = _answers_first(graph, instance, _merged([*stages, stale]))
    return True


def _is_needed(
    graph: AssetGraph, instance: dg.DagsterInstance, run: PlannedRun, anyway: Collection[dg.AssetKey]
) -> bool:
    """Return whether a run still has something to make: the runs before it may have changed nothing."""
    staleness = Staleness(graph, instance)
    return any(key in anyway or not set(run.partitions).isdisjoint(staleness.stale(key)) for key in run.keys)


def _by_op(config: Mapping[str, object], ops: Mapping[dg.AssetKey, str]) -> dict[str, object]:
    """Return configuration by op name, given by op name or by the name of a table that the op makes."""
    op_of = {name: name for name in ops.values()} | {".".join(key.path): name for key, name in ops.items()}
    unknown = sorted(set(config) - set(op_of))
    if unknown:
        names = ", ".join(sorted({spelt(name) for name in ops.values()}))
        meant = did_you_mean(spelt(unknown[0]), op_of) or f"; there are {names}"
        raise UnknownOpError(f"no asset is made by {unknown[0]!r}{meant}")
    return {op_of[name]: values for name, values in config.items()}


def did_you_mean(word: str, known: Iterable[str]) -> str:
    """Return a question on the known word that is most like this one, if one is.

    >>> did_you_mean("train_bosted_trees", ["train_boosted_trees", "search_structures"])
    ': did you mean train_boosted_trees?'
    """
    alike = get_close_matches(word, [*known], n=1)
    return f": did you mean {alike[0]}?" if alike else ""


def _dynamic_partitions(graph: AssetGraph, instance: dg.DagsterInstance) -> dict[dg.AssetKey, list[str]]:
    """Return the partitions that a run may add or remove, by asset."""
    return {
        key: partition_names(graph, instance, key)
        for key in graph.toposorted_asset_keys
        if isinstance(graph.get(key).partitions_def, dg.DynamicPartitionsDefinition)
    }


ToMake = dict[dg.AssetKey, list[str | None]]


def _answers_first(graph: AssetGraph, instance: dg.DagsterInstance, to_make: ToMake) -> list[ToMake]:
    """Return what to make for the answers, then the evidence, and then again what shows it; none is empty.

    What shows evidence that was never made waits for it.
    """
    evidence = {key for key in graph.toposorted_asset_keys if is_evidence(graph.get(key).tags)}
    if evidence.isdisjoint(to_make):
        return [to_make] if to_make else []
    shows: set[dg.AssetKey] = set()
    for key in graph.toposorted_asset_keys:
        if not graph.get(key).parent_keys.isdisjoint(evidence | shows):
            shows.add(key)
    missing = {key for key in evidence if instance.get_latest_materialization_event(key) is None}
    answers = {
        key: names
        for key, names in to_make.items()
        if key not in evidence and graph.get(key).parent_keys.isdisjoint(missing)
    }
    of_evidence = {key: names for key, names in to_make.items() if key in evidence}
    of_shows = {key: names for key, names in to_make.items() if key in shows - evidence}
    return [stage for stage in (answers, of_evidence, of_shows) if stage]


def _without(to_make: ToMake, run: PlannedRun) -> ToMake:
    left = {
        key: [name for name in names if key not in run.keys or name not in run.partitions]
        for key, names in to_make.items()
    }
    return {key: names for key, names in left.items() if names}


def _merged(stages: Iterable[ToMake]) -> ToMake:
    merged: dict[dg.AssetKey, dict[str | None, None]] = {}
    for stage in stages:
        for key, names in stage.items():
            merged.setdefault(key, {}).update(dict.fromkeys(names))
    return {key: list(names) for key, names in merged.items()}


def partition_tags(graph: AssetGraph, run: PlannedRun) -> dict[str, str]:
    """Return the tags by which Dagster knows the partitions of a run; there are none without partitions."""
    first, last = run.partitions[0], run.partitions[-1]
    if first is None or last is None:
        return {}
    if first != last:
        return {PARTITION_RANGE_START_TAG: first, PARTITION_RANGE_END_TAG: last}
    partitions = graph.get(run.keys[0]).partitions_def
    assert partitions is not None
    return dict(partitions.get_tags_for_partition_key(first))
