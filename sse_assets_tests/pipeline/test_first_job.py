"""The job that the UI offers first: it does what `make run` does, in runs that the UI shows."""

import shutil
from pathlib import Path

import dagster as dg
import pytest

from sse_assets.assets.judging import LEADERBOARD, add_submission
from sse_assets.assets.up_to_date import BRING_UP_TO_DATE
from sse_assets.definitions import definitions
from sse_assets.orchestration.tables import TableKey
from sse_assets.tables import metrics
from sse_assets_tests.command_line import Run


def test_it_makes_what_is_stale_and_no_more(
    sample_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_run.home, home)
    for name, value in {
        "SSE_HOME": home,
        "DAGSTER_HOME": home / "dagster",
        "SSE_EXECUTOR": "in_process",
        "SSE_DATASET": "sample",
    }.items():
        monkeypatch.setenv(name, str(value))
    monkeypatch.delenv("SSE_BLOB_ROOT", raising=False)
    store = Run(home, "", 0).store
    predictions = store.read(TableKey("metrics", "predictions"))
    own = predictions[predictions["model"] == "train_median"].assign(model="mine", imputed=False)
    add_submission(store, metrics.SUBMITTED_PREDICTIONS.frame(own))
    job = definitions().resolve_job_def(BRING_UP_TO_DATE)
    with dg.DagsterInstance.get() as instance:
        before = instance.get_runs_count()
        assert job.execute_in_process(instance=instance).success
        runs = instance.get_runs()[: instance.get_runs_count() - before]
        assert [run.job_name for run in runs] == ["__ASSET_JOB", BRING_UP_TO_DATE]
        assert LEADERBOARD in runs[0].asset_selection
        assert "mine" in set(store.read(TableKey("metrics", "leaderboard"))["model"])
        assert job.execute_in_process(instance=instance).success
        assert instance.get_runs_count() == before + 3  # nothing was stale any more
