"""One set of definitions, carried out as the settings or the run say."""

import os
from collections.abc import Callable
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.orchestration import settings as settings_module
from sse_assets.orchestration.executors import executor_of, require_ray_cluster
from sse_assets.orchestration.settings import SettingsError
from sse_assets_tests.command_line import sse_assets
from sse_assets_tests.environment import settings_with
from sse_assets_tests.services.processes import free_port


def _job(executor: str) -> dg.JobDefinition:
    @dg.asset
    def process() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"pid": os.getpid()})

    definitions = dg.Definitions(
        assets=[process],
        jobs=[dg.define_asset_job("everything")],
        executor=executor_of(settings_with(SSE_EXECUTOR=executor)),
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


@pytest.mark.parametrize("executor", ["ray", "kubernetes"])
def test_an_executor_without_its_extra_names_the_remedy(
    executor: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(settings_module, "find_spec", lambda _: None)
    remedy = rf"SSE_EXECUTOR={executor} needs the extra of that name: pip install .*\[{executor}\]"
    with pytest.raises(SettingsError, match=remedy):
        settings_with(SSE_EXECUTOR=executor)


def test_pods_for_steps_are_refused_where_runs_are_no_pods(tmp_path: Path) -> None:
    pytest.importorskip("dagster_k8s", reason="needs the extra `kubernetes`")
    with (
        dg.DagsterInstance.local_temp(str(tmp_path)) as instance,
        pytest.raises(SettingsError, match=r"only where runs do.*choose another executor"),
    ):
        dg.execute_job(
            dg.reconstructable(multiprocess),
            instance,
            run_config={"execution": {"config": {"kubernetes": {}}}},
        )


def test_a_ray_cluster_that_does_not_answer_is_named_with_the_remedy() -> None:
    address = f"http://127.0.0.1:{free_port()}"
    with pytest.raises(SettingsError, match=f"finds no Ray cluster at {address}: set RAY_ADDRESS"):
        require_ray_cluster(address)


def test_a_run_on_a_cluster_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    pytest.importorskip("dagster_ray")
    address = f"http://127.0.0.1:{free_port()}"
    run = sse_assets(tmp_path, "run", SSE_EXECUTOR="ray", RAY_ADDRESS=address)
    assert run.exit_code == 1
    assert f"finds no Ray cluster at {address}" in run.output
    assert "Traceback" not in run.output
