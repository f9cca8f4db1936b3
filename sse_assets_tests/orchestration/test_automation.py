"""Conditions under which an asset is made again, look by look, without a daemon."""

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import dagster as dg
import pytest

from sse_assets.orchestration import automation
from sse_assets.orchestration.automation import (
    NETWORK,
    NIGHTLY,
    automation_sensor,
    nightly_fetches,
    try_again_later,
)
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
    assert int(schedule.tags["dagster/priority"]) < 0  # a run that a person starts goes before it


class Looks:
    """The sensor of the small lineage, and how often it reads a condition."""

    def __init__(self, instance: dg.DagsterInstance, monkeypatch: pytest.MonkeyPatch) -> None:
        self.instance = instance
        self.read = 0
        self.clock = 1000.0
        self._cursor: str | None = None
        definitions = dg.Definitions.merge(
            definitions_of(World()), dg.Definitions(sensors=[automation_sensor()])
        )
        self._repository = definitions.get_repository_def()
        evaluate = automation.Stale.evaluate

        def counted(condition: automation.Stale, context: Any) -> Any:
            self.read += 1
            return evaluate(condition, context)

        monkeypatch.setattr(automation.Stale, "evaluate", counted)
        monkeypatch.setattr(automation.time, "monotonic", lambda: self.clock)

    def look(self) -> list[dg.RunRequest]:
        context = dg.build_sensor_context(
            instance=self.instance, cursor=self._cursor, repository_def=self._repository
        )
        found = self._repository.get_sensor_def(automation.SENSOR).evaluate_tick(context)
        self._cursor = found.cursor
        return list(found.run_requests or [])

    def reads(self) -> bool:
        """Look once, and return whether a condition was read."""
        before = self.read
        self.look()
        return self.read > before


def test_a_look_reads_conditions_when_something_happened_or_time_has_passed(
    made: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(made.instance, monkeypatch)
    while looks.reads():
        assert looks.read < 100, "it never comes to rest"
    assert not looks.reads()
    made.make("source")
    assert looks.reads()
    while looks.reads():
        assert looks.read < 200, "it never comes to rest"
    looks.clock += 301
    assert looks.reads()


def test_a_look_after_a_change_asks_for_runs_that_persons_overtake(
    made: Following, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = Looks(made.instance, monkeypatch)
    while looks.reads():
        pass
    made.change(content="2")
    made.make("source")
    (request,) = looks.look()
    assert int(request.tags["dagster/priority"]) < 0


def test_a_look_writes_nothing_to_the_terminal_of_the_ui(
    made: Following, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    looks = Looks(made.instance, monkeypatch)
    capfd.readouterr()
    assert looks.reads()
    assert capfd.readouterr().err == ""


def test_only_a_run_that_nobody_waits_for_pauses_before_it_tries_again() -> None:
    by_night = dg.DagsterRun("everything", tags={"dagster/schedule_name": "fetch_far"})
    pauses = [try_again_later(by_night, attempt) for attempt in range(3)]
    assert [pause and pause.seconds_to_wait for pause in pauses] == [60, 240, 960]
    assert try_again_later(dg.DagsterRun("everything"), 0) is None
