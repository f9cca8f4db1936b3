"""Sentences that a person reads when something is wrong."""

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from sse_assets_tests.command_line import environment_of, sse_assets


def refused(home: Path, *arguments: str, **environment: str) -> str:
    """Return what a run says that fails without a traceback."""
    run = sse_assets(home, "run", *arguments, **environment)
    assert run.exit_code == 1
    assert "Traceback" not in run.output
    return run.output


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SSE_DATASET", "obelisk", "SSE_DATASET=obelisk is not one of: sample, obelix"),
        ("SSE_DATA_MIRROR", "/no/such", "SSE_DATA_MIRROR=/no/such is not a folder"),
    ],
)
def test_a_wrong_setting_is_one_sentence(tmp_path: Path, variable: str, value: str, message: str) -> None:
    assert message in refused(tmp_path, **{variable: value})


@pytest.mark.parametrize(
    ("content", "message"),
    [
        ("ops: {no_such_step: {config: {}}}", "no asset is made by 'no_such_step'; there are "),
        ("n_estimators: 3", "should hold one entry, `ops`"),
        ("ops: [", "is not YAML"),
        ("ops: {models__boosted_trees_settings: {config: {max_depth: deep}}}", "max_depth"),
        (
            "ops: {splits__assignments: {config: {test_share: 3.5}}}",
            "settings of splits.assignments: test_share is 3.5: it must be above 0 and below 1",
        ),
    ],
)
def test_wrong_settings_are_refused_before_any_work(tmp_path: Path, content: str, message: str) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text(content)
    output = refused(tmp_path / "home", "--config", str(config))
    assert message in output
    assert "✓" not in output


def test_a_setting_out_of_its_range_is_refused_before_dagster_is_imported(tmp_path: Path) -> None:
    config = tmp_path / "settings.yaml"
    config.write_text("ops: {describe_crystals: {config: {n_samples: 0}}}")
    command = [sys.executable, "-X", "importtime", "-m", "sse_assets.cli", "run", "--config", str(config)]
    run = subprocess.run(
        command, env=environment_of(tmp_path / "home"), capture_output=True, text=True, check=False
    )
    assert run.returncode == 1
    assert "n_samples is 0: it must be at least 1" in run.stderr
    imported = {line.rsplit("|", 1)[-1].strip() for line in run.stderr.splitlines()}
    assert "sse_assets.assets.settings_by_step" in imported
    assert not imported & {"dagster", "pymatgen.core", "sklearn", "xgboost"}


def test_without_mirror_and_network_the_remedy_is_named(tmp_path: Path) -> None:
    # A proxy that nobody runs stands for a network that is down.
    output = refused(tmp_path, SSE_DATASET="obelix", https_proxy="http://127.0.0.1:9")
    assert "cannot download obelix/all.csv from https://" in output
    assert "set SSE_DATA_MIRROR to a folder that holds it" in output
    assert "Dependencies for step" not in output


def test_a_damaged_mirror_file_stops_before_any_work_and_says_what_to_do(
    tmp_path: Path, data_mirror: Path
) -> None:
    mirror = tmp_path / "mirror"
    for folder in ("obelix", "liion"):
        shutil.copytree(data_mirror / folder, mirror / folder)
    table = mirror / "obelix" / "all.csv"
    table.chmod(0o644)
    table.write_text(table.read_text().replace("Li7BiO6", "Li8BiO6", 1))
    output = refused(tmp_path / "home", SSE_DATASET="obelix", SSE_DATA_MIRROR=str(mirror))
    assert f"{table} is damaged or another version" in output
    assert "unset SSE_DATA_MIRROR" in output
