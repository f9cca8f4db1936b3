"""The private parts of Dagster that sse_assets stands on."""

import ast
import importlib
import inspect
from importlib.metadata import version
from itertools import pairwise
from pathlib import Path

import pytest

from sse_assets_tests.conftest import REPOSITORY

ADAPTER = REPOSITORY / "sse_assets" / "orchestration" / "dagster_internals.py"
PLACES = {
    "AssetGraph": "dagster._core.definitions.assets.graph.asset_graph",
    "AssetGraphView": "dagster._core.asset_graph_view.asset_graph_view",
    "BaseAssetGraph": "dagster._core.definitions.assets.graph.base_asset_graph",
    "CachingStaleStatusResolver": "dagster._core.definitions.data_version",
    "EventLogEntry": "dagster._core.events.log",
    "IMPLICIT_ASSET_JOB_NAME": "dagster._core.definitions.assets.job.asset_job",
    "LoadingContextForTest": "dagster._core.loader",
    "ReconstructableRepository": "dagster._core.definitions.reconstruct",
    "SqliteEventLogStorage": "dagster._core.storage.event_log.sqlite",
    "StaleStatus": "dagster._core.definitions.data_version",
    "extract_data_version_from_entry": "dagster._core.definitions.data_version",
}
USED = {
    "CachingStaleStatusResolver": ["get_status"],
    "ReconstructableRepository": ["for_module", "get_definition", "get_reconstructable_job"],
    "SqliteEventLogStorage": ["_connect", "conn_string_for_shard", "path_for_shard"],
    "StaleStatus": ["FRESH"],
}
"""Their members that are called or replaced."""


@pytest.mark.parametrize("name", PLACES)
def test_dagster_has_it_where_it_was(name: str) -> None:
    sentence = (
        f"Dagster {version('dagster')} has no {PLACES[name]}.{name} any more: find where it went, and "
        f"correct sse_assets/orchestration/{ADAPTER.name}, which says what it is needed for"
    )
    try:
        found = getattr(importlib.import_module(PLACES[name]), name)
    except (ImportError, AttributeError):
        pytest.fail(sentence)
    for attribute in USED.get(name, []):
        assert hasattr(found, attribute), f"Dagster {version('dagster')}: {name} has lost its {attribute}"


def test_the_resolver_takes_what_it_is_given() -> None:
    from sse_assets.orchestration.dagster_internals import CachingStaleStatusResolver

    parameters = list(inspect.signature(CachingStaleStatusResolver).parameters)
    assert parameters[:3] == ["instance", "asset_graph", "loading_context"]


def test_the_adapter_says_of_each_name_what_it_is_needed_for() -> None:
    body = ast.parse(ADAPTER.read_text()).body
    reasons = {
        assignment.targets[0].id
        for assignment, text in pairwise(body)
        if isinstance(assignment, ast.Assign)
        and isinstance(assignment.targets[0], ast.Name)
        and isinstance(text, ast.Expr)
    }
    assert reasons == set(PLACES)


def test_nothing_else_imports_private_modules_of_dagster() -> None:
    for file in sorted((REPOSITORY / "sse_assets").rglob("*.py")):
        if file != ADAPTER:
            assert private_imports(file) == [], file


def private_imports(file: Path) -> list[str]:
    """Modules of Dagster, or of its integrations, with a part that begins with an underscore."""
    names = []
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            names += [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names += [f"{node.module}.{alias.name}" for alias in node.names]
    return [name for name in names if name.startswith("dagster") and "._" in name]
