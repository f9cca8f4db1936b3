"""Executors of the steps: `SSE_EXECUTOR` names one, and the launchpad another for a single run.

In the launchpad, `execution: {config: {ray: {}}}` does so.
"""

import ctypes
import os
import signal
import sys
from collections.abc import Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import dagster as dg
import requests

from sse_assets.orchestration.settings import (
    PACKAGES_OF_EXTRAS,
    RUN_PROCESS,
    WORKER,
    Executor,
    Settings,
    SettingsError,
)

_RETRIES: dict[str, Any] = {"retries": {"enabled": {}}}
"""Settings by which steps with a retry policy follow it."""

_RAY_ANSWERS_WITHIN_S = 3.0
_PR_SET_PDEATHSIG = 1
"""Option of `prctl(2)`."""


def executor_of(settings: Settings) -> dg.ExecutorDefinition:
    """Return an executor that offers all those installed in the launchpad; the settings name its default."""
    if settings.run_process == os.getppid():
        _end_with_parent()

    def needs(config: Mapping[str, object]) -> Sequence[dg.ExecutorRequirement]:
        return [] if Executor.IN_PROCESS in config else dg.multiple_process_executor_requirements()

    choices: dict[str, Any] = {
        Executor.IN_PROCESS.value: dg.Field(
            {}, description="All steps in the process of the run, one by one."
        ),
        Executor.MULTIPROCESS.value: dg.Field(
            {
                "max_concurrent": dg.Field(
                    int, default_value=0, description="Steps at once; 0: one for each core."
                )
            },
            description="A process for each step, on this machine.",
        ),
    }
    if find_spec(PACKAGES_OF_EXTRAS[Executor.RAY]):
        choices[Executor.RAY.value] = dg.Field(
            {
                "address": dg.Field(
                    dg.Noneable(str),
                    default_value=None,
                    description="Address of Ray's dashboard; else RAY_ADDRESS.",
                ),
                "cpus": dg.Field(float, default_value=1.0, description="CPU cores that a step takes."),
            },
            description="A Ray job for each step, on the cluster; steps on a GPU where one is free.",
        )
    if find_spec(PACKAGES_OF_EXTRAS[Executor.KUBERNETES]):
        choices[Executor.KUBERNETES.value] = dg.Field(
            {
                "max_concurrent": dg.Field(
                    dg.Noneable(int),
                    default_value=None,
                    description="Steps at once; else all that can start.",
                ),
            },
            description="A pod for each step, in a run that is a pod too; steps on a GPU where one is free.",
        )

    @dg.executor(
        name="where_steps_run",
        config_schema=dg.Field(dg.Selector(choices), default_value={settings.executor.value: {}}),
        requirements=needs,
    )
    def where_steps_run(context: dg.InitExecutorContext) -> dg.Executor:
        ((name, chosen),) = context.executor_config.items()
        assert isinstance(chosen, dict)  # as the schema says
        config = {**_RETRIES, **chosen}
        match Executor(name):
            case Executor.IN_PROCESS:
                executor = dg.in_process_executor
            case Executor.MULTIPROCESS:
                executor = dg.multiprocess_executor
                os.environ[RUN_PROCESS] = str(os.getpid())
            case Executor.RAY:
                require_ray_cluster(chosen["address"] or settings.ray_address)
                executor, config = _ray(), {**_RETRIES, "ray": _ray_config(settings, chosen)}
            case Executor.KUBERNETES:
                executor = _kubernetes(context.instance)
                config = {**config, "env_vars": _worker_environment(settings)}
        assert executor.executor_creation_fn  # which Dagster declares optional
        return executor.executor_creation_fn(context._replace(executor_def=executor, executor_config=config))

    return where_steps_run


def require_ray_cluster(address: str) -> None:
    """Ask the dashboard of a Ray cluster for its version, as each step is handed to it as a job.

    Raises:
        SettingsError: if it does not answer.
    """
    if not address.startswith("http"):  # `ray://…` and `auto` are found by Ray itself
        return
    try:
        requests.get(f"{address.rstrip('/')}/api/version", timeout=_RAY_ANSWERS_WITHIN_S).raise_for_status()
    except requests.RequestException as error:
        raise SettingsError(
            f"SSE_EXECUTOR=ray finds no Ray cluster at {address}: set RAY_ADDRESS to the dashboard of one, "
            "such as http://head:8265, or choose another SSE_EXECUTOR"
        ) from error


def _end_with_parent() -> None:
    """Have Linux kill this process of a step when the process of its run is killed.

    The run is then tried again. A step left over from it would write to the same files and hold the GPU.
    """
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _ray() -> dg.ExecutorDefinition:
    from dagster_ray.core.executor import ray_executor  # Ray takes a second to import; most runs need none

    return ray_executor


def _kubernetes(instance: dg.DagsterInstance) -> dg.ExecutorDefinition:
    from dagster_k8s import K8sRunLauncher, k8s_job_executor  # imported late for the same reason

    # Image, namespace, secrets and permissions of a step's pod are those of the run's.
    if not isinstance(instance.run_launcher, K8sRunLauncher):
        raise SettingsError(
            "Steps become pods only where runs do, as docker/kubernetes/values.yaml sets it up: "
            "choose another executor for this run"
        )
    return k8s_job_executor


def _ray_config(settings: Settings, config: dict[str, Any]) -> dict[str, Any]:
    """Return the settings of a run for `dagster_ray`."""
    return {
        "address": config["address"],
        "num_cpus": config["cpus"],
        "env_vars": [
            *_worker_environment(settings),
            # Ray calls `dagster`; a worker whose PATH lacks it may share this environment's folder.
            f"PATH=${{PATH}}:{Path(sys.executable).parent}",
        ],
    }


def _worker_environment(settings: Settings) -> list[str]:
    """Return the variables that a step on another machine needs.

    Secrets are not among them, for Ray's dashboard shows the environment of a job: a worker has its own.
    """
    return [f"SSE_BLOB_ROOT={settings.blob_root}", f"SSE_DATASET={settings.dataset}", f"{WORKER}=1"]
