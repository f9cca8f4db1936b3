"""Bringing every asset up to date from the command line, in as few Dagster runs as the lineage allows."""

import socket
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass

import dagster as dg
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.reconstruct import ReconstructableJob

from sse_assets.orchestration.housekeeping import HOST_TAG, end_abandoned_runs
from sse_assets.orchestration.progress import PLAIN_LINES
from sse_assets.orchestration.staleness import stale_partitions


class UnknownOpError(ValueError):
    """Configuration for a step that does not exist."""


@dataclass(frozen=True)
class PlannedRun:
    """Assets that one Dagster run materialises, in one partition if they have any."""

    keys: list[dg.AssetKey]
    partition: str | None

    def __str__(self) -> str:
        groups = list(dict.fromkeys(key.path[0] for key in self.keys))
        suffix = f" [{self.partition}]" if self.partition else ""
        return " → ".join(groups) + suffix


def plan(graph: AssetGraph, wanted: Mapping[dg.AssetKey, list[str | None]]) -> list[PlannedRun]:
    """Group assets into runs: a run has one partition, and comes after all that it needs.

    Args:
        graph: every asset.
        wanted: partitions to materialise by asset; None is the only partition of an unpartitioned asset.
    """
    level: dict[dg.AssetKey, int] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        # Crossing between partitioned and unpartitioned assets begins a new level: that is another run.
        level[key] = max(
            (level[p] + (graph.get(p).is_partitioned != node.is_partitioned) for p in node.parent_keys),
            default=0,
        )
    runs = []
    for current in sorted(set(level.values())):
        keys = [key for key in wanted if level[key] == current]
        for partition in dict.fromkeys(partition for key in keys for partition in wanted[key]):
            runs.append(PlannedRun([key for key in keys if partition in wanted[key]], partition))
    return runs


def refresh(
    job: ReconstructableJob,
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    *,
    everything: bool,
    news: Collection[dg.AssetKey],
    op_config: Mapping[str, object],
    announce: Callable[[str], None],
) -> bool:
    """Materialise what is stale, what is configured anew and what follows from it, or everything.

    Args:
        job: covers every asset; it is rebuilt in the processes of a run's steps.
        graph: every asset.
        instance: Dagster's storage.
        everything: whether to materialise fresh assets too.
        news: assets that read what Dagster does not know of, and that has changed.
        op_config: configuration by op name, as under `ops` in the launchpad.
        announce: told of each run as it begins.

    Returns:
        Whether all went well. What was finished before a failure stays, and the next call goes on from there.

    Raises:
        UnknownOpError: if `op_config` names an op that makes no asset.
        DagsterInvalidConfigError: if a setting is of the wrong type, or there is none of that name.
    """
    ops = {key: graph.get(key).assets_def.node_def.name for key in graph.toposorted_asset_keys}
    unknown = sorted(set(op_config) - set(ops.values()))
    if unknown:
        raise UnknownOpError(
            f"no asset is made by {unknown[0]!r}; there are {', '.join(sorted(set(ops.values())))}"
        )
    dg.validate_run_config(job.get_definition(), {"ops": dict(op_config)})
    asked_for = {key for key, op in ops.items() if everything or key in news or op in op_config}
    end_abandoned_runs(instance, beside_code_server=False)
    runs = plan(graph, stale_partitions(graph, instance, asked_for))
    if not runs:
        announce("Nothing is stale: every asset is up to date.")
    here = {HOST_TAG: socket.gethostname()}
    for number, run in enumerate(runs, start=1):
        announce(f"[{number}/{len(runs)}] {run}")
        ops_of_run = {ops[key] for key in run.keys}
        with dg.execute_job(
            job,
            instance,
            run_config={
                "loggers": {PLAIN_LINES: {}},
                "ops": {op: config for op, config in op_config.items() if op in ops_of_run},
            },
            tags=here | ({"dagster/partition": run.partition} if run.partition else {}),
            asset_selection=run.keys,
        ) as result:
            if not result.success:
                return False
    return True
