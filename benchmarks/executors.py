"""What an executor costs a step, and how structure searches share out over the nodes of a Ray cluster.

    python -m benchmarks.executors     # with the extra `dev`; ten minutes on two quiet cores

The cluster is a head and nodes, each of one core and on this machine; the nodes say that they have a GPU. A
search is a run of one partition, all begun at once as a backfill of `search_structures` begins them, at the
settings of the sample. Times are by the clock: a busy machine, as its load says, makes the gain small.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pandas as pd
from dagster._core.definitions.reconstruct import ReconstructableJob

from sse_assets.assets.generated import compositions_partitions, generated_assets
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.gpu import GPU_POOL
from sse_assets.orchestration.io import TableIOManager
from sse_assets.orchestration.settings import Dataset, Executor, Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.services.ray_cluster import ray_cluster

STEPS = 4
COMPOSITIONS = ["Li3N", "Li3P", "Li3As", "Li3Sb"]
"""Cells of four atoms, so that no search is much longer than another."""
EXECUTORS = (Executor.IN_PROCESS, Executor.MULTIPROCESS, Executor.RAY)
NODES = (1, 2)
PORTS = range(21400, 21410)


def main() -> None:
    """Print seconds and ratios."""
    with (
        tempfile.TemporaryDirectory() as folder,
        ray_cluster(PORTS, Path(folder), {}) as cluster,
        patch.dict(os.environ, {"RAY_ADDRESS": cluster.address}),
    ):
        home = Path(folder)
        print(f"{STEPS} steps that do nothing, one after another\nexecutor      s a step  ratio   load")
        quickest = None
        for executor in EXECUTORS:
            seconds = _timed(home / executor, executor, _steps) / STEPS
            quickest = quickest or seconds
            print(f"{executor:<12} {seconds:9.2f} {seconds / quickest:6.1f} {_load()}")

        print(f"\n{len(COMPOSITIONS)} structure searches\nnodes      s  ratio   load")
        alone = None
        for nodes in NODES:
            cluster.add_node(num_gpus=1)
            seconds = _timed(home / f"{nodes}_nodes", Executor.RAY, _searches, nodes)
            alone = alone or seconds
            print(f"{nodes:>5} {seconds:6.0f} {alone / seconds:6.2f} {_load()}")


def chain() -> dg.JobDefinition:
    """Steps that do nothing but wait for the one before."""
    settings = Settings.from_environment()

    def step(number: int) -> dg.AssetsDefinition:
        @dg.asset(name=f"step_{number}", deps=[f"step_{number - 1}"] if number else [])
        def nothing() -> None:
            pass

        return nothing

    definitions = dg.Definitions(
        assets=[step(number) for number in range(STEPS)],
        jobs=[dg.define_asset_job("chain")],
        executor=executor_of(settings),
    )
    return definitions.resolve_job_def("chain")


def search() -> dg.JobDefinition:
    """The search of the sample, for compositions that are already listed."""
    settings = Settings.from_environment()
    _, search_structure = generated_assets(Dataset.SAMPLE)
    definitions = dg.Definitions(
        assets=[search_structure],
        jobs=[dg.define_asset_job("search")],
        resources={"io_manager": TableIOManager(settings), "settings": settings},
        executor=executor_of(settings),
    )
    return definitions.resolve_job_def("search")


def _timed(home: Path, executor: Executor, work: Callable[..., None], *arguments: int) -> float:
    """Seconds of some work on storage of its own."""
    home.mkdir()
    with patch.dict(os.environ, {"SSE_HOME": str(home), "SSE_EXECUTOR": executor}):
        started = time.monotonic()
        work(home, *arguments)
        return time.monotonic() - started


def _steps(home: Path) -> None:
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        assert dg.execute_job(_here("chain"), instance).success


def _searches(home: Path, nodes: int) -> None:
    """One run for each composition, in a process of its own as the daemon starts them."""
    rows = [(formula, composition_key(parse_composition(formula)), formula) for formula in COMPOSITIONS]
    listed = pd.DataFrame(rows, columns=["cell_formula", "composition_key", "formula"])
    store = TableStore(Settings.from_environment().blob_root)
    store.write(TableKey("generated", "compositions"), listed)
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        assert compositions_partitions.name
        instance.add_dynamic_partitions(compositions_partitions.name, COMPOSITIONS)
        instance.event_log_storage.set_concurrency_slots(GPU_POOL, nodes)  # as in the UI
        with multiprocessing.get_context("spawn").Pool(len(COMPOSITIONS)) as runs:
            assert all(runs.starmap(_search, [(home, formula) for formula in COMPOSITIONS]))


def _search(home: Path, formula: str) -> bool:
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        tags = {"dagster/partition": formula}
        return dg.execute_job(_here("search"), instance, tags=tags).success


def _here(job: str) -> ReconstructableJob:
    """A job of this module, by a name that holds in other processes too."""
    return ReconstructableJob.for_module("benchmarks.executors", job, working_directory=str(REPOSITORY))


def _load() -> str:
    return f"{os.getloadavg()[0]:6.1f}"


if __name__ == "__main__":
    main()
