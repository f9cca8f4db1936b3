"""Another try of a step whose trouble may pass by itself, and none of one whose trouble stays.

`run_retries` of dagster.yaml starts a failed run once more, as a process or a machine may have been lost. A
step that failed because of its input would fail again.
"""

from collections.abc import Iterable

import dagster as dg

_FIRST_PAUSE_S = 60.0
_OF_THE_INPUT = (ValueError, TypeError, LookupError, ArithmeticError)
"""Errors that the same input gives again. A lost disk, network, memory or process has others."""


def after_a_pause(attempt: int) -> dg.RetryRequested:
    """Return what a step raises to be tried again after 1, 4 and 16 minutes, and then no more.

    Args:
        attempt: number of earlier repetitions.
    """
    return dg.RetryRequested(max_retries=3, seconds_to_wait=_FIRST_PAUSE_S * 4**attempt)


def tried_again_with_reason(assets: Iterable[dg.AssetsDefinition]) -> list[dg.AssetsDefinition]:
    """Return the assets; a run in which one of them failed because of its input is not started again."""
    return [definition.with_hooks({_ends_for_good}) for definition in assets]


def lies_in_the_input(error: BaseException | None) -> bool:
    """Return whether an error, or one of its causes, comes again with the same input."""
    seen: list[BaseException] = []
    while error is not None and error not in seen:  # urllib3 raises errors that are causes of their causes
        if isinstance(error, _OF_THE_INPUT) or (isinstance(error, dg.Failure) and not error.allow_retries):
            return True
        seen.append(error)
        error = error.__cause__
    return False


@dg.failure_hook(name="ends_for_good")
def _ends_for_good(context: dg.HookContext) -> None:
    if lies_in_the_input(context.op_exception):
        context.instance.add_run_tags(context.run_id, {"dagster/max_retries": "0"})
