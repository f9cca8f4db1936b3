"""The values for Dagster's Helm chart: their agreement with the project, and the pods of steps."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest
import yaml

from sse_assets.orchestration.gpu import GPU_TAGS
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.docker.compose_files import DOCKER
from sse_assets_tests.docker.dockerfile import all_of, environment
from sse_assets_tests.docker.kubernetes_lineage import Cluster, job

pytest.importorskip("dagster_k8s", reason="needs the extra `kubernetes`")

_VALUES = yaml.safe_load((DOCKER / "kubernetes" / "values.yaml").read_text())
_CODE_SERVER = _VALUES["dagster-user-deployments"]["deployments"][0]
_LAUNCHER = _VALUES["runLauncher"]["config"]["k8sRunLauncher"]
_GPU = "nvidia.com/gpu"


def test_dagster_is_set_up_as_the_project_says() -> None:
    project = yaml.safe_load((REPOSITORY / "dagster.yaml").read_text())
    daemon = _VALUES["dagsterDaemon"]
    assert _VALUES["telemetry"] == project["telemetry"]
    assert _VALUES["additionalInstanceConfig"]["nux"] == project["nux"]
    assert _VALUES["additionalInstanceConfig"]["concurrency"]["pools"] == project["concurrency"]["pools"]
    assert daemon["runRetries"] == {"enabled": True, "maxRetries": project["run_retries"]["max_retries"]}
    for name in ("cancel_timeout_seconds", "free_slots_after_run_end_seconds", "poll_interval_seconds"):
        assert daemon["runMonitoring"][_camel_case(name)] == project["run_monitoring"][name]
    for name, expected in project["retention"].items():
        days = _VALUES["retention"][name]["purgeAfterDays"]
        assert days == expected["purge_after_days"] | {"started": -1}  # which the chart wants to be told


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(other.capitalize() for other in others)


def test_runs_find_what_the_code_server_finds() -> None:
    assert _LAUNCHER["envVars"] == [
        "SSE_WORKER=1",
        *(f"{name}={value}" for name, value in _CODE_SERVER["env"].items()),
    ]
    assert _LAUNCHER["envSecrets"] == _CODE_SERVER["envSecrets"]


def test_users_folders_and_claims_are_those_that_there_are() -> None:
    (user,) = all_of("USER")
    for part in (_VALUES["dagsterWebserver"], _VALUES["dagsterDaemon"], _CODE_SERVER):
        context = part["podSecurityContext"]
        assert f"{context['runAsUser']}:{context['runAsGroup']}" == user.text
    assert _VALUES["global"]["dagsterHome"] == environment()["DAGSTER_HOME"]
    claims = yaml.safe_load_all((DOCKER / "kubernetes" / "claims.yaml").read_text())
    names = [claim["metadata"]["name"] for claim in claims]
    for part, place in ((_CODE_SERVER, environment()["SSE_HOME"]), (_LAUNCHER, environment()["HF_HOME"])):
        ((volume,), (mount,)) = (part[name] for name in ("volumes", "volumeMounts"))
        assert mount == {"name": volume["name"], "mountPath": place}
        names.remove(volume["persistentVolumeClaim"]["claimName"])
    assert not names


def _launcher_config() -> dict[str, Any]:
    """What the chart makes of the values for Dagster's launcher of runs."""
    run = _LAUNCHER["runK8sConfig"]
    image = _CODE_SERVER["image"]
    return {
        "service_account_name": "dagster",
        "instance_config_map": "dagster-instance",
        "postgres_password_secret": _VALUES["global"]["postgresqlSecretName"],
        "dagster_home": _VALUES["global"]["dagsterHome"],
        "job_namespace": "electrolytes",
        "job_image": f"{image['repository']}:{image['tag']}",
        "image_pull_policy": _LAUNCHER["imagePullPolicy"],
        "env_secrets": [secret["name"] for secret in _LAUNCHER["envSecrets"]],
        "env_vars": _LAUNCHER["envVars"],
        "security_context": _LAUNCHER["securityContext"],
        "volumes": _LAUNCHER["volumes"],
        "volume_mounts": _LAUNCHER["volumeMounts"],
        "run_k8s_config": {
            "container_config": run["containerConfig"],
            "pod_spec_config": run["podSpecConfig"],
            "job_spec_config": run["jobSpecConfig"],
        },
    }


def test_only_a_step_that_needs_a_gpu_gets_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    import kubernetes.config
    from dagster_k8s.client import DagsterKubernetesClient

    cluster = Cluster()
    monkeypatch.setattr(kubernetes.config, "load_incluster_config", lambda: None)
    monkeypatch.setattr(DagsterKubernetesClient, "production_client", lambda **_: cluster)
    monkeypatch.setenv("SSE_HOME", str(tmp_path))
    monkeypatch.setenv("SSE_EXECUTOR", "kubernetes")
    config = _launcher_config()
    config["env_vars"] = []  # for what a worker has to know comes with the step
    launcher = {"module": "dagster_k8s", "class": "K8sRunLauncher", "config": config}
    with (
        dg.DagsterInstance.local_temp(str(tmp_path), overrides={"run_launcher": launcher}) as instance,
        dg.execute_job(dg.reconstructable(job), instance) as result,
    ):
        assert result.success
        (made,) = result.asset_materializations_for_node("table")
    assert made.metadata["worker"].value is True

    containers = {name: pod.spec.containers[0] for name, pod in cluster.pods.items()}
    assert containers.keys() == {"table", "relaxed"}
    limits = {name: container.resources.limits for name, container in containers.items()}
    plain = _LAUNCHER["runK8sConfig"]["containerConfig"]["resources"]["limits"]
    tags = GPU_TAGS["dagster-k8s/config"]
    assert limits["table"] == plain
    assert limits["relaxed"] == plain | tags["container_config"]["resources"]["limits"]
    assert limits["relaxed"][_GPU] == "1"
    assert cluster.pods["table"].spec.tolerations is None
    assert [taint.key for taint in cluster.pods["relaxed"].spec.tolerations] == [_GPU]
    for name, pod in cluster.pods.items():
        assert pod.spec.security_context.run_as_user == 10001, name
        secrets = [source.secret_ref.name for source in containers[name].env_from]
        assert secrets == ["sse-object-store"], name
        places = {mount.mount_path for mount in containers[name].volume_mounts}
        assert environment()["HF_HOME"] in places, name
