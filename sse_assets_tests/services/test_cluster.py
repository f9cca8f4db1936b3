"""The sample pipeline on Ray, S3 and PostgreSQL, with the processes of a deployment, one of which is lost."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import dagster as dg
import duckdb
import pandas as pd
import pytest
from dagster._core.definitions.assets.graph.asset_graph import AssetGraph
from dagster._core.definitions.assets.job.asset_job import IMPLICIT_ASSET_JOB_NAME

from sse_assets.orchestration.on_demand import is_on_demand
from sse_assets.orchestration.runs import PlannedRun, partition_tags, pipeline_of, plan
from sse_assets.orchestration.settings import Settings
from sse_assets.orchestration.staleness import partition_names, stale_partitions
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.command_line import SMALL_TREES, Run
from sse_assets_tests.services.deployment import LOCATION, POSTGRES_URL, REPOSITORY_NAME, Deployment
from sse_assets_tests.services.object_store import BUCKET, object_store
from sse_assets_tests.services.postgres import postgres
from sse_assets_tests.services.processes import wait_for
from sse_assets_tests.services.ray_cluster import RayCluster, ray_cluster

pytestmark = pytest.mark.services

SCORES = TableKey("metrics", "scores")
SEARCH = "search_structure"
TREES = dg.AssetKey(["models", "boosted_trees_settings"])
PATIENCE_S = 900
"""For a whole run on cores that are busy with other things."""


@dataclass
class Site:
    """A deployment on a cluster, and what it has."""

    deployment: Deployment
    cluster: RayCluster
    gpu_node: Any
    settings: Settings
    instance: dg.DagsterInstance
    graph: AssetGraph

    def launch(self, run: PlannedRun) -> str:
        """Materialise assets as a person does who selects them in the UI."""
        config = {"ops": {"models__boosted_trees_settings": {"config": SMALL_TREES}}}
        return self.deployment.client().submit_job_execution(
            IMPLICIT_ASSET_JOB_NAME,
            LOCATION,
            REPOSITORY_NAME,
            asset_selection=run.keys,
            run_config=config if TREES in run.keys else {},
            tags=partition_tags(self.graph, run),
        )

    def planned(self) -> list[PlannedRun]:
        """What is stale, in the runs that come first."""
        searches = [key for key in self.graph.get_all_asset_keys() if key.path[0] == "generated"]
        stale = stale_partitions(self.graph, self.instance, on_demand=dict.fromkeys(searches))
        runs = plan(self.graph, self.instance, stale)
        return [run for run in runs if run.keys == runs[0].keys]

    def is_over(self, run_id: str) -> bool:
        run = self.instance.get_run_by_id(run_id)
        assert run
        return run.is_finished

    def succeeds(self, run_id: str) -> None:
        """The run, or the one that takes up what it left."""
        wait_for(lambda: self.is_over(run_id), f"{run_id} does not end", PATIENCE_S)
        again = dg.RunsFilter(tags={"dagster/parent_run_id": run_id})
        run = self.instance.get_run_by_id(run_id)
        if run and not run.is_success:
            wait_for(lambda: self.instance.get_runs(again), f"{run_id} is not tried again")
            (run,) = self.instance.get_runs(again)
            wait_for(lambda: self.is_over(run.run_id), f"{run_id} does not end", PATIENCE_S)
            run = self.instance.get_run_by_id(run.run_id)
        assert run
        assert run.is_success

    def times_made(self, key: dg.AssetKey) -> int:
        return len(self.instance.fetch_materializations(key, limit=100).records)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    home, disks, logs = (tmp_path_factory.mktemp(name) for name in ("home", "disks", "logs"))
    with (
        object_store(21320, logs) as s3,
        postgres(21321) as database,
        pytest.MonkeyPatch.context() as here,
    ):
        # All that a node is given beside a disk of its own.
        shared = {**s3, POSTGRES_URL: database.url}
        with ray_cluster(range(21330, 21340), disks, shared) as cluster:
            cluster.add_node()
            gpu_node = cluster.add_node(num_gpus=1)
            ours = {
                **shared,
                "SSE_BLOB_ROOT": f"s3://{BUCKET}/sse",
                "SSE_EXECUTOR": "ray",
                "RAY_ADDRESS": cluster.address,
            }
            for name, value in {**ours, "SSE_HOME": str(home)}.items():
                here.setenv(name, value)
            deployment = Deployment(home, "sse_assets.definitions", range(21322, 21324), ours)
            try:
                deployment.start()
                deployment.turn_off("keep_up_to_date")  # which would train the large trees
                with deployment.instance() as instance:
                    graph = pipeline_of("sse_assets.definitions").get_definition().asset_graph
                    yield Site(deployment, cluster, gpu_node, Settings.from_environment(), instance, graph)
            finally:
                deployment.stop()


def test_the_sample_scores_as_in_one_process_though_the_machine_with_the_gpu_is_lost(
    site: Site,
    sample_run: Run,
) -> None:
    gpu_nodes = {site.gpu_node.node_id}
    accidents = 0
    while runs := site.planned():
        launched = [site.launch(run) for run in runs]
        if not accidents and any(
            run.partitions != [None] and run.keys[0].path[0] == "generated" for run in runs
        ):
            _lose_its_machine(site, *launched)
            gpu_nodes.add(site.cluster.add_node(num_gpus=1).node_id)
            accidents += 1
        for run_id in launched:
            site.succeeds(run_id)

    assert accidents == 1
    assert site.cluster.nodes_of_steps()[SEARCH] == gpu_nodes  # the second one after the first was lost
    for key in site.graph.get_all_asset_keys():  # nothing lost, nothing doubled
        partitioned = site.graph.get(key).is_partitioned
        partitions = len(partition_names(site.graph, site.instance, key)) if partitioned else 1
        left_out = is_on_demand(site.graph.get(key).tags) and key.path[0] != "generated"
        assert site.times_made(key) == (0 if left_out else partitions), key

    store = TableStore(site.settings.blob_root)
    scores = store.read(SCORES)
    pd.testing.assert_frame_equal(scores, sample_run.store.read(SCORES), rtol=0, atol=1e-9)
    assert not (site.deployment.home / "blobs").exists()
    wait_for(lambda: _rows(site.settings.warehouse) == len(scores), "the warehouse does not catch up")


def _lose_its_machine(site: Site, run_id: str) -> None:
    started = dg.DagsterEventType.STEP_START
    wait_for(lambda: site.instance.all_logs(run_id, of_type=started), "the step on the GPU does not begin")
    site.cluster.lose(site.gpu_node)


def _rows(warehouse: Path) -> int | None:
    """Of the scores in the SQL copy; None if it has none yet, or is being written."""
    try:
        with duckdb.connect(str(warehouse), read_only=True) as connection:
            return connection.execute(f"SELECT count(*) FROM {SCORES}").fetchall()[0][0]
    except (duckdb.IOException, duckdb.CatalogException):
        return None
