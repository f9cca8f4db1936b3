"""Lines about long work: an estimate comes when there is something to say."""

import pytest

from sse_assets.orchestration import progress


class Log:
    def __init__(self) -> None:
        self.lines: list[str] = []

    def info(self, line: str) -> None:
        self.lines.append(line)


@pytest.mark.parametrize(
    ("elapsed", "done", "line"),
    [
        (40.0, 1, "pores: 1 of 671"),  # 7 hours, if the start of the processes counted
        (12.0, 300, "pores: 300 of 671"),
        (30.0, 300, "pores: 300 of 671, about 37 s left"),
        (300.0, 100, "pores: 100 of 671, about 29 min left"),
        (300.0, 671, "pores: 671 of 671 in 300 s"),
    ],
)
def test_the_start_of_long_work_is_no_estimate_of_its_end(
    monkeypatch: pytest.MonkeyPatch, elapsed: float, done: int, line: str
) -> None:
    clock = iter([0.0, elapsed])
    monkeypatch.setattr(progress.time, "monotonic", lambda: next(clock))
    log = Log()
    progress.report_progress(log, "pores")(done, 671)
    assert log.lines == [line]
