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
    KUBERNETES = "kubernetes"
    """As Kubernetes pods; needs the extra `kubernetes`, and runs that are pods themselves."""


PACKAGES_OF_EXTRAS = {Executor.RAY: "dagster_ray", Executor.KUBERNETES: "dagster_k8s"}
"""What an executor imports that the extra of its name brings."""

WORKER = "SSE_WORKER"
"""Set by an executor that sends steps to other machines, for those steps."""
RUN_PROCESS = "SSE_RUN_PROCESS"
"""Set by an executor that gives each step a process, for those: the id of the run's own."""

VARIABLES = (
    "SSE_HOME",
    "SSE_BLOB_ROOT",
    "SSE_DATA_MIRROR",
    "SSE_DATASET",
    "SSE_EXECUTOR",
    WORKER,
    RUN_PROCESS,
)
"""All that begin with `SSE_`."""


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
    given_dagster_home: Path | None = None
    """`DAGSTER_HOME`, if there is a dagster.yaml in it: whoever wrote it decides on Dagster's storage."""

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
        """Dagster's own settings and, unless they say otherwise, its storage: runs, events, schedules."""
        return self.given_dagster_home or self.home / "dagster"

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
        package = PACKAGES_OF_EXTRAS.get(executor)
        if package and not find_spec(package):
            raise SettingsError(
                f"SSE_EXECUTOR={executor} needs the extra of that name: "
                f"pip install -c constraints.txt -e '.[{executor}]', or choose another"
            )
        return cls(
            home=home,
            blob_root=UPath(blob_root, **storage_options),
            data_mirror=_existing_folder(environment, "SSE_DATA_MIRROR"),
            dataset=_choice(environment, "SSE_DATASET", Dataset.SAMPLE),
            executor=executor,
            is_worker=WORKER in environment,
            run_process=int(environment[RUN_PROCESS]) if RUN_PROCESS in environment else None,
            given_dagster_home=_given_dagster_home(environment, home),
        )


def _given_dagster_home(environment: Mapping[str, str], home: Path) -> Path | None:
    """What an installation brings; the folder below `home` is the project's own, also when it is named."""
    value = environment.get("DAGSTER_HOME")
    if not value:
        return None
    folder = Path(value).expanduser().resolve()
    is_own = folder == home / "dagster"
    return folder if not is_own and (folder / "dagster.yaml").is_file() else None


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
