"""Time that an executor adds to a step, and structure searches shared by the nodes of a Ray cluster.

    python -m benchmarks.executors     # with the extra `dev`; ten minutes on two quiet cores

The cluster is a head and nodes of one core each on this machine; the nodes say that they have a GPU. A search
is a run of one partition at the settings of the sample. All begin at once, as in a backfill of
`search_structures`. Times are those of the clock: on a busy machine, as its load shows, the gain is small.
"""

import multiprocessing
import os
import tempfile
import time
from collections.abc import Iterator
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from itertools import repeat
from pathlib import Path
from unittest.mock import patch

import dagster as dg
import pandas as pd
from dagster._core.code_pointer import ModuleCodePointer
from dagster._core.definitions.reconstruct import ReconstructableJob, bootstrap_standalone_recon_job

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
"""Compositions with cells of four atoms, so that no search is much longer than another."""
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
            with _settings(home / executor, executor), _processes(1) as run:
                seconds = run.submit(_chain, home / executor).result() / STEPS
            quickest = quickest or seconds
            print(f"{executor:<12} {seconds:9.2f} {seconds / quickest:6.1f} {_load()}")

        print(f"\n{len(COMPOSITIONS)} structure searches\nnodes      s  ratio   load")
        alone = None
        for nodes in NODES:
            cluster.add_node(num_gpus=1)
            with _settings(home / f"{nodes}_nodes", Executor.RAY):
                seconds = _searches(home / f"{nodes}_nodes", nodes)
            alone = alone or seconds
            print(f"{nodes:>5} {seconds:6.0f} {alone / seconds:6.2f} {_load()}")


def chain() -> dg.JobDefinition:
    """Return a job of steps that do nothing but wait for the one before."""
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
    """Return the search of the sample as a job, for compositions that are already listed."""
    settings = Settings.from_environment()
    _, search_structure = generated_assets(Dataset.SAMPLE)
    definitions = dg.Definitions(
        assets=[search_structure, dg.AssetSpec(["generated", "compositions"])],
        jobs=[dg.define_asset_job("search", selection=dg.AssetSelection.assets(search_structure))],
        resources={"io_manager": TableIOManager(settings), "settings": settings},
        executor=executor_of(settings),
    )
    return definitions.resolve_job_def("search")


@contextmanager
def _settings(home: Path, executor: Executor) -> Iterator[None]:
    """Set a storage and an executor for the processes that are started meanwhile."""
    home.mkdir()
    with patch.dict(os.environ, {"SSE_HOME": str(home), "SSE_EXECUTOR": executor}):
        yield


def _processes(count: int) -> ProcessPoolExecutor:
    """Return new processes, as the daemon starts one for each run: a process keeps its first definitions."""
    return ProcessPoolExecutor(count, mp_context=multiprocessing.get_context("spawn"))


def _chain(home: Path) -> float:
    """Return the time in s of a run of steps that do nothing, without the start of its process."""
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        job = _here("chain")
        started = time.monotonic()
        assert dg.execute_job(job, instance).success
        return time.monotonic() - started


def _searches(home: Path, nodes: int) -> float:
    """Return the time in s of one run for each composition, all begun at once."""
    rows = [(formula, composition_key(parse_composition(formula)), formula) for formula in COMPOSITIONS]
    listed = pd.DataFrame(rows, columns=["cell_formula", "composition_key", "formula"])
    store = TableStore(Settings.from_environment().blob_root)
    store.write(TableKey("generated", "compositions"), listed)
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        assert compositions_partitions.name
        instance.add_dynamic_partitions(compositions_partitions.name, COMPOSITIONS)
        instance.event_log_storage.set_concurrency_slots(GPU_POOL, nodes)  # as in the UI
        started = time.monotonic()
        with _processes(len(COMPOSITIONS)) as runs:
            assert all(runs.map(_search, repeat(home), COMPOSITIONS))
        return time.monotonic() - started


def _search(home: Path, formula: str) -> bool:
    with dg.DagsterInstance.local_temp(str(home)) as instance:
        tags = {"dagster/partition": formula}
        return dg.execute_job(_here("search"), instance, tags=tags).success


def _here(job: str) -> ReconstructableJob:
    """Return a job of this module by a name that holds in other processes too."""
    return bootstrap_standalone_recon_job(ModuleCodePointer("benchmarks.executors", job, str(REPOSITORY)))


def _load() -> str:
    return f"{os.getloadavg()[0]:6.1f}"


if __name__ == "__main__":
    main()
