"""Dagster's settings in containers: the project's own, on PostgreSQL."""

import importlib
import shutil
from pathlib import Path
from typing import Any

import pytest
import sqlalchemy
import yaml
from dagster._config import process_config
from dagster._config.field import resolve_to_config_type
from dagster._core.instance.ref import InstanceRef
from dagster._core.workspace.load import location_origins_from_yaml_paths

from sse_assets_tests.conftest import REPOSITORY
from sse_assets_tests.docker.compose_files import DOCKER, compose
from sse_assets_tests.docker.dockerfile import environment

pytest.importorskip("dagster_postgres", reason="needs the extra `postgres`")


@pytest.fixture
def variables(monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """What a service of the compose file finds in its environment."""
    found = environment() | compose("workstation").services["daemon"].environment
    found["DAGSTER_PG_PASSWORD"] = "secret"
    for name, value in found.items():
        monkeypatch.setenv(name, value)
    return found


def test_all_but_the_storage_is_that_of_the_project() -> None:
    inside, outside = (
        yaml.safe_load((folder / "dagster.yaml").read_text()) for folder in (DOCKER, REPOSITORY)
    )
    own = {"storage", "compute_logs", "run_queue"}
    assert {name: value for name, value in inside.items() if name not in own} == outside


def test_dagster_reads_it_and_has_the_driver(tmp_path: Path, variables: dict[str, str]) -> None:
    from dagster_postgres.utils import pg_url_from_config

    shutil.copyfile(DOCKER / "dagster.yaml", tmp_path / "dagster.yaml")
    instance = InstanceRef.from_dir(str(tmp_path))

    storage = _config(instance.storage_data)
    url = sqlalchemy.make_url(pg_url_from_config(storage))
    assert (url.host, url.port, url.database) == ("postgres", 5432, "dagster")
    assert (url.username, url.password) == ("dagster", "secret")
    sqlalchemy.create_engine(url)  # loads the driver, and waits with the connection

    assert _config(instance.compute_logs_data)["base_dir"] == variables["DAGSTER_COMPUTE_LOGS"]


def _config(data: Any) -> dict[str, Any]:
    """The settings of a part of the instance, as its class reads them."""
    part = getattr(importlib.import_module(data.module_name), data.class_name)
    processed = process_config(resolve_to_config_type(part.config_type()), yaml.safe_load(data.config_yaml))
    assert processed.success, processed.errors
    return processed.value


def test_the_workspace_is_the_code_server(variables: dict[str, str]) -> None:
    (origin,) = location_origins_from_yaml_paths([str(DOCKER / "workspace.yaml")])
    (outside,) = location_origins_from_yaml_paths([str(REPOSITORY / "workspace.yaml")])
    assert origin.location_name == outside.location_name
    assert (origin.host, origin.port) == ("code-server", 4000)
    server = compose("workstation").services["code-server"].command
    assert server[server.index("-p") + 1] == str(origin.port)
