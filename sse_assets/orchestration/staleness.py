"""Which assets, and which partitions of them, no longer agree with the code and the data that made them."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import dagster as dg

# Dagster decides staleness for its UI with this resolver and offers no public name for it. Using the same one
# keeps the command line, the automation and the UI of one mind; dagster is pinned to an exact version in
# constraints.txt.
from dagster._core.definitions.assets.graph.base_asset_graph import BaseAssetGraph
from dagster._core.definitions.data_version import CachingStaleStatusResolver, StaleStatus
from dagster._core.loader import LoadingContext, LoadingContextForTest

from sse_assets.orchestration.on_demand import is_on_demand


class Staleness:
    """What is stale at one moment; made anew for the next."""

    def __init__(
        self, graph: BaseAssetGraph, instance: dg.DagsterInstance, loading: LoadingContext | None = None
    ) -> None:
        """Look at every asset of a graph; `loading` shares look-ups with others that read the same events."""
        self._graph = graph
        self._instance = instance
        self._resolver = CachingStaleStatusResolver(
            instance, graph, loading or LoadingContextForTest(instance)
        )

    def stale(self, key: dg.AssetKey) -> list[str | None]:
        """Partitions that are missing, or made by another code version or from other data than there is now.

        An unpartitioned asset has the single partition None.
        """
        partitions = self.partitions(key)
        if self._on_demand_is_newer(key):
            return partitions
        return [
            partition
            for partition in partitions
            if self._resolver.get_status(key, partition) is not StaleStatus.FRESH
        ]

    def _on_demand_is_newer(self, key: dg.AssetKey) -> bool:
        """Whether something that the asset may take in was made on demand since.

        The resolver counts a partition as unchanged when it is made for the first time after the asset, and
        it does not look at an input that has very many of them.
        """
        own = self._instance.get_latest_materialization_event(key)
        if own is None:
            return False
        made = (
            self._instance.get_latest_materialization_event(parent)
            for parent in self._graph.get(key).parent_keys
            if is_on_demand(self._graph.get(parent).tags)
        )
        return any(event.timestamp > own.timestamp for event in made if event)

    def partitions(self, key: dg.AssetKey) -> list[str | None]:
        """Every partition; None is the only one of an asset that has none."""
        if not self._graph.get(key).is_partitioned:
            return [None]
        return [*partition_names(self._graph, self._instance, key)]


def stale_partitions(
    graph: BaseAssetGraph,
    instance: dg.DagsterInstance,
    *,
    anyway: Collection[dg.AssetKey] = (),
    on_demand: Mapping[dg.AssetKey, Collection[str] | None] = MappingProxyType({}),
) -> dict[dg.AssetKey, list[str | None]]:
    """Stale or missing assets, upstream first, each with its stale partitions.

    Unlike `Staleness` this looks ahead: what lies downstream of something stale is stale in full.

    Args:
        graph: every asset.
        instance: Dagster's storage.
        anyway: assets that count as stale in any case.
        on_demand: those assets made on demand that are wanted, with the partitions that are, None for all.
            The others are left as they are, stale or not, and so is what follows from them.
    """
    staleness = Staleness(graph, instance)
    stale: dict[dg.AssetKey, list[str | None]] = {}
    for key in graph.toposorted_asset_keys:
        tainted = key in anyway or any(parent in stale for parent in graph.get(key).parent_keys)
        found = staleness.partitions(key) if tainted else staleness.stale(key)
        if is_on_demand(graph.get(key).tags):
            wanted = on_demand.get(key, ())
            found = [partition for partition in found if wanted is None or partition in wanted]
        if found:
            stale[key] = found
    return stale


def partition_names(graph: BaseAssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey) -> list[str]:
    """The partitions that an asset has now; none if it is not partitioned."""
    partitions = graph.get(key).partitions_def
    return list(partitions.get_partition_keys(dynamic_partitions_store=instance)) if partitions else []
