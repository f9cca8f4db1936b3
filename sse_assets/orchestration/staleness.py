"""Assets, and partitions of them, that no longer agree with the code and the data that made them."""

from collections.abc import Collection, Mapping
from types import MappingProxyType

import dagster as dg

from sse_assets.orchestration.dagster_internals import (
    AssetGraphView,
    BaseAssetGraph,
    CachingStaleStatusResolver,
    LoadingContextForTest,
    StaleStatus,
    extract_data_version_from_entry,
)
from sse_assets.orchestration.on_demand import is_on_demand


class Staleness:
    """Stale assets at one moment; make another one for the next moment."""

    def __init__(
        self, graph: BaseAssetGraph, instance: dg.DagsterInstance, view: AssetGraphView | None = None
    ) -> None:
        """Read the storage of a graph; look-ups are shared with all others that use the same `view`."""
        self._graph = graph
        self._instance = instance
        self._resolver = CachingStaleStatusResolver(instance, graph, view or LoadingContextForTest(instance))

    def stale(self, key: dg.AssetKey) -> list[str | None]:
        """Return the partitions that are missing, or made by another code version or from other data.

        An unpartitioned asset has the single partition None.
        """
        found = [
            partition
            for partition in self.partitions(key)
            if self._resolver.get_status(key, partition) is not StaleStatus.FRESH
        ]
        return [None] if not found and self._has_new_partitions_upstream(key) else found

    def partitions(self, key: dg.AssetKey) -> list[str | None]:
        """Return every partition; None is the only one of an unpartitioned asset."""
        if not self._graph.get(key).is_partitioned:
            return [None]
        return [*partition_names(self._graph, self._instance, key)]

    def _has_new_partitions_upstream(self, key: dg.AssetKey) -> bool:
        """Return whether a partition upstream has appeared or changed since an unpartitioned asset was made.

        Dagster's resolver looks neither at a parent with a hundred partitions or more nor at a partition that
        was not there before.
        """
        if self._graph.get(key).partitions_def is not None:
            return False
        made = self._instance.get_latest_data_version_record(key)
        if made is None:
            return False
        for parent in self._graph.get(key).parent_keys:
            if self._graph.get(parent).partitions_def is None:
                continue
            latest = self._instance.get_latest_storage_id_by_partition(
                parent, dg.DagsterEventType.ASSET_MATERIALIZATION
            )
            for partition, storage_id in latest.items():
                if storage_id > made.storage_id and self._has_changed(parent, partition, made.storage_id):
                    return True
        return False

    def _has_changed(self, key: dg.AssetKey, partition: str, since: int) -> bool:
        """Return whether the content of a partition is new or different since a storage id."""
        before, after = (
            self._instance.get_latest_data_version_record(key, partition_key=partition, before_cursor=cursor)
            for cursor in (since + 1, None)
        )
        if before is None or after is None:
            return before is not after
        versions = (extract_data_version_from_entry(record.event_log_entry) for record in (before, after))
        return next(versions) != next(versions)


def stale_partitions(
    graph: BaseAssetGraph,
    instance: dg.DagsterInstance,
    *,
    anyway: Collection[dg.AssetKey] = (),
    on_demand: Mapping[dg.AssetKey, Collection[str] | None] = MappingProxyType({}),
) -> dict[dg.AssetKey, list[str | None]]:
    """Return stale or missing assets, upstream first, each with its stale partitions.

    Unlike `Staleness` this looks ahead: every partition downstream of something stale is stale. What one step
    makes is stale together, as a step that has gained a table cannot make that one alone.

    Args:
        graph: every asset.
        instance: Dagster's storage.
        anyway: assets that count as stale in any case.
        on_demand: assets made on demand that are wanted, with the wanted partitions, None for all. The others
            are left as they are, stale or not, and so are the assets that follow from them.
    """
    staleness = Staleness(graph, instance)
    of_step: dict[dg.AssetKey, list[str | None]] = {}
    while True:
        stale: dict[dg.AssetKey, list[str | None]] = {}
        for key in graph.toposorted_asset_keys:
            tainted = key in anyway or any(parent in stale for parent in graph.get(key).parent_keys)
            found = staleness.partitions(key) if tainted else staleness.stale(key)
            if is_on_demand(graph.get(key).tags):
                wanted = on_demand.get(key, ())
                found = [partition for partition in found if wanted is None or partition in wanted]
            found += [partition for partition in of_step.get(key, ()) if partition not in found]
            if found:
                stale[key] = found
        of_step = _by_step(graph, stale)
        if all(set(partitions) == set(stale.get(key, ())) for key, partitions in of_step.items()):
            return stale


def _by_step(
    graph: BaseAssetGraph, stale: Mapping[dg.AssetKey, list[str | None]]
) -> dict[dg.AssetKey, list[str | None]]:
    """Return what is stale of each step, for each asset that the step makes."""
    together: dict[dg.AssetKey, list[str | None]] = {}
    for key, partitions in stale.items():
        for sibling in graph.get(key).execution_set_asset_keys:
            known = together.setdefault(sibling, list(stale.get(sibling, ())))
            known.extend(partition for partition in partitions if partition not in known)
    return together


def partition_names(graph: BaseAssetGraph, instance: dg.DagsterInstance, key: dg.AssetKey) -> list[str]:
    """Return the partitions that an asset has now; none if it is not partitioned."""
    partitions = graph.get(key).partitions_def
    return list(partitions.get_partition_keys(dynamic_partitions_store=instance)) if partitions else []
