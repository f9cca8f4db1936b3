"""Assets that are made when somebody asks for them, because they need a GPU, weights or hours.

A refresh leaves them out. Automation does not start them either, since a person chooses their settings.
An asset downstream takes in as many of them as there are. A click on *Materialize all* does not start them:
a job of their own does, or a tag that says that they are meant.
"""

from collections.abc import Mapping

import dagster as dg

from sse_assets.orchestration.dagster_internals import IMPLICIT_ASSET_JOB_NAME

ON_DEMAND: Mapping[str, str] = {"sse_assets/on_demand": "yes"}
"""Tag of an asset that is made on demand."""
ASKED_FOR: Mapping[str, str] = {"sse_assets/asked_for": "yes"}
"""Tag of a run that is meant to make what is made on demand; a person may type it in a dialog."""


def is_on_demand(tags: Mapping[str, str]) -> bool:
    """Return whether an asset with these tags is made on demand."""
    return ON_DEMAND.items() <= tags.items()


def on_demand_selection() -> dg.AssetSelection:
    """Return the selection of all assets that are made on demand."""
    ((name, value),) = ON_DEMAND.items()
    return dg.AssetSelection.tag(name, value)


def refuse_unless_asked_for(context: dg.AssetExecutionContext, job: str, why: str) -> None:
    """Stop a step that *Materialize* started, and that takes hours.

    Args:
        context: context of the step.
        job: job that starts it.
        why: what it would take, as the beginning of the sentence that a person reads.

    Raises:
        dagster.Failure: naming the job.
    """
    is_asked_for = ASKED_FOR.items() <= context.run.tags.items()
    if context.run.job_name == IMPLICIT_ASSET_JOB_NAME and not is_asked_for:
        ((name, value),) = ASKED_FOR.items()
        raise dg.Failure(
            f"{why}, and is not started by *Materialize*: start the job {job}, or give the run the tag "
            f"{name}: {value}",
            allow_retries=False,
        )
