"""`sse-assets doctor`, as `make doctor` calls it."""

from pathlib import Path

from sse_assets_tests.command_line import sse_assets


def test_a_machine_on_which_make_run_works_is_in_order(tmp_path: Path) -> None:
    called = sse_assets(tmp_path / "home", "doctor")
    assert called.exit_code == 0, called.output
    assert all(line[:2] in ("✓ ", "! ") for line in called.output.splitlines())
    assert not (tmp_path / "home").exists()


def test_a_wrong_setting_is_a_finding_beside_the_others(tmp_path: Path) -> None:
    called = sse_assets(tmp_path, "doctor", SSE_DATASET="obelisk", SSE_DATASETS="x")
    assert called.exit_code == 1
    assert "✗ SSE_DATASET=obelisk is not one of: sample, obelix" in called.output
    assert "! SSE_DATASETS is set and means nothing" in called.output
    assert "✓ Python" in called.output
    assert "Traceback" not in called.output
