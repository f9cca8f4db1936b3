"""Steps on a Ray cluster of two nodes, one of which says that it has a GPU."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.orchestration.warehouse import bring_up_to_date
from sse_assets_tests.command_line import Run, small_run_config, sse_assets
from sse_assets_tests.pipeline.ray_lineage import attempts, job

pytest.importorskip("dagster_ray", reason="needs the extra `ray`")

DASHBOARD_PORT = 18265


@pytest.fixture(scope="module")
def cluster() -> Iterator["Cluster"]:  # noqa: F821
    """A head with two cores, and two nodes that say they have a GPU."""
    import ray
    from ray.cluster_utils import Cluster

    os.environ["RAY_ADDRESS"] = f"http://127.0.0.1:{DASHBOARD_PORT}"
    # Nodes that share a machine need ports of their own for their agents.
    ports = ({"dashboard_agent_listen_port": DASHBOARD_PORT + number} for number in (1, 2, 3))
    head = {"num_cpus": 2, "include_dashboard": True, "dashboard_port": DASHBOARD_PORT, **next(ports)}
    cluster = Cluster(initialize_head=True, head_node_args=head)
    for port in ports:
        cluster.add_node(num_cpus=1, num_gpus=1, **port)
    cluster.wait_for_nodes()
    yield cluster
    ray.shutdown()
    cluster.shutdown()
    del os.environ["RAY_ADDRESS"]


def nodes_of_steps() -> dict[str, set[str]]:
    """Ids of the nodes on which each step has run."""
    from ray.job_submission import JobSubmissionClient

    nodes: dict[str, set[str]] = {}
    for submitted in JobSubmissionClient().list_jobs():
        nodes.setdefault(submitted.metadata["dagster/op"], set()).add(str(submitted.driver_node_id))
    return nodes


def test_a_gpu_step_lands_on_the_gpu_and_survives_its_machine(
    cluster: "Cluster",  # noqa: F821
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("SSE_HOME", str(tmp_path))
    monkeypatch.setenv("SSE_EXECUTOR", "ray")
    settings = Settings.from_environment()
    gpu_nodes = {node.node_id for node in cluster.worker_nodes}

    def take_the_machine_away() -> None:
        while not attempts(settings):
            if run_is_over.wait(0.5):
                return
        (lost,) = nodes_of_steps()["generated__relaxed"]
        node = next(node for node in cluster.worker_nodes if node.node_id == lost)
        cluster.remove_node(node, allow_graceful=False)

    run_is_over = threading.Event()
    accident = threading.Thread(target=take_the_machine_away)
    accident.start()
    settings.dagster_home.mkdir()
    try:
        with dg.DagsterInstance.local_temp(str(settings.dagster_home)) as instance:
            result = dg.execute_job(dg.reconstructable(job), instance)
            made = [event.asset_key for event in result.all_events if event.is_step_materialization]
    finally:
        run_is_over.set()
        accident.join()

    assert result.success
    assert len(made) == len(set(made)) == 3  # nothing lost, nothing doubled
    assert attempts(settings) == ["GPU 0", "GPU 0"]
    nodes = nodes_of_steps()
    assert nodes["generated__relaxed"] == gpu_nodes  # the second one after the first was lost
    assert not (nodes["curated__data"] | nodes["metrics__scores"]) & gpu_nodes
    store = TableStore(settings.blob_root)
    assert store.read(TableKey("metrics", "scores"))["x"].tolist() == [1.0, 1.0]
    assert not settings.warehouse.exists()  # workers leave it alone
    assert len(bring_up_to_date(settings.warehouse, store).tables) == 3


@pytest.mark.usefixtures("cluster")
def test_the_sample_scores_as_it_does_in_one_process(sample_run: Run, tmp_path: Path) -> None:
    run = sse_assets(
        tmp_path, "run", "--config", str(small_run_config(tmp_path / "small.yaml")), SSE_EXECUTOR="ray"
    )
    assert run.exit_code == 0, run.output
    key = TableKey("metrics", "scores")
    pd.testing.assert_frame_equal(run.store.read(key), sample_run.store.read(key), rtol=0, atol=1e-9)
