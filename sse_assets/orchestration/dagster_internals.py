"""Private parts of Dagster that sse_assets uses; no other module imports a private module of Dagster.

Any version of Dagster may move or change these names. constraints.txt pins the version that was tested, and a
test says which name is gone.
"""

import warnings
from collections.abc import Sequence
from typing import Any

import dagster as dg
from dagster._core import loader as _loader
from dagster._core.asset_graph_view import asset_graph_view as _asset_graph_view
from dagster._core.definitions import data_version as _data_version
from dagster._core.definitions import reconstruct as _reconstruct
from dagster._core.definitions.assets.graph import asset_graph as _asset_graph
from dagster._core.definitions.assets.graph import base_asset_graph as _base_asset_graph
from dagster._core.definitions.assets.job import asset_job as _asset_job
from dagster._core.events import log as _log
from dagster._core.storage import tags as _tags
from dagster._core.storage.event_log import sqlite as _sqlite

AssetGraph = _asset_graph.AssetGraph
"""Every asset of a repository with its parents, partitions and step: the command line plans runs from it.

`RepositoryDefinition.asset_graph` returns one, and there is no public name for its type."""

BaseAssetGraph = _base_asset_graph.BaseAssetGraph
"""Common base of `AssetGraph` and of the graph that the daemon sees: all that staleness needs."""

AssetGraphView = _asset_graph_view.AssetGraphView
"""View that the daemon gives an automation condition, as `AutomationContext.asset_graph_view`."""

CachingStaleStatusResolver = _data_version.CachingStaleStatusResolver
"""Resolver that decides what the UI marks as stale; command line and automation ask it too, and so agree."""

StaleStatus = _data_version.StaleStatus
"""Answer of the resolver."""

extract_data_version_from_entry = _data_version.extract_data_version_from_entry
"""Return the data version in a stored event: the public records hold the event, but not its version."""

LoadingContextForTest = _loader.LoadingContextForTest
"""Context that gives the resolver a storage to read from outside the automation, where there is no view."""

ReconstructableRepository = _reconstruct.ReconstructableRepository
"""Handle by which the processes of steps load the definitions again.

The public `reconstructable` makes one of a job function, and `IMPLICIT_ASSET_JOB_NAME` has none."""

IMPLICIT_ASSET_JOB_NAME = _asset_job.IMPLICIT_ASSET_JOB_NAME
"""Name of the job that may make any asset, whatever its partitions; every repository has it."""

SqliteEventLogStorage = _sqlite.SqliteEventLogStorage
"""Event log in SQLite files; `OpenEventLog` keeps the files open, for which there is no setting."""

EventLogEntry = _log.EventLogEntry
"""Event with its run and time, as an event log stores it."""

PARTITION_RANGE_START_TAG, PARTITION_RANGE_END_TAG = (
    _tags.ASSET_PARTITION_RANGE_START_TAG,
    _tags.ASSET_PARTITION_RANGE_END_TAG,
)
"""Tags of a run that makes a range of partitions; the UI sets them when it starts such a run."""


def dev_with_web_server(module: str, arguments: Sequence[str]) -> None:
    """Run `dagster dev`, which has no option for it, with another module in place of `dagster_webserver`."""
    from dagster._cli import dev as module_of_command  # no run needs it

    dev: Any = module_of_command
    start = dev.open_ipc_subprocess

    def start_ours(parts: Sequence[str], **more: object) -> object:
        return start([module if part == "dagster_webserver" else part for part in parts], **more)

    dev.open_ipc_subprocess = start_ours
    with warnings.catch_warnings():
        # The command that Dagster names in its place, `dg dev`, works in a checkout alone.
        warnings.simplefilter("ignore", dg.SupersessionWarning)
        dev.dev_command([*arguments], prog_name="dagster dev")
