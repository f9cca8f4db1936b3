"""What a step needs that runs on a GPU; carried by LoRA training, CHGNet search and dynamics."""

from typing import Any

GPU_POOL = "gpu"
"""On one machine the pool lets one such step run at a time."""

GPU_TAGS: dict[str, Any] = {
    "dagster-ray/config": {"num_gpus": 1},
    "dagster-k8s/config": {"container_config": {"resources": {"limits": {"nvidia.com/gpu": "1"}}}},
}
"""On a cluster the step lands where a GPU is."""
