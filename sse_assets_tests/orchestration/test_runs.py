"""Small lineage, partitioned in the middle, refreshed as `make run` refreshes the whole one."""

from collections.abc import Collection, Mapping
from pathlib import Path
from types import MappingProxyType

import dagster as dg
import pandas as pd
import pytest
from upath import UPath

from sse_assets.orchestration.io import TableIOManager, table_ins, table_result
from sse_assets.orchestration.on_demand import ON_DEMAND
from sse_assets.orchestration.progress import PLAIN_LINES, plain_logger
from sse_assets.orchestration.runs import (
    UnknownJobError,
    UnknownOpError,
    made_on_demand,
    pipeline_of,
    plan,
    refresh,
)
from sse_assets.orchestration.staleness import stale_partitions
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.environment import settings_with

SOURCE = {"rows": 1, "code_version": "1", "fails": False, "finds": 0}
"""State of the small lineage; a test changes it, and the job below is rebuilt with it."""


class Scale(dg.Config):
    by: int = 1


def build(home: Path) -> dg.Definitions:
    partitions = dg.StaticPartitionsDefinition(["x", "y"])

    @dg.asset(key=["raw", "source"], code_version=str(SOURCE["code_version"]))
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"n": range(1, int(SOURCE["rows"]) + 1)}))

    @dg.asset(key=["models", "trained"], ins=table_ins("raw.source"), partitions_def=partitions)
    def trained(
        context: dg.AssetExecutionContext, config: Scale, source: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        if SOURCE["fails"] and context.partition_key == "y":
            raise RuntimeError("the disk is full: make room and run again")
        return table_result(source.assign(partition=context.partition_key, n=source["n"] * config.by))

    @dg.asset(
        key=["models", "extra"],
        ins=table_ins("raw.source"),
        partitions_def=dg.StaticPartitionsDefinition(["a", "b"]),
        tags=ON_DEMAND,
    )
    def extra(context: dg.AssetExecutionContext, source: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(source.assign(partition=context.partition_key))

    @dg.asset(key=["raw", "found"], code_version=str(SOURCE["finds"]))
    def found(context: dg.AssetExecutionContext) -> dg.MaterializeResult[pd.DataFrame]:
        names = [f"n{number}" for number in range(int(SOURCE["finds"]))]
        context.instance.add_dynamic_partitions("found", names)
        return table_result(pd.DataFrame({"name": names}))

    @dg.asset(
        key=["models", "of_found"],
        ins=table_ins("raw.found"),
        partitions_def=dg.DynamicPartitionsDefinition(name="found"),
        backfill_policy=dg.BackfillPolicy.single_run(),
        metadata={"partition_expr": "partition"},
        tags=ON_DEMAND,
    )
    def of_found(
        context: dg.AssetExecutionContext, found: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"partition": context.partition_keys}))

    @dg.asset(
        key=["metrics", "scores"],
        ins=table_ins("models.trained") | table_ins("models.extra", "models.of_found", optional=True),
    )
    def scores(
        trained: pd.DataFrame, extra: pd.DataFrame, of_found: pd.DataFrame
    ) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.concat([trained, extra, of_found]))

    settings = settings_with(SSE_HOME=home, SSE_EXECUTOR="in_process")
    return dg.Definitions(
        assets=[source, trained, extra, found, of_found, scores],
        jobs=[
            dg.define_asset_job("make_extra", selection=dg.AssetSelection.assets(extra)),
            dg.define_asset_job("make_of_found", selection=dg.AssetSelection.assets(of_found)),
        ],
        resources={"io_manager": TableIOManager(settings, {})},
        executor=dg.in_process_executor,
        loggers={PLAIN_LINES: plain_logger},
    )


def home() -> Path:
    return Path(str(SOURCE["home"]))


@dg.definitions
def definitions() -> dg.Definitions:
    return build(home())


def wanted(pipeline: "Pipeline", job: str, *partitions: str) -> dict[dg.AssetKey, Collection[str] | None]:
    return made_on_demand(pipeline_of(__name__), pipeline.instance, job, partitions)


class Pipeline:
    """Small lineage on an instance of its own."""

    def __init__(self, home: Path) -> None:
        self.instance = dg.DagsterInstance.local_temp(str(home))
        SOURCE.update(rows=1, code_version="1", fails=False, finds=0, home=str(home))

    @property
    def graph(self) -> object:
        return build(home()).resolve_asset_graph()

    def scores(self) -> pd.DataFrame:
        return TableStore(UPath(home() / "blobs")).read(TableKey("metrics", "scores"))

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


ALL = ["[1/4] raw", "[2/4] models [x]", "[3/4] models [y]", "[4/4] metrics"]
NOTHING = ["Nothing is stale: every asset is up to date."]


def test_runs_follow_the_lineage_a_partition_each_and_then_rest(pipeline: Pipeline) -> None:
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.refresh() == (True, NOTHING)
    assert pipeline.refresh(everything=True) == (True, ALL)


def test_a_new_code_version_makes_what_follows_stale(pipeline: Pipeline) -> None:
    pipeline.refresh()
    SOURCE["code_version"] = "2"
    assert pipeline.stale() == {"source": [None], "trained": ["x", "y"], "scores": [None]}
    SOURCE["rows"] = 2
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.stale() == {}


def test_what_follows_from_a_table_that_came_out_as_it_was_is_left_alone(pipeline: Pipeline) -> None:
    pipeline.refresh()
    SOURCE["code_version"] = "2"
    assert pipeline.refresh() == (True, ["[1/4] raw"])
    assert pipeline.stale() == {}
    assert pipeline.refresh() == (True, NOTHING)


def test_configured_steps_are_made_again_with_what_follows(pipeline: Pipeline) -> None:
    pipeline.refresh()
    succeeded, said = pipeline.refresh(models__trained={"config": {"by": 3}})
    assert (succeeded, said) == (True, ["[1/3] models [x]", "[2/3] models [y]", "[3/3] metrics"])


def test_a_step_is_configured_under_the_name_of_its_table_too(pipeline: Pipeline) -> None:
    pipeline.refresh()
    _, said = pipeline.refresh(**{"models.trained": {"config": {"by": 3}}})
    assert said == ["[1/3] models [x]", "[2/3] models [y]", "[3/3] metrics"]


def test_a_misspelt_step_is_answered_with_the_right_one(pipeline: Pipeline) -> None:
    with pytest.raises(UnknownOpError, match=r"'models\.traned': did you mean models\.trained\?"):
        pipeline.refresh(**{"models.traned": {"config": {}}})


def test_a_misspelt_job_is_answered_with_the_right_one(pipeline: Pipeline) -> None:
    with pytest.raises(UnknownJobError, match=r"did you mean make_extra\?"):
        wanted(pipeline, "make_extras")


def test_an_unknown_step_is_named_before_any_run(pipeline: Pipeline) -> None:
    with pytest.raises(UnknownOpError, match=r"no asset is made by 'trees'; there are metrics\.scores"):
        pipeline.refresh(trees={"config": {}})
    assert pipeline.instance.get_runs_count() == 0


def test_after_a_failure_the_next_call_goes_on_from_there(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    SOURCE["fails"] = True
    succeeded, said = pipeline.refresh()
    assert (succeeded, said) == (False, ALL[:3])
    shown = capfd.readouterr().err
    assert "✗ models.trained: RuntimeError: the disk is full: make room and run again" in shown
    assert "Traceback" not in shown
    SOURCE["fails"] = False
    assert pipeline.refresh() == (True, ["[1/2] models [y]", "[2/2] metrics"])


def test_a_plan_of_nothing_is_empty(pipeline: Pipeline) -> None:
    assert plan(pipeline.graph, pipeline.instance, {}) == []


def test_what_is_made_on_demand_waits_until_it_is_wanted(pipeline: Pipeline) -> None:
    assert pipeline.refresh() == (True, ALL)
    assert pipeline.refresh() == (True, NOTHING)
    only_a = wanted(pipeline, "make_extra", "a")
    assert pipeline.refresh(on_demand=only_a) == (True, ["[1/2] models [a]", "[2/2] metrics"])
    assert set(pipeline.scores()["partition"]) == {"x", "y", "a"}
    assert pipeline.refresh() == (True, NOTHING)
    # A change upstream leaves it as it is, and what it gave stays in.
    SOURCE["rows"] = 2
    SOURCE["code_version"] = "2"
    assert pipeline.refresh() == (True, ALL)
    assert set(pipeline.scores()["partition"]) == {"x", "y", "a"}
    said = ["[1/3] models [a]", "[2/3] models [b]", "[3/3] metrics"]
    assert pipeline.refresh(on_demand=wanted(pipeline, "make_extra")) == (True, said)


@pytest.mark.parametrize(
    ("job", "partitions", "message"),
    [
        ("nope", [], r"there is no job 'nope' .*; there are: make_extra, make_of_found"),
        ("make_extra", ["z"], "make_extra has no partition 'z'; there are: a, b"),
        *(
            ("make_extra", [hostile], "make_extra has no partition")
            for hostile in ("../../a", "a/b", "a\nb", "a|b", 'a"; DROP TABLE runs', "", "\x1b[31ma")
        ),
    ],
)
def test_a_job_or_partition_that_does_not_exist_is_named(
    pipeline: Pipeline, job: str, partitions: list[str], message: str
) -> None:
    with pytest.raises(UnknownJobError, match=message) as error:
        wanted(pipeline, job, *partitions)
    assert str(error.value).isprintable()  # one line, as a terminal shows it


OF_FOUND = dg.AssetKey(["models", "of_found"])


def test_partitions_that_a_run_finds_are_made_in_the_same_refresh(pipeline: Pipeline) -> None:
    SOURCE["finds"] = 2
    everything_there_is = {OF_FOUND: None}
    succeeded, said = pipeline.refresh(on_demand=everything_there_is)
    assert succeeded
    models = [f"models [{partitions}]" for partitions in ("x", "y", "2 partitions")]
    assert sorted(line.split("] ", 1)[1] for line in said) == sorted(["raw", *models, "metrics"])
    assert {"n0", "n1"} <= set(pipeline.scores()["partition"])
    assert pipeline.refresh(on_demand=everything_there_is) == (True, NOTHING)
    SOURCE["finds"] = 3
    pipeline.refresh(on_demand={OF_FOUND: ["n2"]})
    assert {"n0", "n1", "n2"} <= set(pipeline.scores()["partition"])


def test_a_step_that_takes_many_partitions_has_a_run_for_each_range(
    pipeline: Pipeline, capfd: pytest.CaptureFixture[str]
) -> None:
    SOURCE["finds"] = 5
    pipeline.refresh()
    succeeded, said = pipeline.refresh(on_demand={OF_FOUND: ["n0", "n1", "n3"]})
    assert succeeded
    assert said == ["[1/3] models [2 partitions]", "[2/3] models [n3]", "[3/3] metrics"]
    shown = capfd.readouterr().err
    assert "✓ models.of_found: 1 more partitions\n" in shown
    assert shown.count("✓ models.of_found [n") == 2  # one of the range, and n3
    assert set(pipeline.scores()["partition"]) == {"x", "y", "n0", "n1", "n3"}
    assert pipeline.refresh(on_demand={OF_FOUND: ["n0", "n1", "n3"]}) == (True, NOTHING)


def test_a_partition_that_nothing_has_found_yet_is_refused(pipeline: Pipeline) -> None:
    with pytest.raises(UnknownJobError, match="has no partition 'n0'; there are none before a first run"):
        wanted(pipeline, "make_of_found", "n0")
    SOURCE["finds"] = 1
    pipeline.refresh()
    assert wanted(pipeline, "make_of_found", "n0") == {OF_FOUND: ["n0"]}


def test_one_new_partition_among_very_many_makes_what_follows_stale(pipeline: Pipeline) -> None:
    SOURCE["finds"] = 150  # where Dagster itself compares no versions
    pipeline.refresh()
    assert pipeline.stale() == {}
    resources = {"io_manager": TableIOManager(settings_with(SSE_HOME=home()))}
    definitions_now = build(home())
    made_in_the_ui = definitions_now.resolve_job_def("make_of_found").execute_in_process(
        instance=pipeline.instance, partition_key="n7", resources=resources
    )
    assert made_in_the_ui.success
    assert pipeline.stale() == {"scores": [None]}
    assert pipeline.refresh() == (True, ["[1/1] metrics"])
    assert pipeline.stale() == {}
