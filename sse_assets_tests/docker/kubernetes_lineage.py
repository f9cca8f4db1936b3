"""Two steps for Kubernetes, one of which needs a GPU, and a cluster whose pods are processes here."""

import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import dagster as dg

from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS
from sse_assets.orchestration.settings import Settings


def job() -> dg.JobDefinition:
    @dg.asset
    def table() -> dg.MaterializeResult[None]:
        return dg.MaterializeResult(metadata={"worker": Settings.from_environment().is_worker})

    @dg.asset(pool=GPU_POOL, op_tags=GPU_TAGS)
    def relaxed() -> None: ...

    definitions = dg.Definitions(
        assets=[table, relaxed],
        jobs=[dg.define_asset_job("everything")],
        executor=executor_of(Settings.from_environment()),
    )
    return definitions.resolve_job_def("everything")


class Cluster:
    """Stands in for `DagsterKubernetesClient`."""

    def __init__(self) -> None:
        self.pods: dict[str, Any] = {}
        """The template of each step's pod, by the name of the asset."""
        self._processes: dict[str, subprocess.Popen] = {}

    def create_namespaced_job_with_retries(self, body: Any, namespace: str) -> None:
        pod = body.spec.template
        (container,) = pod.spec.containers
        environment = {variable.name: variable.value for variable in container.env if variable.value}
        self.pods[environment["DAGSTER_RUN_STEP_KEY"]] = pod
        program, *arguments = container.args
        command = [str(Path(sys.executable).with_name(program)), *arguments]
        self._processes[body.metadata.name] = subprocess.Popen(command, env=os.environ | environment)

    def get_job_status(self, job_name: str, namespace: str) -> Any:
        from kubernetes.client import V1JobStatus

        return V1JobStatus(failed=int(self._processes[job_name].poll() not in (None, 0)))
