"""A retrained model earns its place: training, decision and prediction by Dagster and the command line."""

import shutil
from collections.abc import Callable
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

import dagster as dg
import numpy as np
import pandas as pd
import pytest
from click.testing import CliRunner

from sse_assets import cli
from sse_assets.assets.champions import champions
from sse_assets.assets.drift import data_have_not_drifted
from sse_assets.assets.models import boosted_trees
from sse_assets.boosted_trees.folds import Fold
from sse_assets.boosted_trees.settings import BoostedTreesSettings
from sse_assets.descriptors.feature_sets import GEOMETRIC_COLUMNS, feature_matrix
from sse_assets.descriptors.stoichiometric import stoichiometric
from sse_assets.materials.conductivity import conductivity_class
from sse_assets.materials.formula import composition_key, parse_composition
from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.screening import challenge as step
from sse_assets.splits.groups import sources_in_common
from sse_assets.splits.protocols import assign
from sse_assets.splits.settings import SplitSettings
from sse_assets.tables import curated
from sse_assets.tables.names import FeatureSet, Protocol, Source
from sse_assets_tests.environment import settings_with

FEATURES = "stoichiometric"
SMALL = BoostedTreesSettings(
    n_estimators=15, num_parallel_tree=1, max_depth=3, reg_lambda=1, learning_rate=0.3
)
CRIPPLED = replace(SMALL, n_estimators=1)


def measured(n: int = 72, *, seed: int = 0) -> pd.DataFrame:
    """Electrolytes whose conductivity grows with their share of Li; two to a paper."""
    random = np.random.default_rng(seed)
    rows = []
    for number in range(n):
        anion = ("S", "O", "Se")[number % 3]
        formula = f"Li{random.integers(1, 60) / 10}P{anion}{random.integers(2, 9)}"
        composition = parse_composition(formula)
        sigma = 10 ** (-9 + 12 * composition.get_atomic_fraction("Li") + random.normal(0, 0.2))
        rows.append(
            {
                "electrolyte_id": f"x:{number:03}",
                "formula_only": False,
                "formula": formula,
                "composition_key": composition_key(composition),
                "doi": f"10.1/{number // 2}",
                "sigma_s_cm": sigma,
                "log10_sigma": np.log10(sigma),
                "censored": False,
                "conductivity_class": conductivity_class(sigma).value,
                "family": anion,
                "chemical_group": "Other",
                "reduced_formula": formula,
                "source": Source.SAMPLE,
            }
        )
    return curated.ELECTROLYTES.frame(rows)


class House:
    """Storage of its own; each run has a Dagster that remembers nothing, as after a run that was killed."""

    def __init__(self, home: Path) -> None:
        self.settings = settings_with(SSE_HOME=home, SSE_EXECUTOR="in_process", SSE_WORKER="1")
        self.store = TableStore(self.settings.blob_root)

    def run(self, *assets: Any, partition: str | None = None) -> dg.ExecuteInProcessResult:
        made = {key for asset in assets for key in asset.keys}
        stored = {key for asset in assets for key in asset.dependency_keys} - made
        resources = {"io_manager": TableIOManager(self.settings), "settings": self.settings}
        return dg.materialize(
            [*assets, *map(dg.AssetSpec, stored)], resources=resources, partition_key=partition
        )

    def retrain(
        self, electrolytes: pd.DataFrame, settings: BoostedTreesSettings = SMALL
    ) -> dict[str, object]:
        """Train on these rows; then the metadata of the decision, and its data version."""
        fractions = stoichiometric(electrolytes)
        geometric = electrolytes[["electrolyte_id"]].assign(**dict.fromkeys(GEOMETRIC_COLUMNS, np.nan))
        matrix = feature_matrix(FeatureSet.STOICHIOMETRIC, fractions, geometric)
        folds = assign(electrolytes, matrix, SplitSettings())
        folds = folds[folds["protocol"] == Protocol.GROUPED]
        table = pd.DataFrame([{"feature_set": FEATURES, "origin": "test", **asdict(settings)}])
        for key, frame in {
            TableKey("curated", "electrolytes"): electrolytes,
            TableKey("splits", "assignments"): folds,
            TableKey("descriptors", "stoichiometric"): fractions,
            TableKey("descriptors", "geometric"): geometric,
            TableKey("models", "boosted_trees_settings", FEATURES): table,
        }.items():
            self.store.write(key, frame)
        return self.decide(boosted_trees)

    def decide(self, *training: Any) -> dict[str, object]:
        """The decision, after training or by itself."""
        result = self.run(*training, champions, partition=FEATURES)
        (event,) = result.asset_materializations_for_node("models__champions")
        found = {name: value.value for name, value in event.metadata.items()}
        return found | {"data_version": (event.tags or {})["dagster/data_version"]}

    @property
    def history(self) -> pd.DataFrame:
        return self.store.read(TableKey("models", "champions", FEATURES))

    @property
    def newest(self) -> str:
        fits = self.store.read(TableKey("models", "boosted_trees", FEATURES))
        return str(fits.query("protocol == 'all_rows' and label_convention == 'bound'")["model_path"].item())


@pytest.fixture
def house(tmp_path: Path) -> House:
    return House(tmp_path)


@pytest.fixture
def refitted(monkeypatch: pytest.MonkeyPatch) -> list[list[Fold]]:
    """The folds of each refit of a champion."""
    seen: list[list[Fold]] = []
    fit: Callable[..., pd.DataFrame] = step.predict_folds

    def spy(folds: list[Fold], *arguments: object, **named: object) -> pd.DataFrame:
        seen.append(folds)
        return fit(folds, *arguments, **named)

    monkeypatch.setattr(step, "predict_folds", spy)
    return seen


def predict(house: House, monkeypatch: pytest.MonkeyPatch) -> str:
    monkeypatch.setenv("SSE_HOME", str(house.settings.home))
    monkeypatch.delenv("SSE_BLOB_ROOT", raising=False)
    asked = CliRunner().invoke(cli.main, ["predict", "--formula", "Li3PS4"])
    assert asked.exit_code == 0, asked.output
    return asked.output


def test_the_first_model_reigns_and_the_same_again_changes_nothing(
    house, refitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = house.retrain(measured())
    assert first["decision"] == "first"
    again = house.retrain(measured())
    assert again["decision"] == "unchanged"
    assert again["data_version"] == first["data_version"]
    assert again["mae_champion"] == again["mae_challenger"] == first["mae_challenger"]
    assert refitted == []
    (row,) = house.history.to_dict("records")
    assert (row["decision"], row["model_path"], row["n_train"]) == ("first", house.newest, 72)


def test_a_worse_model_is_kept_out_and_the_champion_answers(
    house, refitted, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = house.retrain(measured())
    reigning, before = house.newest, predict(house, monkeypatch)
    kept = house.retrain(measured(), CRIPPLED)
    assert kept["decision"] == "kept"
    assert "The new model is worse: it errs by" in str(kept["reason"])
    # The same rows and settings on the same folds err as they did when they were trained.
    assert kept["mae_champion"] == pytest.approx(first["mae_challenger"], abs=1e-6)
    assert kept["difference"] == pytest.approx(kept["mae_challenger"] - kept["mae_champion"])
    assert house.newest != reigning
    assert house.history["model_path"].tolist() == [reigning, reigning]
    assert predict(house, monkeypatch) == before
    assert "(all_rows; data " in before
    assert ", champion since 20" in before

    asked_again = house.decide()
    assert (asked_again["decision"], asked_again["data_version"]) == ("unchanged", kept["data_version"])
    assert len(refitted) == 1
    assert house.retrain(measured())["decision"] == "unchanged"
    assert house.history["decision"].tolist() == ["first", "kept", "unchanged"]


def test_a_model_that_is_not_worse_takes_over(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    house.retrain(measured(), CRIPPLED)
    promoted = house.retrain(measured())
    assert promoted["decision"] == "promoted"
    assert house.history["model_path"].iloc[-1] == house.newest
    assert len(house.history) == 2
    assert "72 rows" in predict(house, monkeypatch)


def test_a_champion_never_trains_on_what_shares_a_source_with_a_test_row(house, refitted) -> None:
    """Rows that were withdrawn, relabelled or are of elements that no row holds any more included."""
    old = measured()
    withdrawn, moved = "x:000", "x:003"
    old.loc[old["electrolyte_id"] == withdrawn, ["formula", "composition_key"]] = ["LiPI9", "only once"]
    house.retrain(old)
    new = measured()
    new.loc[new["electrolyte_id"] == moved, "doi"] = "10.1/elsewhere"
    new = new[new["electrolyte_id"] != withdrawn]
    house.retrain(new)
    (folds,) = refitted
    once, today = old.set_index("electrolyte_id"), new.set_index("electrolyte_id")
    for fold in folds:
        assert len(fold.train) > 40
        assert not fold.train.intersection(fold.test).size
        assert not sources_in_common(once.loc[fold.train], today.loc[fold.test]).to_numpy().any()
    trains = [withdrawn in fold.train for fold in folds]
    shares = ["x:001" in fold.test for fold in folds]  # of its paper, and still there
    assert trains == [not share for share in shares]
    assert sum(shares) == 1
    assert pd.Index.union(folds[0].train, folds[1].train).isin(once.index).all()


@pytest.mark.parametrize("gone", ["training_rows.parquet", "."])
def test_a_champion_whose_files_are_gone_is_followed(house: House, gone: str) -> None:
    house.retrain(measured())
    reigning = house.settings.home / "blobs" / house.newest
    shutil.rmtree(reigning) if gone == "." else (reigning / gone).unlink()
    followed = house.retrain(measured(), CRIPPLED)
    assert followed["decision"] == "promoted"
    assert "can no longer be compared" in str(followed["reason"])
    assert house.history["model_path"].iloc[-1] == house.newest
    assert house.decide()["decision"] == "unchanged"


def test_with_too_few_rows_to_test_on_the_new_model_takes_over(house: House) -> None:
    house.retrain(measured())
    followed = house.retrain(measured().head(16), CRIPPLED)
    assert followed["decision"] == "promoted"
    assert "fewer than 20 rows" in str(followed["reason"])


def test_data_drift_is_a_warning_with_figures(house: House) -> None:
    def look(electrolytes: pd.DataFrame) -> dg.AssetCheckEvaluation:
        @dg.asset(key=["curated", "electrolytes"])
        def electrolytes_of_today() -> dg.MaterializeResult[pd.DataFrame]:
            return table_result(electrolytes)

        result = house.run(electrolytes_of_today, data_have_not_drifted)
        assert result.success
        (evaluation,) = result.get_asset_check_evaluations()
        return evaluation

    assert "Nothing to compare with" in str(look(measured()).description)
    fewer = measured().head(50)
    for _ in range(2):  # as when a run is killed before the check, and repeated
        warned = look(fewer)
        assert not warned.passed
        assert warned.severity is dg.AssetCheckSeverity.WARN
        assert warned.metadata["rows_withdrawn"].value == 22
        assert "22 withdrawn" in str(warned.description)
    assert look(fewer.head(49)).passed
