"""The project's environment variables, read here and nowhere else."""

import os
from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Any, TypeVar

from upath import UPath


class Dataset(StrEnum):
    """Which measurements the pipeline starts from."""

    SAMPLE = "sample"
    """The embedded sample: small, offline."""
    OBELIX = "obelix"
    """OBELiX and LiIon, from a mirror or by download."""


class Executor(StrEnum):
    """How the steps of a run are carried out."""

    IN_PROCESS = "in_process"
    MULTIPROCESS = "multiprocess"
    RAY = "ray"
    """On a Ray cluster; needs the extra `ray`."""


WORKER = "SSE_WORKER"
"""Set by an executor that sends steps to other machines, for those steps."""
RUN_PROCESS = "SSE_RUN_PROCESS"
"""Set by an executor that gives each step a process, for those: the id of the run's own."""


VARIABLES = ("SSE_HOME", "SSE_BLOB_ROOT", "SSE_DATA_MIRROR", "SSE_DATASET", "SSE_EXECUTOR", WORKER)


class SettingsError(ValueError):
    """An environment variable with a value that means nothing."""


Choice = TypeVar("Choice", bound=StrEnum)


@dataclass(frozen=True)
class Settings:
    """Where everything lies and what runs."""

    home: Path
    """`SSE_HOME`, default `.sse`: everything a run writes lies below it."""
    blob_root: UPath
    """`SSE_BLOB_ROOT`, default `$SSE_HOME/blobs`: tables, structures, models and figures; a folder or `s3://…`."""
    data_mirror: Path | None
    """`SSE_DATA_MIRROR`: a folder with the public data files, tried before cache and network."""
    dataset: Dataset
    """`SSE_DATASET`, default `sample`."""
    executor: Executor
    """`SSE_EXECUTOR`, default `multiprocess`; a run may choose another one."""
    is_worker: bool = False
    """Whether this process may be on another machine than the one that owns `home`."""
    run_process: int | None = None
    """The process of the run whose step this process carries out, if it is one of several."""

    @property
    def warehouse(self) -> Path:
        """The DuckDB file that holds the SQL copy of every table."""
        return self.home / "warehouse.duckdb"

    @property
    def inbox(self) -> Path:
        """Where a person leaves measurements of their own."""
        return self.home / "inbox"

    @property
    def downloads(self) -> Path:
        """The cache of verified downloads."""
        return self.home / "downloads"

    @property
    def dagster_home(self) -> Path:
        """Dagster's own storage: runs, events, schedules."""
        return self.home / "dagster"

    @classmethod
    def from_environment(cls, environment: Mapping[str, str] = os.environ) -> "Settings":
        """Read the variables named at each field.

        Raises:
            SettingsError: naming the variable, its value and the values it may take.
        """
        home = Path(environment.get("SSE_HOME") or ".sse").expanduser().resolve()
        blob_root = environment.get("SSE_BLOB_ROOT") or str(home / "blobs")
        if "://" not in blob_root:
            blob_root = str(Path(blob_root).expanduser().resolve())
        # Another process may have written since; s3fs must look again instead of remembering a listing.
        storage_options: dict[str, Any] = {"use_listings_cache": False} if blob_root.startswith("s3:") else {}
        executor = _choice(environment, "SSE_EXECUTOR", Executor.MULTIPROCESS)
        if executor is Executor.RAY and not find_spec("dagster_ray"):
            raise SettingsError(
                "SSE_EXECUTOR=ray needs Ray: pip install -c constraints.txt -e '.[ray]', or choose another"
            )
        return cls(
            home=home,
            blob_root=UPath(blob_root, **storage_options),
            data_mirror=_existing_folder(environment, "SSE_DATA_MIRROR"),
            dataset=_choice(environment, "SSE_DATASET", Dataset.SAMPLE),
            executor=executor,
            is_worker=WORKER in environment,
            run_process=int(environment[RUN_PROCESS]) if RUN_PROCESS in environment else None,
        )


def _existing_folder(environment: Mapping[str, str], name: str) -> Path | None:
    value = environment.get(name)
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    if not folder.is_dir():
        raise SettingsError(f"{name}={value} is not a folder; correct it, or unset it to download the data")
    return folder


def _choice(environment: Mapping[str, str], name: str, default: Choice) -> Choice:
    value = environment.get(name) or default.value
    try:
        return type(default)(value)
    except ValueError:
        known = ", ".join(type(default))
        raise SettingsError(f"{name}={value} is not one of: {known}") from None
