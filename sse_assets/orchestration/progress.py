"""A run as a person follows it in a terminal: a line for each finished asset, and word from long steps."""

import logging
import os
import time
from collections.abc import Callable
from typing import TypeVar

import dagster as dg
from dagster import DagsterEventType

_SECONDS_BETWEEN_LINES = 10.0

Word = TypeVar("Word")


class _PlainLines(logging.Formatter):
    """Leaves of Dagster's records what a person follows: assets finished, checks failed, messages of ours."""

    def format(self, record: logging.LogRecord) -> str:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event") if isinstance(meta, dict) else None
        step = meta.get("step_key") if isinstance(meta, dict) else None
        if event is None:
            return f"  · {step or 'run'}: {meta.get('orig_message', record.getMessage())}"
        if event.event_type == DagsterEventType.ASSET_MATERIALIZATION:
            return f"  ✓ {_asset(event)}{_rows(event)}"
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            return f"  {_mark(event)} check {_what_was_found(event)}"
        return f"  ✗ {step}: {_what_was_raised(event)}"


class _Followed(logging.Filter):
    def filter(self, record: logging.LogRecord) -> bool:
        meta = getattr(record, "dagster_meta", {})
        event = meta.get("dagster_event") if isinstance(meta, dict) else None
        if event is None:
            skipped = str(meta.get("orig_message", "")).startswith("Dependencies for step")
            return record.levelno >= logging.INFO and not skipped  # what failed says so itself
        if event.event_type == DagsterEventType.ASSET_CHECK_EVALUATION:
            return not event.asset_check_evaluation_data.passed
        return event.event_type in (
            DagsterEventType.ASSET_MATERIALIZATION,
            DagsterEventType.STEP_FAILURE,
        )


def _asset(event: dg.DagsterEvent) -> str:
    key, partition = event.asset_key, event.partition
    assert key is not None
    return ".".join(key.path) + (f" [{partition}]" if partition else "")


def _rows(event: dg.DagsterEvent) -> str:
    metadata = event.step_materialization_data.materialization.metadata
    rows = metadata.get("dagster/row_count", metadata.get("dagster/partition_row_count"))
    return f": {rows.value} rows" if rows else ""


def _mark(event: dg.DagsterEvent) -> str:
    """`!` for a check that only warns."""
    warns = event.asset_check_evaluation_data.severity is dg.AssetCheckSeverity.WARN
    return "!" if warns else "✗"


def _what_was_found(event: dg.DagsterEvent) -> str:
    """The check, and its own words where it has some."""
    check = event.asset_check_evaluation_data
    return f"{check.check_name}: {check.description}" if check.description else check.check_name


def _what_was_raised(event: dg.DagsterEvent) -> str:
    """The exception that the step raised, without Dagster's own around it; its traceback is in the UI."""
    error = event.step_failure_data.error
    if error is None:
        return str(event.message)
    return (error.cause or error).message.strip()


PLAIN_LINES = "plain_lines"
"""Name of `plain_logger` in the definitions."""


@dg.logger
def plain_logger(_: dg.InitLoggerContext) -> logging.Logger:
    """The console logger of `make run`."""
    logger = logging.getLogger("sse_assets.run")
    logger.setLevel(logging.DEBUG)
    logger.propagate = False
    logger.handlers.clear()
    # While a step runs, Dagster redirects this process's standard error and copies it to the terminal with a
    # delay. A line of progress goes there at once.
    handler = logging.StreamHandler(os.fdopen(os.dup(2), "w", buffering=1))
    handler.setFormatter(_PlainLines())
    handler.addFilter(_Followed())
    logger.addHandler(handler)
    return logger


def report_progress(log: dg.DagsterLogManager, what: str) -> Callable[[int, int], None]:
    """A callback for long work that logs `what: done of total` every ten seconds, and at the end."""
    started = time.monotonic()
    last = started

    def progress(done: int, total: int) -> None:
        nonlocal last
        now = time.monotonic()
        if done < total and now - last < _SECONDS_BETWEEN_LINES:
            return
        last = now
        left = (now - started) / done * (total - done) if done else 0.0
        remaining = f", about {left:.0f} s left" if done < total else f" in {now - started:.0f} s"
        log.info(f"{what}: {done} of {total}{remaining}")

    return progress


def at_most_every(seconds: float, tell: Callable[[Word], None]) -> Callable[[Word], None]:
    """`tell`, but calls that come sooner than this after the last one are dropped."""
    last = -seconds

    def tell_at_times(word: Word) -> None:
        nonlocal last
        now = time.monotonic()
        if now - last >= seconds:
            last = now
            tell(word)

    return tell_at_times
