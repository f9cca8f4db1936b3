"""Pool and tags of a step on a GPU: put both on every such asset, and on no other.

@dg.asset(pool=GPU_POOL, op_tags=GPU_TAGS, ...)
def relaxed(context): with waiting_for_gpu_memory(context): ...

A card or a machine that is lost needs nothing here: the run is tried again by `run_retries` of dagster.yaml.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import dagster as dg

from sse_assets.orchestration.retries import after_a_pause

GPU_POOL = "gpu"
"""Pool whose steps take turns: on one machine a GPU serves one step at a time. With several GPUs, raise the
limit of the pool in the UI (Deployment, Concurrency)."""

GPU_TAGS: dict[str, Any] = {
    "dagster-ray/config": {"num_gpus": 1},
    "dagster-k8s/config": {
        "container_config": {"resources": {"limits": {"nvidia.com/gpu": "1"}}},
        # Nodes with a GPU often turn away whatever does not say that it needs one.
        "pod_spec_config": {
            "tolerations": [{"key": "nvidia.com/gpu", "operator": "Exists", "effect": "NoSchedule"}]
        },
    },
}
"""Tags that place a step on a machine with a GPU, where there are many machines. They belong to the step: as
settings of the executor, they would ask for a GPU for every step."""

_OTHERS_MAY_HOLD = 0.2
"""Part of the memory of a GPU that drivers and the context of this process may take."""


@contextmanager
def waiting_for_gpu_memory(context: dg.AssetExecutionContext) -> Iterator[None]:
    """Try the step again after 1, 4 and 16 minutes if other processes hold the memory that it lacks.

    A step that holds all the memory itself fails at once, for it would ask for too much later as well. It
    also fails at once if weights are missing or if there is no GPU.
    """
    try:
        yield
    except Exception as error:
        if _is_out_of_memory(error) and _others_hold_memory():
            raise after_a_pause(context.retry_number) from error
        raise


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Return whether an error, or one of its causes, is torch's error for lack of memory."""
    import torch  # takes seconds, which a step on a GPU has spent already

    while error is not None and not isinstance(error, torch.OutOfMemoryError):
        error = error.__cause__
    return error is not None


def _others_hold_memory() -> bool:
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free - torch.cuda.memory_reserved() > _OTHERS_MAY_HOLD * total
