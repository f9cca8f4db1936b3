"""Another try of a step whose trouble may pass by itself."""

import dagster as dg

_FIRST_PAUSE_S = 60.0


def after_a_pause(attempt: int) -> dg.RetryRequested:
    """Return what a step raises to be tried again after 1, 4 and 16 minutes, and then no more.

    Args:
        attempt: number of earlier repetitions.
    """
    return dg.RetryRequested(max_retries=3, seconds_to_wait=_FIRST_PAUSE_S * 4**attempt)
