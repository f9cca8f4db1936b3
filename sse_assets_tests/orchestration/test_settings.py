from pathlib import Path

import pytest

from sse_assets.orchestration.settings import Dataset, Executor, Settings, SettingsError


def test_defaults_keep_everything_below_one_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    settings = Settings.from_environment({})
    assert settings.home == tmp_path / ".sse"
    assert settings.dataset is Dataset.SAMPLE
    assert settings.executor is Executor.MULTIPROCESS
    assert settings.data_mirror is None
    for place in (settings.warehouse, settings.downloads, settings.dagster_home, Path(settings.blob_root)):
        assert settings.home in place.parents


def test_an_object_store_is_a_blob_root() -> None:
    settings = Settings.from_environment({"SSE_BLOB_ROOT": "s3://bucket/sse"})
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
    ],
)
def test_a_wrong_value_is_named_with_its_remedy(variable: str, value: str, message: str) -> None:
    with pytest.raises(SettingsError, match=message):
        Settings.from_environment({variable: value})


def test_a_dagster_home_with_settings_of_its_own_is_kept(tmp_path: Path) -> None:
    home, other = tmp_path / "home", tmp_path / "other"
    other.mkdir()
    named = {"SSE_HOME": str(home), "DAGSTER_HOME": str(other)}
    assert Settings.from_environment(named).dagster_home == home / "dagster"
    (other / "dagster.yaml").touch()
    assert Settings.from_environment(named).dagster_home == other


def test_the_dagster_home_below_the_own_home_is_not_somebody_elses(tmp_path: Path) -> None:
    own = tmp_path / "dagster"
    own.mkdir()
    (own / "dagster.yaml").touch()
    settings = Settings.from_environment({"SSE_HOME": str(tmp_path), "DAGSTER_HOME": str(own)})
    assert settings.given_dagster_home is None
