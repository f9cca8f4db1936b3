"""What a step on a GPU carries; put both on every such asset, and nowhere else.

@dg.asset(pool=GPU_POOL, op_tags=GPU_TAGS, ...)
"""

from typing import Any

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
