"""A person's own measurements, from the inbox into the models."""

import shutil
from importlib.resources import files
from pathlib import Path

from sse_assets.orchestration.tables import TableKey
from sse_assets_tests.command_line import Run, small_run_config, sse_assets

CIF = files("sse_assets.sources") / "sample_data" / "structures" / "lgps.cif"


def test_what_lies_in_the_inbox_is_learned_from(sample_run: Run, tmp_path: Path) -> None:
    home = tmp_path / "home"
    shutil.copytree(sample_run.home, home)
    (home / "inbox" / "lab.csv").write_text(
        "id,formula,conductivity_s_cm,structure\n"
        "ours,Li10GeP2S12,9.0E-03,lgps.cif\n"
        "hot,Li10GeP2S12,9.0E-03,absent.cif\n"
    )
    (home / "inbox" / "lgps.cif").write_bytes(CIF.read_bytes())
    run = sse_assets(home, "run", "--config", str(small_run_config(home / "small.yaml")))
    assert run.exit_code == 0, run.output
    curated = run.store.read(TableKey("curated", "electrolytes")).set_index("electrolyte_id")
    assert curated.loc["inbox:ours", "structure_origin"] == "inbox"
    assert "inbox:ours" in set(run.store.read(TableKey("metrics", "predictions"))["electrolyte_id"])
    refused = run.store.read(TableKey("curated", "rejected")).set_index("source_id").loc["hot"]
    assert refused["source"] == "inbox"
    assert refused["reason"].startswith("lab.csv, line 3: there is no absent.cif")
    answer = "lab.csv: 1 accepted, 1 refused: hot: line 3: there is no absent.cif"
    assert f"Inbox: {answer}" in run.output
    assert "! check inbox_rows_are_used: lab.csv: 1 accepted, 1 refused: hot" in run.output
    again = sse_assets(home, "run").output
    assert "Nothing is stale" in again
    assert f"Inbox: {answer}" in again
    assert answer in sse_assets(home, "inbox").output


def test_the_inbox_answers_before_any_run(tmp_path: Path) -> None:
    asked = sse_assets(tmp_path, "inbox")
    assert (asked.exit_code, asked.output) == (0, f"There is no file in {tmp_path / 'inbox'}\n")
    (tmp_path / "inbox").mkdir()
    (tmp_path / "inbox" / "lab.csv").write_text("id\n")
    asked = sse_assets(tmp_path, "inbox")
    assert asked.output == "lab.csv was put there or changed since the last run\n"
