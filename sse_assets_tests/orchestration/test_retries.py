"""Steps that fetch try again where nobody waits for them."""

from pathlib import Path
from typing import Any

import dagster as dg
import pytest

from sse_assets.assets import raw
from sse_assets.orchestration import retries
from sse_assets.orchestration.io import TableIOManager
from sse_assets.sources.columns import UnreachableError
from sse_assets_tests.environment import settings_with


@pytest.mark.parametrize(("tags", "attempts"), [({"dagster/schedule_name": "fetch"}, 4), ({}, 1)])
def test_a_fetch_at_night_tries_again_and_then_says_why_not(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, tags: dict[str, str], attempts: int
) -> None:
    asked = []

    def fetch(file: object, **_: Any) -> Path:
        asked.append(file)
        raise UnreachableError("the server does not answer: try again later")

    monkeypatch.setattr(raw, "fetch", fetch)
    monkeypatch.setattr(retries, "_FIRST_PAUSE_S", 0.01)
    settings = settings_with(SSE_HOME=tmp_path, SSE_DATASET="obelix")
    source = next(asset for asset in raw.raw_assets(settings) if asset.key.path[-1] == "liion_measurements")
    result = dg.materialize(
        [source],
        resources={"settings": settings, "io_manager": TableIOManager(settings, {})},
        tags=tags,
        raise_on_error=False,
    )
    assert len(asked) == attempts
    (failure,) = (event.step_failure_data.error for event in result.all_events if event.is_step_failure)
    assert "the server does not answer" in str(failure)


def _run_again(tmp_path: Path, raised: BaseException) -> str | None:
    """Return the tag that forbids a second run, of a run with a step that raises this."""

    @dg.asset
    def failing() -> None:
        raise RuntimeError("it does not work") from raised

    (asset,) = retries.tried_again_with_reason([failing])
    with dg.DagsterInstance.local_temp(str(tmp_path)) as instance:
        result = dg.materialize([asset], instance=instance, raise_on_error=False)
        return instance.get_run_by_id(result.run_id).tags.get("dagster/max_retries")


@pytest.mark.parametrize(
    "raised", [ValueError("test_share is 3.5"), KeyError("formula"), dg.Failure("no", allow_retries=False)]
)
def test_a_run_that_failed_because_of_its_input_is_not_started_again(
    tmp_path: Path, raised: BaseException
) -> None:
    assert _run_again(tmp_path, raised) == "0"


@pytest.mark.parametrize("raised", [OSError("the disk is full"), MemoryError(), dg.Failure("lost")])
def test_a_run_whose_trouble_may_pass_may_be_started_again(tmp_path: Path, raised: BaseException) -> None:
    assert _run_again(tmp_path, raised) is None


def test_an_error_that_is_a_cause_of_its_cause_comes_to_an_end() -> None:
    one, other = OSError("no route"), OSError("no name")
    one.__cause__, other.__cause__ = other, one
    assert not retries.lies_in_the_input(one)
