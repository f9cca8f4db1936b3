"""The group `screening` as Dagster makes it: new candidates alone, and all again when the model changes."""

import shutil
from pathlib import Path

import dagster as dg
import pandas as pd
import pytest

from sse_assets.assets.screening import database_candidates, screening_assets
from sse_assets.orchestration.inbox import CANDIDATES_FOLDER, take_in
from sse_assets.orchestration.io import TableIOManager
from sse_assets.orchestration.settings import Dataset, Settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.screening import Predictor
from sse_assets.tables import curated
from sse_assets.tables.names import Reason
from sse_assets_tests.environment import settings_with


@pytest.fixture
def settings(home: Path, tmp_path: Path) -> Settings:
    own = tmp_path / "home"
    shutil.copytree(home, own)
    (own / "candidates").mkdir()
    settings = settings_with(SSE_HOME=own)
    warm = curated.REJECTED.frame(
        [{"formula": "Li4SiO4", "reason_code": Reason.TEMPERATURE, "reason": "warm"}]
    )
    TableStore(settings.blob_root).write(TableKey("curated", "rejected"), warm)
    return settings


def made(settings: Settings) -> tuple[dict[str, pd.DataFrame], dict[str, object]]:
    """Make all assets of the group; return their tables, and what the answers say of themselves."""
    take_in(settings.candidates, settings.blob_root, CANDIDATES_FOLDER)
    assets = [asset for asset in screening_assets(Dataset.SAMPLE) if asset is not database_candidates]
    own = {key for asset in assets for key in asset.keys}
    upstream = {dep.asset_key for asset in assets for spec in asset.specs for dep in spec.deps} - own
    result = dg.materialize(
        [*assets, *(dg.AssetSpec(key).with_io_manager_key("io_manager") for key in upstream)],
        selection=list(own),
        resources={"settings": settings, "io_manager": TableIOManager(settings)},
    )
    assert result.success
    (event,) = result.asset_materializations_for_node("screening__predictions")
    store = TableStore(settings.blob_root)
    names = ("candidates", "predictions", "ranking", "shortlist", "next_experiments")
    tables = {name: store.read(TableKey("screening", name)) for name in names}
    return tables, {name: entry.value for name, entry in event.metadata.items()}


def test_new_candidates_are_answered_and_the_others_taken_over(settings: Settings) -> None:
    wanted = settings.candidates / "wanted.csv"
    wanted.write_text("formula\nLi3OBr\nNaCl\n=1+1\n")
    tables, told = made(settings)
    assert (told["answered_now"], told["taken_over"], told["refused"]) == (4, 0, 2)
    first = tables["predictions"].set_index("material")
    assert first["refused"].notna().to_dict() == {
        "Li3OBr": False,
        "NaCl": True,
        "'=1+1": True,
        "Li4SiO4": False,
    }
    direct = Predictor.load(settings.home).predict(["Li3OBr", "Li4SiO4"]).to_frame()["log10_sigma"]
    assert first.loc[["Li3OBr", "Li4SiO4"], "log10_sigma"].tolist() == pytest.approx(
        direct.tolist(), abs=1e-9
    )
    assert "Li3OBr" in set(tables["ranking"]["material"])

    wanted.write_text("formula\nLi3OBr\nLi3OI\n")
    tables, told = made(settings)
    assert (told["answered_now"], told["taken_over"], told["refused"]) == (1, 2, 0)
    assert set(tables["predictions"]["material"]) == {"Li3OBr", "Li3OI", "Li4SiO4"}
    page = settings.report.with_name("screening.html").read_text()
    assert "Li3OI" in page


def test_another_model_answers_for_all_again(settings: Settings) -> None:
    made(settings)
    store, key = TableStore(settings.blob_root), TableKey("models", "gaussian_process")
    store.write(key, store.read(key).assign(held_out_mae=2.0))
    _, told = made(settings)
    assert (told["answered_now"], told["taken_over"]) == (1, 0)


def test_a_database_is_not_asked_by_a_click_on_materialize(settings: Settings) -> None:
    definitions = dg.Definitions(
        assets=[database_candidates],
        resources={"settings": settings, "io_manager": TableIOManager(settings)},
    )
    result = definitions.resolve_implicit_global_asset_job_def().execute_in_process(raise_on_error=False)
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "start the job pull_candidates" in str(failure.step_failure_data.error)
