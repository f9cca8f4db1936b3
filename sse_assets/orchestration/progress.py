"""Lines by which a person follows a run in a terminal: one for each finished asset, more from long steps."""

import logging
import os
import time
from collections.abc import Callable, Mapping
from typing import Any, TextIO, TypeVar

import dagster as dg
from dagster import DagsterEventType

from sse_assets.orchestration.step_settings import spelt

_SECONDS_BETWEEN_LINES = 10.0
_SECONDS_BEFORE_AN_ESTIMATE = 20.0
_SHARE_BEFORE_AN_ESTIMATE = 0.05
"""Time and part of the work before which the start of it (processes, imports) says nothing of the rest."""

Word = TypeVar("Word")


class _PlainLines(logging.StreamHandler):
    """Handler that shows finished assets, failed checks and steps, and our own messages, each in a line.

    Of many partitions that a step has made at once, the first has a line, and the others have one together.
    """

    def __init__(self, stream: TextIO) -> None:
        super().__init__(stream)
        self._made: dg.AssetKey | None = None
        self._further = 0

    def emit(self, record: logging.LogRecord) -> None:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event")
        made = event.asset_key if event and event.is_step_materialization and event.partition else None
        if made is not None and made == self._made:
            self._further += 1
            return
        if self._made is not None and self._further:
            self._say(f"✓ {'.'.join(self._made.path)}: {self._further} more partitions")
        self._made, self._further = made, 0
        line = _line_of_event(event) if event else _line_of_message(record, meta)
        if line is not None:
            self._say(line)

    def _say(self, line: str) -> None:
        self.stream.write(f"  {line}\n")
        self.flush()


def _line_of_message(record: logging.LogRecord, meta: Mapping[str, Any]) -> str | None:
    message = str(meta.get("orig_message", record.getMessage()))
    # A step that is skipped follows one that failed, which has a line of its own.
    if record.levelno < logging.INFO or message.startswith("Dependencies for step"):
        return None
    return f"· {spelt(meta.get('step_key') or 'run')}: {message}"


def _line_of_event(event: dg.DagsterEvent) -> str | None:
    match event.event_type:
        case DagsterEventType.ASSET_MATERIALIZATION:
            assert event.asset_key is not None
            metadata = event.step_materialization_data.materialization.metadata
            rows = metadata.get("dagster/row_count", metadata.get("dagster/partition_row_count"))
            name = ".".join(event.asset_key.path) + (f" [{event.partition}]" if event.partition else "")
            return f"✓ {name}" + (f": {rows.value} rows" if rows else "")
        case DagsterEventType.ASSET_CHECK_EVALUATION:
            check = event.asset_check_evaluation_data
            mark = "!" if check.severity is dg.AssetCheckSeverity.WARN else "✗"
            words = f": {check.description}" if check.description else ""
            return None if check.passed else f"{mark} check {check.check_name}{words}"
        case DagsterEventType.STEP_FAILURE:
            # The UI has the traceback, and Dagster's own error around the one that the step raised.
            error = event.step_failure_data.error
            said = (error.cause or error).message.strip() if error else event.message
            return f"✗ {spelt(event.step_key or 'run')}: {said}"
        case _:
            return None


PLAIN_LINES = "plain_lines"
"""Name of `plain_logger` in the definitions."""


@dg.logger
def plain_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """Return the console logger of `make run`."""
    logger = logging.getLogger("sse_assets.run")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers.clear()
    # While a step runs, Dagster redirects standard error and copies it to the terminal with a delay. A line
    # of progress goes to the terminal at once.
    logger.addHandler(_PlainLines(os.fdopen(os.dup(2), "w", buffering=1)))
    return logger


def report_progress(log: dg.DagsterLogManager, what: str) -> Callable[[int, int], None]:
    """Return a callback for long work that logs `what: done of total` every ten seconds, and at the end.

    An estimate of the time that is left follows when the work has gone on for a while.
    """
    started = time.monotonic()
    last = started

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last < _SECONDS_BETWEEN_LINES:
            return
        last = now
        log.info(f"{what}: {done} of {total}{_time(now - started, done, total)}")

    return progress


def _time(elapsed: float, done: int, total: int) -> str:
    """Return how long finished work took, or how long the rest may take; times in s."""
    if done >= total:
        return f" in {elapsed:.0f} s"
    if elapsed < _SECONDS_BEFORE_AN_ESTIMATE or done < max(1, _SHARE_BEFORE_AN_ESTIMATE * total):
        return ""
    left = elapsed / done * (total - done)
    return f", about {left:.0f} s left" if left < 120 else f", about {left / 60:.0f} min left"


def at_most_every(seconds: float, tell: Callable[[Word], None]) -> Callable[[Word], None]:
    """Return `tell`, but without the calls that come sooner than this after the last one."""
    last = -seconds

    def tell_at_times(word: Word) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            tell(word)

    return tell_at_times
