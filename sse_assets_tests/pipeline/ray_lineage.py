"""Three steps for a Ray cluster: one of them needs a GPU, and dies with its machine the first time."""

import os
import time
from pathlib import Path

import dagster as dg
import pandas as pd

from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS
from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.settings import Settings

DATA = dg.AssetKey(["curated", "data"])
RELAXED = dg.AssetKey(["generated", "relaxed"])
SCORES = dg.AssetKey(["metrics", "scores"])


def _notes(settings: Settings) -> Path:
    """Where the step on the GPU writes down each of its attempts; the cluster of the tests is one machine."""
    return Path(settings.blob_root.path) / "attempts"


def attempts(settings: Settings) -> list[str]:
    file = _notes(settings)
    return file.read_text().splitlines() if file.exists() else []


def build(settings: Settings) -> dg.Definitions:
    @dg.asset(key=DATA)
    def data() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"x": [1.0, 2.0]}))

    @dg.asset(
        key=RELAXED,
        ins={"data": dg.AssetIn(DATA)},
        pool=GPU_POOL,
        op_tags=GPU_TAGS,
        retry_policy=dg.RetryPolicy(max_retries=1),
    )
    def relaxed(data: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        first = not attempts(settings)
        with _notes(settings).open("a") as notes:
            notes.write(f"GPU {os.environ.get('CUDA_VISIBLE_DEVICES', 'none')}\n")
        if first:
            time.sleep(600)  # until the machine goes down
        return table_result(data + 1)

    @dg.asset(key=SCORES, ins={"relaxed": dg.AssetIn(RELAXED), "data": dg.AssetIn(DATA)})
    def scores(relaxed: pd.DataFrame, data: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(relaxed - data)

    return dg.Definitions(
        assets=[data, relaxed, scores],
        jobs=[dg.define_asset_job("everything")],
        resources={"io_manager": TableIOManager(settings)},
        executor=executor_of(settings),
    )


def job() -> dg.JobDefinition:
    return build(Settings.from_environment()).resolve_job_def("everything")
