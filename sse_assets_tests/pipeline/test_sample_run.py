"""What a person gets from `make run` on the embedded sample."""

import json
import re
from pathlib import Path

import duckdb
import numpy as np
import pytest

from sse_assets.boosted_trees.model import BoostedTreesModel
from sse_assets.descriptors.feature_sets import composition_chemistry_cell, feature_matrix
from sse_assets.gaussian_process.files import CARD_FILE
from sse_assets.gaussian_process.served import ServedProcess
from sse_assets.gaussian_process.settings import GaussianProcessSettings, ProcessDesign
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.orchestration.tables import TableKey
from sse_assets.screening import Predictor
from sse_assets.screening.material import Material
from sse_assets.screening.model_candidates import chosen_designs
from sse_assets.tables.catalogue import TABLES
from sse_assets.tables.names import CellOrigin, FeatureSet
from sse_assets_tests.command_line import Run, small_run_config, sse_assets
from sse_assets_tests.orchestration.test_warehouse import open_in_another_process


def test_it_says_what_it_does_and_ends_with_scores_and_the_report(sample_run: Run) -> None:
    for group in ("raw", "curated", "generated", "descriptors", "splits", "models", "metrics", "screening"):
        assert f"✓ {group}." in sample_run.output
    assert "Test MAE" in sample_run.output
    assert str(sample_run.home / "blobs" / "reports" / "report.html") in sample_run.output
    others = [line for line in sample_run.output.splitlines() if not line.startswith("  ✓")]
    seconds = int(re.search(r"^Done in (\d+) s", sample_run.output, re.MULTILINE)[1])
    assert len(others) < 45 + seconds / 10  # a line for each asset, and for long work one in ten seconds


def test_everything_lies_below_the_home(sample_run: Run) -> None:
    assert {path.name for path in sample_run.home.iterdir()} == {
        "blobs",
        "candidates",
        "dagster",
        "inbox",
        "last_look.txt",
        "small.yaml",
        "warehouse.duckdb",
        "working",
    }


def test_no_reported_row_is_lost(sample_run: Run) -> None:
    store = sample_run.store
    reported = set(store.read(TableKey("raw", "sample_measurements"))["source_id"])
    kept = set(store.read(TableKey("curated", "electrolytes"))["electrolyte_id"].str.removeprefix("sample:"))
    rejected = set(store.read(TableKey("curated", "rejected"))["source_id"])
    assert kept | rejected == reported
    assert not kept & rejected


def test_the_warehouse_holds_every_table_as_parquet_does(sample_run: Run) -> None:
    with duckdb.connect(str(sample_run.home / "warehouse.duckdb"), read_only=True) as connection:
        for key in sample_run.store.current_versions():
            counted = connection.execute(f'SELECT count(*) FROM "{key.group}"."{key.name}"').fetchone()
            assert counted == (len(sample_run.store.read(key)),), key


@pytest.mark.parametrize(
    ("group", "name", "columns"),
    [
        ("curated", "electrolytes", "electrolyte_id formula sigma_s_cm structure_origin doi"),
        ("curated", "rejected", "source source_id formula reason"),
        ("splits", "assignments", "protocol fold electrolyte_id role"),
        (
            "metrics",
            "predictions",
            "protocol fold model variant label_convention electrolyte_id role predicted",
        ),
        ("metrics", "scores", "protocol model variant label_convention role metric value low high n"),
    ],
)
def test_tables_that_others_rely_on_have_their_columns(
    sample_run: Run, group: str, name: str, columns: str
) -> None:
    assert set(columns.split()) <= set(sample_run.store.read(TableKey(group, name)).columns)


def test_every_stored_table_keeps_to_its_declaration(sample_run: Run) -> None:
    for key in sample_run.store.current_versions():
        TABLES[key.table].check(sample_run.store.read(key))


def test_every_protocol_model_and_convention_is_scored(sample_run: Run) -> None:
    scores = sample_run.store.read(TableKey("metrics", "scores"))
    assert set(scores["protocol"]) == {"diversity", "random", "papers", "grouped"}  # no official split
    assert set(scores["label_convention"]) == {"obelix", "bound"}
    assert set(scores["metric"]) == {"mae", "rmse", "r2", "srcc"}
    trees = scores[scores["model"] == "boosted_trees"]
    assert set(trees["variant"]) == {"stoichiometric", "geometric", "all"}
    assert {"train_median", "nearest_neighbour"} < set(scores["model"])
    mae = scores[scores["metric"] == "mae"]
    assert (mae["low"] <= mae["value"]).all()
    assert (mae["value"] <= mae["high"]).all()


def test_a_stored_model_predicts_again_what_the_table_says(sample_run: Run) -> None:
    store = sample_run.store
    fits = store.read(TableKey("models", "boosted_trees", "all"))
    fit = fits[(fits["protocol"] == "diversity") & (fits["label_convention"] == "bound")].iloc[0]
    model = BoostedTreesModel.load(sample_run.home / "blobs" / fit["model_path"])
    features = feature_matrix(
        FeatureSet.ALL,
        store.read(TableKey("descriptors", "stoichiometric")),
        store.read(TableKey("descriptors", "geometric")),
    )
    predictions = store.read(TableKey("metrics", "predictions")).query(
        "model == 'boosted_trees' and variant == 'all' and protocol == 'diversity' "
        "and label_convention == 'bound'"
    )
    again = model.predict(features.loc[predictions["electrolyte_id"]])
    assert again == pytest.approx(predictions["predicted"].to_numpy(), abs=1e-6)


def test_the_first_models_answer_and_nothing_has_drifted(sample_run: Run) -> None:
    champions = sample_run.store.read(TableKey("models", "champions"))
    assert champions["decision"].tolist() == ["first"] * 3
    fits = sample_run.store.read(TableKey("models", "boosted_trees"))
    assert set(champions["model_path"]) < set(fits["model_path"])
    assert "have_not_drifted" not in sample_run.output
    asked = sse_assets(sample_run.home, "predict", "--formula", "Li6PS5Cl", "--model", "boosted_trees")
    assert re.search(
        r"by boosted_trees / stoichiometric, trained on \d+ measurements .*champion since", asked.output
    )


def test_an_answer_is_what_the_pipeline_computes_for_the_same_material(sample_run: Run) -> None:
    """The process on the pipeline's own descriptors, against what a person gets who has formula and CIF."""
    store, blobs = sample_run.store, sample_run.home / "blobs"
    rows = store.read(TableKey("curated", "electrolytes"))
    cells = store.read(TableKey("descriptors", "cell"))
    cifs = store.read(TableKey("curated", "structures")).set_index("electrolyte_id")["cif"]
    features = composition_chemistry_cell(rows, store.read(TableKey("descriptors", "chemistry")), cells)
    fits = store.read(TableKey("models", "gaussian_process"))
    final = fits[(fits["protocol"] == "all_rows") & (fits["label_convention"] == "bound")]
    expected = ServedProcess.load(str(blobs / final["model_path"].item())).predict(features)["predicted"]
    told = cells.loc[cells["cell_origin"] == CellOrigin.STRUCTURE, "electrolyte_id"]
    assert len(told) > 50
    formulas = rows.set_index("electrolyte_id")["formula"]
    asked = [Material(formulas[name], cifs[name]) for name in told]
    answers = Predictor.load(sample_run.home).predict(asked).to_frame()
    assert answers["refused"].isna().all()
    assert answers["log10_sigma"].to_numpy() == pytest.approx(expected[told].to_numpy(), abs=1e-9)


def test_the_state_of_a_home_and_its_report_are_told(sample_run: Run) -> None:
    told = sse_assets(sample_run.home, "status").output
    assert re.search(r"^For a formula( and a CIF)? answers ", told, re.MULTILINE)
    assert told.count("error under grouped: ") == 1 + ("For a CIF " in told)  # what is alike is said once
    assert re.search(r"^It takes \d+\.\d MB, most of it: .*warehouse\.duckdb \d+", told, re.MULTILINE)
    assert told.splitlines()[-1] == "Nothing is stale"
    path = sse_assets(sample_run.home, "report").output.strip()
    assert Path(path).read_text().startswith("<!")


def test_the_process_is_the_one_chosen_and_who_errs_least_answers(sample_run: Run) -> None:
    store = sample_run.store
    choice = store.read(TableKey("models", "choice"))
    designs = chosen_designs(choice, has_cells=True)
    fits = store.read(TableKey("models", "gaussian_process")).dropna(subset="model_path")
    for convention, path in zip(fits["label_convention"], fits["model_path"], strict=True):
        card = json.loads((sample_run.home / "blobs" / path / CARD_FILE).read_text())
        settings = GaussianProcessSettings(**card["settings"])
        design = ProcessDesign(tuple(card["chemistry"]), tuple(card["cell"]), settings)
        assert design == designs[LabelConvention(convention)]
    answering = store.read(TableKey("models", "answering"))
    [first] = answering[answering["answers"] & (answering["kind"] == "formula")].to_dict("records")
    asked = sse_assets(sample_run.home, "predict", "--formula", "Li6PS5Cl")
    name = first["model"] if first["variant"] == "none" else f"{first['model']} / {first['variant']}"
    assert f"by {name}, trained on" in asked.output


def test_nothing_is_pickled(sample_run: Run) -> None:
    files = [path for path in (sample_run.home / "blobs").rglob("*") if path.is_file()]
    endings = {path.suffix for path in files}
    assert endings == {".parquet", ".json", ".jsonl", ".csv", ".extxyz", ".ubj", ".cif", ".html", ".npz"}
    for path in files:
        if path.suffix == ".npz":
            with np.load(path, allow_pickle=False) as arrays:
                assert all(arrays[name].dtype.kind in "fiU" for name in arrays)


def test_a_formula_without_a_crystal_gets_one_that_the_models_learn_from(sample_run: Run) -> None:
    store = sample_run.store
    electrolytes = store.read(TableKey("curated", "electrolytes")).set_index("electrolyte_id")
    (generated,) = electrolytes.index[electrolytes["structure_origin"] == "generated"]
    found = store.read(TableKey("generated", "structures", "Li4SiO4"))
    assert found["valid"].all()
    row = electrolytes.loc[generated]
    assert (row["formula"], row["z"], row["disorder"]) == ("Li4SiO4", 1, "No disorder")
    cif = sample_run.home / "blobs" / row["structure_path"]
    assert cif.read_text() == found["cif"].item()
    geometric = store.read(TableKey("descriptors", "geometric")).set_index("electrolyte_id")
    assert geometric.loc[generated, ["a", "b", "c"]].tolist() == row[["a", "b", "c"]].tolist()
    assert geometric.loc[generated].notna().all()
    roles = store.read(TableKey("splits", "assignments")).query("electrolyte_id == @generated")["role"]
    assert set(roles) == {"train", "test"}
    contribution = store.read(TableKey("metrics", "generated_contribution"))
    assert contribution["mae"].notna().all()
    assert "Generated structures" in (sample_run.home / "blobs" / "reports" / "report.html").read_text()


def test_a_row_without_atoms_gets_a_structure_from_a_known_type(sample_run: Run) -> None:
    store = sample_run.store
    electrolytes = store.read(TableKey("curated", "electrolytes")).set_index("electrolyte_id")
    placed = store.read(TableKey("generated", "prototypes")).set_index("electrolyte_id")
    joined = store.read(TableKey("curated", "joined")).set_index("electrolyte_id")
    assert set(placed.index) == set(joined.index[joined["structure_path"].isna()])
    named = electrolytes[electrolytes["structure_origin"] == "prototype"]
    assert set(named.index) == set(placed.index[placed["trusted"]])
    assert named[["structure_path", "cost_per_anion", "parent_id"]].notna().all(axis=None)
    assert named["disorder"].isna().all()
    with_structure = placed.dropna(subset="cif")
    assert len(with_structure)
    for row in with_structure.to_dict("records"):
        assert (sample_run.home / "blobs" / row["structure_path"]).read_text() == row["cif"]
    assert placed.loc[~placed["trusted"], "reason"].notna().all()
    cells = store.read(TableKey("descriptors", "cell")).set_index("electrolyte_id")["cell_origin"]
    lacking = placed["trusted"] & electrolytes.loc[placed.index, "formula_only"]
    assert set(cells.index[cells == "prototype"]) == set(placed.index[lacking])
    left_out = store.read(TableKey("generated", "prototypes_left_out"))
    trusted = left_out[left_out["trusted"]]
    assert trusted["a_error"].abs().median() < 0.01
    contribution = store.read(TableKey("metrics", "prototype_contribution"))
    assert set(contribution["model"]) == ({"gaussian_process", "boosted_trees"} if lacking.any() else set())
    assert 'id="prototypes"' in (sample_run.home / "blobs" / "reports" / "report.html").read_text()


def test_the_report_stands_alone(sample_run: Run) -> None:
    html = (sample_run.home / "blobs" / "reports" / "report.html").read_text()
    html = re.sub(r"(<script[^>]*>).*?</script>", r"\1</script>", html, flags=re.DOTALL)
    assert not re.findall(r"(?:src|href)=\"(?!data:|#|https://doi\.org|https://)[^\"]*\"", html)
    assert not re.findall(r"<(?:script|link|img)[^>]+(?:src|href)=\"https?:", html)
    for title in ("Table 1", "Table 5", "Table 7", "Table 8", "Table 9", "Figure 4", "Figure 7"):
        assert title in html


def test_a_second_run_does_no_work(sample_run: Run) -> None:
    again = sse_assets(sample_run.home, "run")
    assert again.exit_code == 0
    assert "Nothing is stale" in again.output
    assert "✓" not in again.output


def test_a_notebook_on_the_warehouse_neither_fails_nor_loses_anything(tmp_path: Path) -> None:
    config = small_run_config(tmp_path / "small.yaml")
    warehouse = tmp_path / "warehouse.duckdb"
    duckdb.connect(str(warehouse)).close()
    with open_in_another_process(warehouse):
        run = sse_assets(tmp_path, "run", "--config", str(config))
    assert run.exit_code == 0, run.output
    assert "waits for the next write" in run.output
    sse_assets(tmp_path, "run")  # nothing is stale, and the copy catches up
    with duckdb.connect(str(warehouse), read_only=True) as connection:
        assert connection.execute("SELECT count(*) FROM metrics.scores").fetchone() == (
            len(run.store.read(TableKey("metrics", "scores"))),
        )


def test_the_models_are_described_in_json(sample_run: Run) -> None:
    cards = list((sample_run.home / "blobs" / "models").rglob("model.json"))
    assert len(cards) == 3 * 2 * 2  # feature sets, diversity and all rows, label conventions
    card = json.loads(cards[0].read_text())
    assert {"card", "features", "scaler", "settings", "versions"} <= set(card)
    assert card["settings"]["n_estimators"] == 30
