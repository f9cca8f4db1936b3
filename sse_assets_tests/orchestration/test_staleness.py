"""Where this project looks further than Dagster does."""

import dagster as dg
import pytest

from sse_assets.orchestration.staleness import Staleness

PARENT, CHILD = dg.AssetKey("structures"), dg.AssetKey("electrolytes")


def definitions(partitions: int | None) -> list[dg.AssetsDefinition]:
    names = (
        dg.StaticPartitionsDefinition([f"p{number}" for number in range(partitions)]) if partitions else None
    )

    @dg.asset(key=PARENT, partitions_def=names, code_version="1")
    def structures() -> None: ...

    @dg.asset(key=CHILD, deps=[PARENT], code_version="1")
    def electrolytes() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(data_version=dg.DataVersion("1"))

    return [structures, electrolytes]


@pytest.mark.parametrize("partitions", [None, 2, 150])
def test_what_appears_or_changes_upstream_makes_stale_and_what_comes_again_does_not(
    partitions: int | None,
) -> None:
    assets = definitions(partitions)
    with dg.DagsterInstance.ephemeral() as instance:

        def make(content: str) -> None:
            version = {"dagster/data_version": content}
            partition = "p1" if partitions else None
            instance.report_runless_asset_event(
                dg.AssetMaterialization(PARENT, partition=partition, tags=version)
            )

        def is_stale() -> bool:
            graph = dg.Definitions(assets=assets).resolve_asset_graph()
            return bool(Staleness(graph, instance).stale(CHILD))

        def make_child() -> None:
            dg.materialize(assets, selection=[CHILD], instance=instance)

        make_child()
        assert not is_stale()  # made without anything upstream
        make("first")
        assert is_stale()
        make_child()
        assert not is_stale()
        make("first")
        assert not is_stale()
        make("second")
        assert is_stale()
        make_child()
        assert not is_stale()
