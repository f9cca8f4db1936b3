"""Definitions as Dagster loads them: quietly, and with a lineage that changes only in review."""

import subprocess
import sys
import tomllib
from pathlib import Path

import dagster as dg
import pytest
import yaml

from sse_assets.assets.up_to_date import BRING_UP_TO_DATE
from sse_assets.definitions import build_definitions
from sse_assets.orchestration.dagster_home import INSTANCE_SETTINGS, WORKSPACE
from sse_assets.orchestration.settings import Dataset
from sse_assets.orchestration.staleness import stale_partitions
from sse_assets_tests.command_line import environment_of
from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.environment import plain_environment, settings_with

LINEAGE = (
    "raw",
    "measured",
    "structures",
    "curated",
    "descriptors",
    "splits",
    "models",
    "metrics",
    "screening",
)
"""Groups as they stand in the UI, from left to right."""
SNAPSHOT = Path(__file__).with_name("asset_specs.yaml")


def definitions(dataset: Dataset, home: Path) -> dg.Definitions:
    return build_definitions(settings_with(SSE_HOME=home, SSE_DATASET=dataset, SSE_EXECUTOR="in_process"))


def describe(dataset: Dataset, home: Path) -> dict[str, object]:
    """Return the parts of the spec of every asset that a user relies on."""
    specs = definitions(dataset, home).resolve_all_asset_specs()
    return {
        ".".join(spec.key.path): {
            "group": spec.group_name,
            "deps": sorted(".".join(dep.asset_key.path) for dep in spec.deps),
            "kinds": sorted(spec.kinds),
            "partitions": _partitions(spec.partitions_def),
        }
        for spec in sorted(specs, key=lambda spec: spec.key)
    }


def _partitions(partitions: dg.PartitionsDefinition | None) -> list[str]:
    if isinstance(partitions, dg.DynamicPartitionsDefinition):
        return [f"dynamic: {partitions.name}"]
    return [str(key) for key in partitions.get_partition_keys()] if partitions else []


def test_the_lineage_is_the_one_that_was_reviewed(tmp_path: Path) -> None:
    """After a change that is meant, `python -m sse_assets_tests.test_definitions` writes it anew."""
    found = {dataset.value: describe(dataset, tmp_path) for dataset in Dataset}
    assert found == yaml.safe_load(SNAPSHOT.read_text())


@pytest.mark.parametrize("dataset", list(Dataset))
def test_every_asset_is_described(dataset: Dataset, tmp_path: Path) -> None:
    for spec in definitions(dataset, tmp_path).resolve_all_asset_specs():
        assert spec.description, spec.key
        assert spec.kinds, spec.key
        assert spec.code_version, spec.key
        assert spec.owners
        assert spec.group_name in LINEAGE
        table = None if spec.key.path[-1] == "report" else ".".join(spec.key.path)
        assert spec.metadata.get("dagster/table_name") == table


@pytest.mark.parametrize("dataset", list(Dataset))
def test_the_groups_follow_one_another_without_a_circle(dataset: Dataset, tmp_path: Path) -> None:
    specs = definitions(dataset, tmp_path).resolve_all_asset_specs()
    group = {spec.key: spec.group_name for spec in specs}
    assert set(group.values()) == set(LINEAGE)
    backwards = [
        f"{spec.key.to_user_string()} ({group[spec.key]}) needs {dep.asset_key.to_user_string()}"
        for spec in specs
        for dep in spec.deps
        if LINEAGE.index(group[dep.asset_key]) > LINEAGE.index(group[spec.key])
    ]
    assert backwards == []


def test_the_first_job_of_the_ui_brings_everything_up_to_date(tmp_path: Path) -> None:
    repository = definitions(Dataset.SAMPLE, tmp_path).get_repository_def()
    names = sorted(job.name for job in repository.get_all_jobs() if not job.name.startswith("__"))
    assert names[0] == BRING_UP_TO_DATE
    description = repository.get_job(BRING_UP_TO_DATE).description
    assert description is not None
    assert description.startswith("Start here")


def test_everything_is_brought_up_to_date_but_what_is_made_on_demand(tmp_path: Path) -> None:
    every_asset = set(definitions(Dataset.SAMPLE, tmp_path).resolve_all_asset_keys())
    with dg.DagsterInstance.ephemeral() as instance:
        stale = stale_partitions(definitions(Dataset.SAMPLE, tmp_path).resolve_asset_graph(), instance)
    on_demand = {
        dg.AssetKey(["models", f"{model}{table}"])
        for model in ("language_models", "small_language_model")
        for table in ("", "_predictions", "_losses")
    }
    on_demand |= {
        dg.AssetKey(["generated", table])
        for table in ("structures", "search_history", "dynamics", "validation")
    }
    on_demand.add(dg.AssetKey(["metrics", "small_language_model_learning_curve"]))
    on_demand.add(dg.AssetKey(["screening", "database_candidates"]))
    assert set(stale) == every_asset - on_demand


def test_definitions_load_without_a_warning(tmp_path: Path) -> None:
    code = "from sse_assets.definitions import definitions; definitions()"
    loaded = subprocess.run(
        [sys.executable, "-W", "default", "-c", code],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        env=plain_environment(),
        check=True,
        timeout=300,
    )
    ours = [line for line in loaded.stderr.splitlines() if "sse_assets" in line or "agster" in line]
    assert ours == []


def test_the_workspace_file_and_dg_load_the_same_module_under_the_same_name() -> None:
    workspace = yaml.safe_load((REPOSITORY / "workspace.yaml").read_text())
    location = workspace["load_from"][0]["python_module"]
    assert location == {"module_name": "sse_assets.definitions", "location_name": "sse_assets"}
    project = tomllib.loads((REPOSITORY / "pyproject.toml").read_text())["tool"]["dg"]["project"]
    assert project["code_location_target_module"] == location["module_name"]
    assert project["code_location_name"] == location["location_name"]


@pytest.mark.parametrize("command", ["check", "list"])
def test_dg_reads_the_checkout(command: str, tmp_path: Path) -> None:
    called = subprocess.run(
        [Path(sys.executable).with_name("dg"), command, "defs"],
        capture_output=True,
        text=True,
        cwd=REPOSITORY,
        env=environment_of(tmp_path),
        check=False,
        timeout=300,
    )
    assert called.returncode == 0, called.stdout + called.stderr
    said = {"check": "All definitions loaded successfully.", "list": "curated/electrolytes"}
    assert said[command] in called.stdout


@pytest.mark.parametrize("file", [INSTANCE_SETTINGS, WORKSPACE])
def test_a_file_at_the_top_is_the_one_in_the_package(file: Path) -> None:
    assert (REPOSITORY / file.name).resolve() == file


if __name__ == "__main__":
    described = {dataset.value: describe(dataset, Path("unused")) for dataset in Dataset}
    SNAPSHOT.write_text(yaml.safe_dump(described, sort_keys=True))
