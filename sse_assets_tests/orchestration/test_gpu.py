"""What becomes of a step that finds no room on its GPU."""

from collections.abc import Callable

import dagster as dg
import pytest
import torch

from sse_assets.orchestration import gpu, retries

GIB = 2**30


def _no_room() -> None:
    try:
        raise torch.OutOfMemoryError("CUDA out of memory")
    except torch.OutOfMemoryError as error:
        raise RuntimeError("training qwen3-8b ran out of memory: free the GPU") from error


def _no_weights() -> None:
    raise FileNotFoundError("no weights")


@pytest.mark.parametrize(
    ("trouble", "free", "own", "attempts"),
    [
        (_no_room, 10 * GIB, 20 * GIB, 4),  # 50 GiB are somebody else's
        (_no_room, 1 * GIB, 78 * GIB, 1),
        (_no_weights, 10 * GIB, 20 * GIB, 1),
    ],
)
def test_memory_that_others_hold_is_waited_for_and_nothing_else(
    monkeypatch: pytest.MonkeyPatch, trouble: Callable[[], None], free: int, own: int, attempts: int
) -> None:
    monkeypatch.setattr(torch.cuda, "mem_get_info", lambda: (free, 80 * GIB))
    monkeypatch.setattr(torch.cuda, "memory_reserved", lambda: own)
    monkeypatch.setattr(retries, "_FIRST_PAUSE_S", 0.01)

    @dg.asset
    def trained(context: dg.AssetExecutionContext) -> None:
        with gpu.waiting_for_gpu_memory(context):
            trouble()

    result = dg.materialize([trained], raise_on_error=False)
    assert not result.success
    pauses = [
        event.step_retry_data.seconds_to_wait for event in result.all_events if event.is_step_up_for_retry
    ]
    assert pauses == pytest.approx([0.01 * 4**attempt for attempt in range(attempts - 1)])
    (failure,) = (event.step_failure_data.error for event in result.all_events if event.is_step_failure)
    assert failure
    assert "free the GPU" in str(failure) or "no weights" in str(failure)
