"""A small lineage, partitioned in the middle, refreshed as `make run` refreshes the whole one."""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import dagster as dg
import pandas as pd
import pytest
from upath import UPath

from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.on_demand import ON_DEMAND, optional_input
from sse_assets.orchestration.progress import PLAIN_LINES, plain_logger
from sse_assets.orchestration.runs import (
    UnknownJobError,
    UnknownOpError,
    made_on_demand,
    pipeline_of,
    plan,
    refresh,
)
from sse_assets.orchestration.settings import Dataset, Executor, Settings
from sse_assets.orchestration.staleness import stale_partitions
from sse_assets.orchestration.tables import TableKey, TableStore

SOURCE = {"rows": 1, "code_version": "1", "fails": False}
"""What the small lineage's source returns; a test changes it, and the job below is rebuilt with it."""


class Scale(dg.Config):
    by: int = 1


def build(home: Path) -> dg.Definitions:
    partitions = dg.StaticPartitionsDefinition(["x", "y"])

    @dg.asset(key=["raw", "source"], code_version=str(SOURCE["code_version"]))
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"n": range(int(SOURCE["rows"]))}))

    @dg.asset(
        key=["models", "trained"], ins={"source": dg.AssetIn(["raw", "source"])}, partitions_def=partitions
    )
    def trained(
        context: dg.AssetExecutionContext, config: Scale, source: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        if SOURCE["fails"] and context.partition_key == "y":
            raise RuntimeError("the disk is full: make room and run again")
        return table_result(source.assign(partition=context.partition_key, n=source["n"] * config.by))

    @dg.asset(
        key=["models", "extra"],
        ins={"source": dg.AssetIn(["raw", "source"])},
        partitions_def=dg.StaticPartitionsDefinition(["a", "b"]),
        tags=ON_DEMAND,
    )
    def extra(context: dg.AssetExecutionContext, source: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(source.assign(partition=context.partition_key))

    @dg.asset(
        key=["metrics", "scores"],
        ins={
            "trained": dg.AssetIn(["models", "trained"]),
            "extra": optional_input(["models", "extra"]),
        },
    )
    def scores(trained: pd.DataFrame, extra: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.concat([trained, extra]))

    settings = Settings(home, UPath(home / "blobs"), None, Dataset.SAMPLE, Executor.IN_PROCESS)
    return dg.Definitions(
        assets=[source, trained, extra, scores],
        jobs=[dg.define_asset_job("make_extra", selection=dg.AssetSelection.assets(extra))],
        resources={"io_manager": TableIOManager(settings)},
        executor=dg.in_process_executor,
        loggers={PLAIN_LINES: plain_logger},
    )


@dg.definitions
def definitions() -> dg.Definitions:
    return build(Path(str(SOURCE["home"])))


class Pipeline:
    """The small lineage on an instance of its own."""

    def __init__(self, home: Path) -> None:
        self.instance = dg.DagsterInstance.local_temp(str(home))
        SOURCE.update(rows=1, code_version="1", fails=False, home=str(home))

    @property
    def graph(self) -> object:
        return build(Path(str(SOURCE["home"]))).resolve_asset_graph()

    def scores(self) -> pd.DataFrame:
        return TableStore(UPath(Path(str(SOURCE["home"])) / "blobs")).read(TableKey("metrics", "scores"))

    def refresh(
        self,
        *,
        everything: bool = False,
        on_demand: Mapping[dg.AssetKey, Collection[str] | None] = MappingProxyType({}),
        **op_config: object,
    ) -> tuple[bool, list[str]]:
        said: list[str] = []
        succeeded = refresh(
            pipeline_of(__name__),
            self.instance,
            everything=everything,
            news=[],
            op_config=op_config,
            on_demand=on_demand,
            announce=said.append,
        )
        return succeeded, said

    def stale(self) -> dict[str, list[str | None]]:
        return {key.path[-1]: parts for key, parts in stale_partitions(self.graph, self.instance).items()}


@pytest.fixture
def pipeline(tmp_path: Path) -> Pipeline:
    return Pipeline(tmp_path)


ALL = [
    "[1/4] raw",
    "[2/4] models [x]",
    "[3/4] models [y]",
    "[4/4] metrics",
]
NOTHING = ["Nothing is stale: every asset is up to date."]


def test_runs_follow_the_lineage_a_partition_each_and_then_rest(pipeline: Pipeline) -> None:
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.refresh() == (True, NOTHING)
    assert pipeline.refresh(everything=True) == (True, ALL)


def test_a_new_code_version_makes_what_follows_stale(pipeline: Pipeline) -> None:
    pipeline.refresh()
    SOURCE["code_version"] = "2"
    assert pipeline.stale() == {"source": [None], "trained": ["x", "y"], "scores": [None]}
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.stale() == {}


def test_configured_steps_are_made_again_with_what_follows(pipeline: Pipeline) -> None:
    pipeline.refresh()
    succeeded, said = pipeline.refresh(models__trained={"config": {"by": 3}})
    assert (succeeded, said) == (True, ["[1/3] models [x]", "[2/3] models [y]", "[3/3] metrics"])


def test_an_unknown_step_is_named_before_any_run(pipeline: Pipeline) -> None:
    with pytest.raises(UnknownOpError, match="no asset is made by 'trees'; there are metrics__scores"):
        pipeline.refresh(trees={"config": {}})
    assert pipeline.instance.get_runs_count() == 0


def test_after_a_failure_the_next_call_goes_on_from_there(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    SOURCE["fails"] = True
    succeeded, said = pipeline.refresh()
    assert (succeeded, said) == (False, ALL[:3])
    shown = capfd.readouterr().err
    assert "✗ models__trained: RuntimeError: the disk is full: make room and run again" in shown
    assert "Traceback" not in shown
    SOURCE["fails"] = False
    assert pipeline.refresh() == (True, ["[1/2] models [y]", "[2/2] metrics"])


def test_a_plan_of_nothing_is_empty(pipeline: Pipeline) -> None:
    assert plan(pipeline.graph, {}) == []


def test_what_is_made_on_demand_waits_until_it_is_wanted(pipeline: Pipeline) -> None:
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.refresh() == (True, NOTHING)
    wanted = made_on_demand(pipeline_of(__name__), "make_extra", ["a"])
    assert pipeline.refresh(on_demand=wanted) == (True, ["[1/2] models [a]", "[2/2] metrics"])
    assert set(pipeline.scores()["partition"]) == {"x", "y", "a"}
    assert pipeline.refresh() == (True, NOTHING)
    # A change upstream leaves it as it is, and what it gave stays in.
    SOURCE["rows"] = 2
    SOURCE["code_version"] = "2"
    assert pipeline.refresh() == (True, ALL)
    assert set(pipeline.scores()["partition"]) == {"x", "y", "a"}
    every = made_on_demand(pipeline_of(__name__), "make_extra", [])
    assert pipeline.refresh(on_demand=every) == (
        True,
        ["[1/3] models [a]", "[2/3] models [b]", "[3/3] metrics"],
    )


def test_a_job_or_partition_that_does_not_exist_is_named(pipeline: Pipeline) -> None:
    location = pipeline_of(__name__)
    with pytest.raises(UnknownJobError, match=r"there is no job 'nope' .*; there are: make_extra"):
        made_on_demand(location, "nope", [])
    with pytest.raises(UnknownJobError, match="make_extra has no partition 'z'; there are: a, b"):
        made_on_demand(location, "make_extra", ["z"])
