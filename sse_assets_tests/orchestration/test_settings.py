from pathlib import Path

import pytest

from sse_assets.orchestration.settings import VARIABLES, Dataset, Executor, SettingsError
from sse_assets_tests.environment import settings_with


def test_defaults_keep_everything_below_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = settings_with()
    assert settings.home == tmp_path / ".sse"
    assert settings.dataset is Dataset.SAMPLE
    assert settings.executor is Executor.IN_PROCESS
    assert settings.data_mirror is None
    for place in (settings.warehouse, settings.downloads, settings.dagster_home, Path(settings.blob_root)):
        assert settings.home in place.parents


def test_an_object_store_is_a_blob_root() -> None:
    settings = settings_with(SSE_BLOB_ROOT="s3://bucket/sse")
    assert str(settings.blob_root) == "s3://bucket/sse"


@pytest.mark.parametrize(
    ("variable", "value", "message"),
    [
        ("SSE_DATASET", "obelisk", "SSE_DATASET=obelisk is not one of: sample, obelix"),
        (
            "SSE_EXECUTOR",
            "threads",
            "SSE_EXECUTOR=threads is not one of: in_process, multiprocess, ray, kubernetes",
        ),
        ("SSE_DATA_MIRROR", "/no/such/folder", "SSE_DATA_MIRROR=/no/such/folder is not a folder"),
        ("SSE_RUN_PROCESS", "first", "SSE_RUN_PROCESS=first is wrong: Input should be a valid integer"),
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        settings_with(**{variable: value})


def test_a_dagster_home_with_settings_of_its_own_is_kept(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    other.mkdir()
    named = {"SSE_HOME": str(home), "DAGSTER_HOME": str(other)}
    assert settings_with(**named).dagster_home == home / "dagster"
    (other / "dagster.yaml").touch()
    assert settings_with(**named).dagster_home == other


def test_the_dagster_home_below_the_own_home_is_not_somebody_elses(tmp_path: Path) -> None:
    own = tmp_path / "dagster"
    own.mkdir()
    (own / "dagster.yaml").touch()
    settings = settings_with(SSE_HOME=tmp_path, DAGSTER_HOME=own)
    assert settings.given_dagster_home is None


def test_all_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(
        SettingsError, match=r"SSE_DATASET=a is not one of: .*; SSE_EXECUTOR=b is not one of: "
    ):
        settings_with(SSE_DATASET="a", SSE_EXECUTOR="b")


def test_an_empty_variable_counts_as_not_set(tmp_path: Path) -> None:
    variables = {**dict.fromkeys(VARIABLES, ""), "SSE_HOME": tmp_path}
    assert settings_with(**variables) == settings_with(SSE_HOME=tmp_path)
