"""What takes hours starts when it is asked for, and not with a click on *Materialize all*."""

from collections.abc import Mapping
from types import MappingProxyType

import dagster as dg
import pytest

from sse_assets.orchestration.on_demand import ASKED_FOR, refuse_unless_asked_for
from sse_assets.orchestration.retries import lies_in_the_input


@dg.asset
def long_work(context: dg.AssetExecutionContext) -> None:
    refuse_unless_asked_for(context, "make_long_work", "the work takes hours")


DEFINITIONS = dg.Definitions(
    assets=[long_work], jobs=[dg.define_asset_job("make_long_work", selection=[long_work])]
)


def started(job: str, tags: Mapping[str, str] = MappingProxyType({})) -> dg.ExecuteInProcessResult:
    return DEFINITIONS.resolve_job_def(job).execute_in_process(tags=dict(tags), raise_on_error=False)


def test_materialize_is_refused_with_the_name_of_the_job() -> None:
    (failure,) = started("__ASSET_JOB").filter_events(lambda event: event.is_step_failure)
    assert "the work takes hours, and is not started by *Materialize*" in str(failure.step_failure_data.error)
    assert "start the job make_long_work" in str(failure.step_failure_data.error)


@pytest.mark.parametrize(("job", "tags"), [("make_long_work", {}), ("__ASSET_JOB", ASKED_FOR)])
def test_its_job_starts_it_and_so_does_the_tag(job: str, tags: Mapping[str, str]) -> None:
    assert started(job, tags).success


def test_a_refusal_is_not_tried_again() -> None:
    with pytest.raises(dg.Failure) as error:
        DEFINITIONS.resolve_job_def("__ASSET_JOB").execute_in_process()
    assert lies_in_the_input(error.value)
