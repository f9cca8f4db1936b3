"""Steps to be killed: `slow` and `relaxed` go on when the test says so, and note when they begin and end.

curated.data → generated.slow → metrics.scores          generated.relaxed, on the GPU
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import dagster as dg
import pandas as pd

from sse_assets.orchestration.executors import executor_of
from sse_assets.orchestration.gpu import GPU_POOL, GPU_TAGS
from sse_assets.orchestration.housekeeping import housekeeping_sensor
from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.settings import Settings

DATA, SLOW, SCORES, RELAXED = (
    dg.AssetKey(path.split("."))
    for path in ("curated.data", "generated.slow", "metrics.scores", "generated.relaxed")
)


class Notes:
    """What the steps write down for the test, and the test for the steps."""

    def __init__(self, home: Path) -> None:
        self._file = home / "notes"
        self._go_on = home / "go_on"

    def of(self, word: str) -> list[str]:
        """What was noted after a word such as `slow begins`, in order."""
        return [line.removeprefix(f"{word} ") for line in self.lines() if line.startswith(f"{word} ")]

    def lines(self) -> list[str]:
        """Everything that was noted."""
        return self._file.read_text().splitlines() if self._file.exists() else []

    def let_go_on(self) -> None:
        self._go_on.touch()

    def hold(self) -> None:
        """Let later steps wait again, and forget what was noted."""
        self._go_on.unlink(missing_ok=True)
        self._file.unlink(missing_ok=True)

    @contextmanager
    def waiting(self, step: str, who: object) -> Iterator[None]:
        """A step that waits until the test lets it go on."""
        self._add(f"{step} begins {who}")
        deadline = time.monotonic() + 600
        while not self._go_on.exists() and time.monotonic() < deadline:
            time.sleep(0.1)
        yield
        self._add(f"{step} ends {who}")

    def _add(self, line: str) -> None:
        with self._file.open("a") as file:
            file.write(f"{line}\n")


def build(settings: Settings) -> dg.Definitions:
    notes = Notes(settings.home)

    @dg.asset(key=DATA)
    def data() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"x": [1.0, 2.0]}))

    @dg.asset(key=SLOW, ins={"data": dg.AssetIn(DATA)})
    def slow(data: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        with notes.waiting("slow", os.getpid()):
            return table_result(data + 1)

    @dg.asset(key=SCORES, ins={"slow": dg.AssetIn(SLOW)})
    def scores(slow: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(slow * 2)

    @dg.asset(key=RELAXED, pool=GPU_POOL, op_tags=GPU_TAGS)
    def relaxed(context: dg.AssetExecutionContext) -> dg.MaterializeResult[pd.DataFrame]:
        with notes.waiting("relaxed", context.run_id):
            time.sleep(1)
        return table_result(pd.DataFrame({"x": [1.0]}))

    return dg.Definitions(
        assets=[data, slow, scores, relaxed],
        jobs=[
            dg.define_asset_job("everything", selection=[DATA, SLOW, SCORES]),
            dg.define_asset_job("on_the_gpu", selection=[RELAXED]),
        ],
        sensors=[housekeeping_sensor(settings)],
        resources={"io_manager": TableIOManager(settings, {})},
        executor=executor_of(settings),
    )


@dg.definitions
def definitions() -> dg.Definitions:
    return build(Settings.from_environment())
