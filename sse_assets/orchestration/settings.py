"""Settings from the project's environment variables, which no other module reads."""

from enum import StrEnum
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any

from pydantic import AfterValidator, Field, PlainValidator, ValidationError, ValidationInfo, field_validator
from pydantic_core import ErrorDetails
from pydantic_settings import BaseSettings, SettingsConfigDict
from upath import UPath


class Dataset(StrEnum):
    """Measurements from which the pipeline starts."""

    SAMPLE = "sample"
    """The embedded sample: small, offline."""
    OBELIX = "obelix"
    """OBELiX and LiIon, from a mirror or by download."""


class Executor(StrEnum):
    """Way in which the steps of a run are carried out."""

    IN_PROCESS = "in_process"
    MULTIPROCESS = "multiprocess"
    RAY = "ray"
    """On a Ray cluster; needs the extra `ray`."""
    KUBERNETES = "kubernetes"
    """As Kubernetes pods; needs the extra `kubernetes`, and runs that are pods themselves."""


PACKAGES_OF_EXTRAS = {Executor.RAY: "dagster_ray", Executor.KUBERNETES: "dagster_k8s"}
"""Package that an executor imports and that the extra of its name brings."""

WORKER = "SSE_WORKER"
"""Variable that an executor sets for steps that it sends to other machines."""
RUN_PROCESS = "SSE_RUN_PROCESS"
"""Variable that an executor sets for steps in processes of their own: the id of the process of the run."""


class SettingsError(ValueError):
    """Error for an environment variable with a value that means nothing."""


def _absolute(path: Path) -> Path:
    return path.expanduser().resolve()


def _existing(folder: Path) -> Path:
    if not folder.is_dir():
        raise ValueError("is not a folder; correct it, or unset it to download the data")
    return folder


def _blob_root(root: str | UPath) -> UPath:
    if isinstance(root, UPath):
        return root
    if "://" not in root:
        return UPath(_absolute(Path(root)))
    # Another process may have written since; s3fs must look again instead of remembering a listing.
    options: dict[str, Any] = {"use_listings_cache": False} if root.startswith("s3:") else {}
    return UPath(root, **options)


AbsolutePath = Annotated[Path, AfterValidator(_absolute)]


class Settings(BaseSettings):
    """Places of all files, and choice of what runs; a variable that is empty counts as not set."""

    model_config = SettingsConfigDict(
        case_sensitive=True, env_ignore_empty=True, extra="ignore", frozen=True, validate_default=True
    )

    home: AbsolutePath = Field(default=Path(".sse"), validation_alias="SSE_HOME")
    """Folder of all that a run writes."""
    blob_root: Annotated[UPath, PlainValidator(_blob_root)] = Field(
        default_factory=lambda given: UPath(given["home"] / "blobs"), validation_alias="SSE_BLOB_ROOT"
    )
    """Place of tables, structures, models and figures: a folder, or an address such as `s3://…`."""
    data_mirror: Annotated[AbsolutePath, AfterValidator(_existing)] | None = Field(
        default=None, validation_alias="SSE_DATA_MIRROR"
    )
    """Folder with the public data files, tried before cache and network."""
    dataset: Dataset = Field(default=Dataset.SAMPLE, validation_alias="SSE_DATASET")
    executor: Executor = Field(default=Executor.IN_PROCESS, validation_alias="SSE_EXECUTOR")
    """A run may choose another one. A process of its own costs a step seconds, for what it imports."""
    is_worker: bool = Field(default=False, validation_alias=WORKER)
    """Whether this process may be on another machine than the one that owns `home`."""
    run_process: int | None = Field(default=None, validation_alias=RUN_PROCESS)
    """Process of the run whose step this process carries out, if the run has several."""
    ray_address: str = Field(default="http://127.0.0.1:8265", validation_alias="RAY_ADDRESS")
    """Dashboard of the Ray cluster, which takes the steps of `SSE_EXECUTOR=ray`; the default is Ray's own."""
    given_dagster_home: AbsolutePath | None = Field(default=None, validation_alias="DAGSTER_HOME")
    """`DAGSTER_HOME` of an installation with a dagster.yaml of its own, which decides on the storage."""

    @property
    def warehouse(self) -> Path:
        """Return the DuckDB file that holds the SQL copy of every table."""
        return self.home / "warehouse.duckdb"

    @property
    def report(self) -> UPath:
        """Return the report of the last run."""
        return self.blob_root / "reports" / "report.html"

    @property
    def inbox(self) -> Path:
        """Return the folder in which a person leaves measurements of their own."""
        return self.home / "inbox"

    @property
    def candidates(self) -> Path:
        """Return the folder in which a person leaves materials to ask about."""
        return self.home / "candidates"

    @property
    def downloads(self) -> Path:
        """Return the cache of verified downloads."""
        return self.home / "downloads"

    @property
    def dagster_home(self) -> Path:
        """Return the folder of Dagster's settings and, unless these say otherwise, of its storage."""
        return self.given_dagster_home or self.home / "dagster"

    @field_validator("executor")
    @classmethod
    def _installed(cls, executor: Executor) -> Executor:
        package = PACKAGES_OF_EXTRAS.get(executor)
        if package and not find_spec(package):
            raise ValueError(
                "needs the extra of that name: "
                f"pip install -c constraints.txt -e '.[{executor}]', or choose another"
            )
        return executor

    @field_validator("given_dagster_home")
    @classmethod
    def _of_somebody_else(cls, folder: Path | None, info: ValidationInfo) -> Path | None:
        """Leave out a folder without settings, and the folder below `home`, which is this project's own."""
        is_given = folder and (folder / "dagster.yaml").is_file() and folder != info.data["home"] / "dagster"
        return folder if is_given else None

    @classmethod
    def from_environment(cls) -> "Settings":
        """Read the variable named at each field.

        Raises:
            SettingsError: naming each variable that is wrong, its value, and what it may be.
        """
        try:
            return cls()
        except ValidationError as error:
            raise SettingsError("; ".join(map(_sentence, error.errors()))) from None


VARIABLES = tuple(
    name
    for field in Settings.model_fields.values()
    if (name := str(field.validation_alias)).startswith("SSE_")
)
"""Names of the project's own variables."""


def _sentence(error: ErrorDetails) -> str:
    match error["type"]:
        case "enum":
            reason = "is not one of: " + error["ctx"]["expected"].replace("'", "").replace(" or ", ", ")
        case "value_error":
            reason = str(error["ctx"]["error"])
        case _:
            reason = f"is wrong: {error['msg']}"
    return f"{error['loc'][0]}={error['input']} {reason}"
