"""Conditions under which an asset is made again, look by look, without a daemon."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import dagster as dg
import pytest

from sse_assets.orchestration.automation import NETWORK, NIGHTLY, nightly_fetches, try_again_later
from sse_assets_tests.orchestration.small_lineage import Following, World, definitions_of

DERIVED = ["table", "features", "model [x]", "model [y]", "report"]


@pytest.fixture
def lineage() -> Iterator[Following]:
    with dg.DagsterInstance.ephemeral() as instance:
        yield Following(instance, World())


@pytest.fixture
def made(lineage: Following) -> Following:
    """The lineage with everything made, and nothing left to do."""
    lineage.look()
    lineage.make("source")
    assert lineage.follow() == DERIVED
    return lineage


def test_nothing_starts_before_somebody_makes_the_source(lineage: Following) -> None:
    assert lineage.follow() == []
    lineage.make("source")
    assert lineage.follow() == DERIVED


def test_eight_identical_fetches_and_a_real_change_are_one_training(made: Following) -> None:
    for _ in range(8):
        made.make("source")
        assert made.follow() == []
    made.change(content="2")
    made.make("source")
    assert made.follow() == DERIVED


@pytest.mark.parametrize("rounding", ["table", "features"])
def test_what_comes_out_as_before_stops_there(lineage: Following, rounding: str) -> None:
    lineage.change(rounding=rounding)
    lineage.make("source")
    assert lineage.follow() == DERIVED
    lineage.change(code_versions={rounding: "2"})
    assert lineage.follow() == [rounding]
    lineage.change(content="2")
    lineage.make("source")
    assert lineage.follow() == {"table": ["table"], "features": DERIVED}[rounding]


def test_a_new_code_version_reaches_its_descendants_only(made: Following) -> None:
    made.change(content="2", code_versions={"model": "2"})
    assert made.follow() == ["model [x]", "model [y]", "report"]


def test_a_source_is_kept_up_with_its_code(made: Following) -> None:
    made.change(code_versions={"source": "2"})
    assert made.follow() == ["source"]


def test_downstream_waits_until_everything_upstream_is_at_rest(made: Following) -> None:
    made.change(content="2")
    made.make("source")
    assert made.look() == ["table"]  # model and report read the table too, and wait for the features
    made.make("table")
    assert made.look() == ["features"]
    assert made.look() == ["features"]  # it asks again as long as no run has begun


def test_a_run_in_progress_is_waited_for(made: Following) -> None:
    made.change(content="2")
    made.make("source")
    job = dg.define_asset_job("table", selection=["table"])
    definitions = dg.Definitions.merge(definitions_of(made.world), dg.Definitions(jobs=[job]))
    run = made.instance.create_run_for_job(
        definitions.resolve_job_def("table"),
        asset_selection=frozenset({dg.AssetKey("table")}),
        status=dg.DagsterRunStatus.STARTED,
    )
    assert made.look() == []
    made.instance.report_run_canceled(run)
    assert made.look() == ["table"]


def test_what_is_made_on_demand_is_neither_started_nor_waited_for(lineage: Following) -> None:
    lineage.change(on_demand=("model",))
    lineage.look()
    lineage.make("source")
    assert lineage.follow() == ["table", "features", "report"]
    lineage.make("model", partition="x")
    assert lineage.follow() == ["report"]
    lineage.change(content="2")
    lineage.make("source")
    assert lineage.follow() == ["table", "features", "report"]


def test_what_failed_is_left_alone_until_night_or_until_an_input_is_made_again(made: Following) -> None:
    made.change(content="2", failing="features")
    made.make("source")
    assert made.follow() == ["table", "features"]
    assert made.follow() == []
    made.change(failing="")
    tomorrow = datetime.now(UTC) + timedelta(days=1)
    assert made.follow(evaluation_time=tomorrow) == DERIVED[1:]


@pytest.mark.parametrize("trouble", ["failing", "rejected"])
def test_what_failed_or_was_refused_by_a_blocking_check_is_tried_again_with_a_new_input(
    made: Following, trouble: str
) -> None:
    made.change(content="2", **{trouble: "features"})
    made.make("source")
    assert made.follow() == ["table", "features"]
    made.change(content="3", **{trouble: ""})
    made.make("source")
    assert made.follow() == DERIVED


def test_sources_on_the_network_have_a_nightly_schedule_that_is_off() -> None:
    @dg.asset(key=["raw", "far"], tags=NETWORK)
    def far() -> None: ...

    @dg.asset(key=["raw", "near"])
    def near() -> None: ...

    (schedule,) = nightly_fetches([far, near])
    assert schedule.name == "fetch_far"
    assert schedule.cron_schedule == NIGHTLY
    assert schedule.default_status is dg.DefaultScheduleStatus.STOPPED


def test_only_a_run_that_nobody_waits_for_pauses_before_it_tries_again() -> None:
    by_night = dg.DagsterRun("everything", tags={"dagster/schedule_name": "fetch_far"})
    pauses = [try_again_later(by_night, attempt) for attempt in range(3)]
    assert [pause and pause.seconds_to_wait for pause in pauses] == [60, 240, 960]
    assert try_again_later(dg.DagsterRun("everything"), 0) is None
