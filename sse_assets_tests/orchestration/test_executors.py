"""One set of definitions, carried out as the settings or the run say."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.orchestration import settings as settings_module
from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.settings import Settings, SettingsError


def _job(executor: str) -> dg.JobDefinition:
    @dg.asset
    def process() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"pid": os.getpid()})

    definitions = dg.Definitions(
        assets=[process],
        jobs=[dg.define_asset_job("everything")],
        executor=executor_of(Settings.from_environment({"SSE_EXECUTOR": executor})),
    )
    return definitions.resolve_job_def("everything")


def in_process() -> dg.JobDefinition:
    return _job("in_process")


def multiprocess() -> dg.JobDefinition:
    return _job("multiprocess")


@pytest.mark.parametrize(
    ("job", "of_run", "in_this_process"),
    [
        (in_process, None, True),
        (multiprocess, None, False),
        (multiprocess, "in_process", True),
        (in_process, "multiprocess", False),
    ],
)
def test_a_run_may_choose_another_executor_than_the_environment(
    tmp_path: Path, job: Callable[[], dg.JobDefinition], of_run: str | None, in_this_process: bool
) -> None:
    run_config = {"execution": {"config": {of_run: {}}}} if of_run else {}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        dg.execute_job(dg.reconstructable(job), instance, run_config=run_config) as result,
    ):
        assert result.success
        (made,) = result.asset_materializations_for_node("process")
    assert (made.metadata["pid"].value == os.getpid()) is in_this_process


def test_ray_without_ray_names_the_remedy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(settings_module, "find_spec", lambda _: None)
    with pytest.raises(SettingsError, match="SSE_EXECUTOR=ray needs Ray: pip install"):
        Settings.from_environment({"SSE_EXECUTOR": "ray"})
