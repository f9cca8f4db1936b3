"""Which assets, and which partitions of them, no longer agree with the code and the data that made them."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import dagster as dg

# Dagster decides staleness for its UI with this resolver and offers no public name for it. Using the same one
# keeps the command line and the UI of one mind; dagster is pinned to an exact version in constraints.txt.
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
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
    made from, or if anything upstream of it is stale. An unpartitioned asset has the single partition None.

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
        if node.partitions_def is not None:
            partitions = list(node.partitions_def.get_partition_keys(dynamic_partitions_store=instance))
        if ON_DEMAND.items() <= node.tags.items():
            wanted = on_demand.get(key, ())
            partitions = [name for name in partitions if wanted is None or name in wanted]
        tainted = key in anyway or any(parent in stale for parent in node.parent_keys)
        found = [
            partition
            for partition in partitions
            if tainted or resolver.get_status(key, partition) is not StaleStatus.FRESH
        ]
        if found:
            stale[key] = found
    return stale
