"""Where this project looks further than Dagster does."""

import dagster as dg
import pytest

from sse_assets.orchestration.staleness import Staleness, stale_partitions

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


def test_a_step_that_gained_a_table_is_stale_as_a_whole_and_so_is_what_follows() -> None:
    """Dagster makes no single table of a step that makes several."""

    def described(*tables: str) -> list[dg.AssetsDefinition]:
        @dg.multi_asset(name="describe", outs={name: dg.AssetOut(code_version="1") for name in tables})
        def describe():
            return tuple(range(len(tables))) if len(tables) > 1 else 0

        @dg.asset(deps=["cells"], code_version="1")
        def follows() -> None: ...

        return [describe, follows]

    with dg.DagsterInstance.ephemeral() as instance:
        dg.materialize(described("cells"), instance=instance)
        more = described("cells", "voids")
        graph = dg.Definitions(assets=more).resolve_asset_graph()
        stale = stale_partitions(graph, instance)
        assert {key.to_user_string(): found for key, found in stale.items()} == {
            "cells": [None],
            "voids": [None],
            "follows": [None],
        }
        assert dg.materialize(more, selection=list(stale), instance=instance).success
        assert not stale_partitions(graph, instance)
