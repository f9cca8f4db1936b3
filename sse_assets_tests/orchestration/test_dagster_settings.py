"""What Dagster makes of dagster.yaml."""

import shutil
from collections.abc import Iterator

import dagster as dg
import pytest
from dagster._core.scheduler.instigation import InstigatorType, TickStatus

from sse_assets.orchestration.gpu import GPU_POOL
from sse_assets_tests.conftest import REPOSITORY


@pytest.fixture(scope="module")
def instance(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dg.DagsterInstance]:
    home = tmp_path_factory.mktemp("dagster")
    shutil.copyfile(REPOSITORY / "dagster.yaml", home / "dagster.yaml")
    with dg.DagsterInstance.from_config(str(home)) as instance:
        yield instance


def test_nobody_is_told_and_nobody_is_asked(instance: dg.DagsterInstance) -> None:
    assert not instance.telemetry_enabled
    assert not instance.nux_enabled


def test_lost_runs_are_noticed_and_started_once_more(instance: dg.DagsterInstance) -> None:
    assert instance.run_monitoring_enabled
    assert instance.run_monitoring_start_timeout_seconds == 180
    assert instance.run_monitoring_cancel_timeout_seconds == 60
    assert instance.run_monitoring_poll_interval_seconds == 30
    assert instance.run_retries_enabled
    assert instance.run_retries_max_retries == 1
    assert instance.run_retries_retry_on_asset_or_op_failure


def test_steps_of_a_pool_take_turns_and_a_run_that_ends_frees_its_place(instance: dg.DagsterInstance) -> None:
    concurrency = instance.get_concurrency_config()
    assert concurrency.pool_config.default_pool_limit == 1
    assert concurrency.run_queue_config is not None
    assert concurrency.run_queue_config.max_concurrent_runs == 3
    limits = [{"key": "sse_assets/started_by", "value": "automation", "limit": 2}]
    assert concurrency.run_queue_config.tag_concurrency_limits == limits
    assert instance.run_monitoring_settings["free_slots_after_run_end_seconds"] == 60
    storage = instance.event_log_storage
    storage.initialize_concurrency_limit_to_default(GPU_POOL)  # as a step's first claim does
    first, second = (
        storage.claim_concurrency_slot(GPU_POOL, run_id, "step") for run_id in ("one run", "another")
    )
    assert first.is_claimed
    assert not second.is_claimed
    storage.free_concurrency_slots_for_run("one run")
    assert storage.claim_concurrency_slot(GPU_POOL, "another", "step").is_claimed


def test_looks_that_started_nothing_are_forgotten_and_the_others_kept(instance: dg.DagsterInstance) -> None:
    days = {
        kind: instance.get_tick_retention_settings(kind)
        for kind in (InstigatorType.SENSOR, InstigatorType.SCHEDULE)
    }
    assert days[InstigatorType.SENSOR][TickStatus.SKIPPED] == 2
    assert days[InstigatorType.SCHEDULE][TickStatus.SKIPPED] == 7
    for kind in days:
        assert days[kind][TickStatus.FAILURE] == 90
        assert days[kind][TickStatus.SUCCESS] == -1  # never
