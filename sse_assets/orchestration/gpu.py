"""What a step on a GPU carries; put all of it on every such asset, and nowhere else.

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
"""Steps of one pool take turns: on one machine a GPU serves one step at a time. A machine with several raises
the limit of the pool in the UI (Deployment, Concurrency)."""

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
"""Where there are many machines, these place the step on one that has a GPU. They belong to the step: as
settings of the executor, they would ask for a GPU for every step."""

_OTHERS_MAY_HOLD = 0.2
"""Part of a GPU's memory that counts as nobody's: drivers and this process's own context take some."""


@contextmanager
def waiting_for_gpu_memory(context: dg.AssetExecutionContext) -> Iterator[None]:
    """A step that runs out of memory which somebody else holds tries again after 1, 4 and 16 minutes.

    Where the memory is all its own, it fails at once: later, too, it would ask for more than there is. So do
    missing weights, or a GPU that is not there.
    """
    try:
        yield
    except Exception as error:
        if _is_out_of_memory(error) and _others_hold_memory():
            raise after_a_pause(context.retry_number) from error
        raise


def _is_out_of_memory(error: BaseException | None) -> bool:
    """Whether torch says so, or an error that came of that."""
    import torch  # takes seconds, which a step on a GPU has spent already

    while error is not None and not isinstance(error, torch.OutOfMemoryError):
        error = error.__cause__
    return error is not None


def _others_hold_memory() -> bool:
    import torch

    free, total = torch.cuda.mem_get_info()
    return total - free - torch.cuda.memory_reserved() > _OTHERS_MAY_HOLD * total
