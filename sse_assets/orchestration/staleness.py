"""Which assets, and which partitions of them, no longer agree with the code and the data that made them."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import dagster as dg

# Dagster decides staleness for its UI with this resolver and offers no public name for it. Using the same one
# keeps the command line and the UI of one mind; dagster is pinned to an exact version in constraints.txt.
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.data_version import (
    SKIP_PARTITION_DATA_VERSION_DEPENDENCY_THRESHOLD as MOST_PARTITIONS_LOOKED_AT,
)
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContextForTest

from sse_assets.orchestration.on_demand import ON_DEMAND


def stale_partitions(
    graph: AssetGraph,
    instance: dg.DagsterInstance,
    *,
    anyway: Collection[dg.AssetKey] = (),
    on_demand: Mapping[dg.AssetKey, Collection[str] | None] = MappingProxyType({}),
) -> dict[dg.AssetKey, list[str | None]]:
    """Stale or missing assets, upstream first, each with its stale partitions.

    An asset is stale if its code version changed, if an input has another data version than the one it was
    made from, or if anything upstream of it is stale. Of an input with very many partitions Dagster compares
    no versions; there it is stale if one of them was made after it. An unpartitioned asset has the single
    partition None.

    Args:
        graph: every asset.
        instance: Dagster's storage.
        anyway: assets that count as stale in any case.
        on_demand: those assets made on demand that are wanted, with the partitions that are, None for all.
            The others are left as they are, stale or not, and so is what follows from them.
    """
    resolver = CachingStaleStatusResolver(instance, graph, LoadingContextForTest(instance))
    stale: dict[dg.AssetKey, list[str | None]] = {}
    for key in graph.toposorted_asset_keys:
        node = graph.get(key)
        partitions: list[str | None] = [None]
        if node.is_partitioned:
            partitions = [*partition_names(graph, instance, key)]
        if ON_DEMAND.items() <= node.tags.items():
            wanted = on_demand.get(key, ())
            partitions = [name for name in partitions if wanted is None or name in wanted]
        tainted = (
            key in anyway
            or any(parent in stale for parent in node.parent_keys)
            or any(_partition_made_since(graph, instance, parent, key) for parent in node.parent_keys)
        )
        found = [
            partition
            for partition in partitions
            if tainted or resolver.get_status(key, partition) is not StaleStatus.FRESH
        ]
        if found:
            stale[key] = found
    return stale


def partition_names(graph: AssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey) -> list[str]:
    """The partitions that an asset has now; none if it is not partitioned."""
    partitions = graph.get(key).partitions_def
    return list(partitions.get_partition_keys(dynamic_partitions_store=instance)) if partitions else []


def _partition_made_since(
    graph: AssetGraph, instance: dg.DagsterInstance, parent: dg.AssetKey, key: dg.AssetKey
) -> bool:
    """Whether an input with so many partitions that Dagster does not look at them has a newer one."""
    if len(partition_names(graph, instance, parent)) < MOST_PARTITIONS_LOOKED_AT:
        return False
    newest = instance.get_latest_materialization_event(parent)
    own = instance.get_latest_materialization_event(key)
    return newest is not None and own is not None and newest.timestamp > own.timestamp
