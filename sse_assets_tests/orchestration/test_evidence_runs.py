"""The report is made with the answers, and after the evidence once more only if that has changed."""

from pathlib import Path

import dagster as dg
import pandas as pd

from sse_assets.orchestration.evidence import EVIDENCE
from sse_assets.orchestration.io import TableIOManager, table_ins, table_result
from sse_assets.orchestration.progress import PLAIN_LINES, plain_logger
from sse_assets.orchestration.runs import pipeline_of, refresh
from sse_assets_tests.environment import settings_with

SOURCE = {"rows": 1, "evidence": 1, "home": ""}
"""State of the lineage below, which is rebuilt with it."""


@dg.definitions
def definitions() -> dg.Definitions:
    @dg.asset(key=["raw", "source"], code_version=str(SOURCE["rows"]))
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"n": range(int(SOURCE["rows"]))}))

    @dg.asset(key=["metrics", "curve"], ins=table_ins("raw.source"), tags=EVIDENCE)
    def curve(source: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.DataFrame({"n": range(int(SOURCE["evidence"]))}))

    @dg.asset(key=["metrics", "report"], ins=table_ins("raw.source", "metrics.curve"))
    def report(source: pd.DataFrame, curve: pd.DataFrame) -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(pd.concat([source, curve]))

    settings = settings_with(SSE_HOME=str(SOURCE["home"]), SSE_EXECUTOR="in_process")
    return dg.Definitions(
        assets=[source, curve, report],
        resources={"io_manager": TableIOManager(settings, {})},
        executor=dg.in_process_executor,
        loggers={PLAIN_LINES: plain_logger},
    )


def test_the_report_is_made_again_only_after_other_evidence(tmp_path: Path) -> None:
    instance = dg.DagsterInstance.local_temp(str(tmp_path))

    def runs(**state: int) -> list[str]:
        SOURCE.update(state, home=str(tmp_path))
        said: list[str] = []
        assert refresh(
            pipeline_of(__name__),
            instance,
            everything=False,
            news=[],
            op_config={},
            on_demand={},
            announce=said.append,
        )
        return said

    assert runs(rows=1) == ["[1/3] raw", "[2/3] metrics", "[3/3] metrics"]  # the first report has evidence
    assert runs(rows=2) == ["[1/3] raw → metrics", "[2/3] metrics"]
    assert runs(rows=3, evidence=2) == ["[1/3] raw → metrics", "[2/3] metrics", "[3/3] metrics"]
