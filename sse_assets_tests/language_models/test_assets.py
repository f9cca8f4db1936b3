"""The step behind `models.language_models`, on a tiny Llama in the place of the paper's."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import dagster as dg
import pandas as pd
import pytest

from sse_assets.assets.language_models import (
    FineTuningConfig,
    _training_tables,
    language_models,
    small_language_model_learning_curve,
)
from sse_assets.language_models import errors
from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.prediction import predict_new
from sse_assets.language_models.settings import LoadSettings
from sse_assets.orchestration.gpu import GPU_POOL
from sse_assets.orchestration.io import TableIOManager, table_result
from sse_assets.orchestration.on_demand import ASKED_FOR
from sse_assets.orchestration.step_settings import SettingsOfStepError, check_settings
from sse_assets.orchestration.tables import TableKey, TableStore
from sse_assets.tables import models
from sse_assets_tests.environment import settings_with
from sse_assets_tests.language_models.test_prediction import LICL
from sse_assets_tests.language_models.tiny import TinyFamily

PARTITION = dg.MultiPartitionKey({"base_model": "llama-3.1-8b", "case": "case_2"})


def _source(group: str, name: str, frame: pd.DataFrame) -> dg.AssetsDefinition:
    @dg.asset(key=[group, name])
    def source() -> dg.MaterializeResult[pd.DataFrame]:
        return table_result(frame)

    return source


class Step:
    """The step with its inputs, on storage of its own."""

    def __init__(self, home: Path, data: TrainingData) -> None:
        self.settings = settings_with(SSE_HOME=home, SSE_EXECUTOR="in_process")
        self.instance = dg.DagsterInstance.local_temp(str(home))
        prompts = pd.DataFrame(
            [
                {
                    "electrolyte_id": example.electrolyte_id,
                    "case": data.case.value,
                    "prompt": example.prompt,
                    "missing": None,
                    "from_prototype": None,
                    "label_obelix": example.answer,
                    "label_bound": example.answer,
                }
                for example in data.examples
            ]
        )
        ids = prompts["electrolyte_id"]
        assignments = pd.concat(
            [
                pd.DataFrame(
                    {
                        "protocol": protocol,
                        "fold": fold,
                        "electrolyte_id": ids,
                        "role": ["test" if number % 4 == fold else "train" for number in range(len(ids))],
                    }
                )
                for protocol, fold in (("diversity", 0), ("grouped", 0), ("grouped", 1))
            ]
        )
        leakage = pd.DataFrame(
            {
                "protocol": ["diversity"],
                "fold": [0],
                "n_train": [9],
                "n_test": [3],
                "n_test_sharing_doi": [2],
                "n_test_sharing_composition": [1],
            }
        )
        self.sources = [
            _source("descriptors", "prompts", prompts),
            _source("splits", "assignments", assignments),
            _source("splits", "formula_only", assignments.iloc[:0]),
            _source("splits", "leakage", leakage.reindex([0, 0]).assign(protocol=["diversity", "grouped"])),
        ]

    def run(self, **config: Any) -> dg.ExecuteInProcessResult:
        resources = {"io_manager": TableIOManager(self.settings), "settings": self.settings}
        dg.materialize(self.sources, instance=self.instance, resources=resources)
        return dg.materialize(
            [*self.sources, language_models],
            selection=[language_models],
            partition_key=PARTITION,
            instance=self.instance,
            resources=resources,
            run_config={"ops": {"fine_tune_language_model": {"config": config}}},
            raise_on_error=False,
        )

    def table(self, name: str, schema: str = "models", partition: str | None = None) -> pd.DataFrame:
        return TableStore(self.settings.blob_root).read(TableKey(schema, name, partition))


@pytest.fixture
def step(tmp_path: Path, twelve: TrainingData) -> Step:
    return Step(tmp_path, twelve)


def test_a_partition_is_trained_scored_stored_and_can_be_used(step, tiny_models) -> None:
    weights = tiny_models[TinyFamily.LLAMA].hub_id
    result = step.run(
        local_path=weights,
        epochs=1,
        label_conventions=["bound"],
        protocols=["all_rows", "diversity", "grouped"],
    )
    assert result.success

    fits = step.table("language_models")
    assert set(models.LANGUAGE_MODELS.names) <= set(fits)
    assert list(fits["protocol"]) == ["all_rows", "diversity", "grouped", "grouped"]
    # As with the trees, what is kept is what somebody might use: not the folds of a cross-validation.
    assert list(fits["model_path"].notna()) == [True, True, False, False]
    assert not (step.settings.home / "working" / "language_models" / "llama-3.1-8b" / "case_2").exists()

    answers = step.table("language_models_predictions")
    assert set(answers["variant"]) == {"case_2", "case_2_sample"}
    assert set(answers["protocol"]) == {"diversity", "grouped"}
    assert len(step.table("language_models_losses")) == 4 * 2

    folder = Path(str(step.settings.blob_root / fits["model_path"].iloc[1]))
    assert "2 share a source paper" in (folder / "README.md").read_text()
    predicted = predict_new(folder, cif=LICL, load_settings=LoadSettings(weights))
    assert predicted["predicted"].between(-18, 1).all()


def test_the_loss_curve_can_be_followed(step: Step, tiny_models: Mapping[TinyFamily, BaseModel]) -> None:
    step.run(
        local_path=tiny_models[TinyFamily.LLAMA].hub_id,
        epochs=2,
        label_conventions=["bound"],
        protocols=["diversity"],
        number_modes=["distribution"],
    )
    event = step.instance.fetch_observations(dg.AssetKey(["models", "language_models"]), limit=1).records[0]
    observation = event.asset_observation
    assert observation is not None
    assert observation.partition == PARTITION
    assert observation.metadata["loss"].value > 0
    assert "data:image/png" in observation.metadata["plot_loss"].value


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"protocols": ["random"]}, "one of diversity, grouped, all_rows"),
        ({"local_path": "nowhere"}, "nowhere"),
        ({}, "meta-llama/Llama-3.1-8B-Instruct"),
    ],
)
def test_what_cannot_work_stops_before_any_training(step, config: dict[str, Any], sentence: str) -> None:
    result = step.run(**config)
    assert not result.success
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    cause = failure.step_failure_data.error.cause
    assert cause.cls_name == "LanguageModelError"
    assert sentence in cause.message


@pytest.mark.parametrize(
    ("config", "sentence"),
    [
        ({"quantisation": "3-bit"}, "quantisation is '3-bit': input should be 'auto', 'none' or '4-bit'"),
        ({"label_conventions": ["floor"]}, "label_conventions is 'floor', and not one of: obelix, bound"),
        ({"protocols": ["blind"]}, "protocols is 'blind', and not one of: diversity, random, papers"),
        ({"epochs": 0}, "epochs is 0: it must be at least 1"),
        ({"temperature": -1.0}, "temperature is -1.0: it must be above 0"),
    ],
)
def test_settings_that_mean_nothing_are_refused(config: dict[str, Any], sentence: str) -> None:
    with pytest.raises(SettingsOfStepError) as error:
        check_settings("fine_tune_language_model", FineTuningConfig, config)
    assert sentence in str(error.value)


def test_materialize_does_not_start_a_fine_tuning(step: Step) -> None:
    resources = {"io_manager": TableIOManager(step.settings), "settings": step.settings}
    dg.materialize(step.sources, instance=step.instance, resources=resources)
    pipeline = dg.Definitions([*step.sources, language_models], resources=resources)
    result = pipeline.resolve_job_def("__ASSET_JOB").execute_in_process(
        asset_selection=[*language_models.keys],
        partition_key=PARTITION,
        instance=step.instance,
        raise_on_error=False,
    )
    (failure,) = result.filter_events(lambda event: event.is_step_failure)
    assert "start the job fine_tune_language_models" in str(failure.step_failure_data.error)


def test_without_the_extra_the_step_says_what_to_install(step: Step, monkeypatch: pytest.MonkeyPatch) -> None:
    # torch is there in a base installation, what reads language models is not.
    monkeypatch.setattr(
        errors, "find_spec", lambda name: None if name in ("peft", "transformers") else object()
    )
    (failure,) = step.run().filter_events(lambda event: event.is_step_failure)
    message = failure.step_failure_data.error.cause.message
    assert "language models need peft, transformers: run `make language-models` once" in message


def test_what_only_a_prototype_tells_is_left_out_with_the_formulas() -> None:
    prompts = pd.DataFrame({"prompt": ["a", "b"], "from_prototype": [None, "space group"]}, dtype="str")
    tables = {"prompts": prompts, "formula_only": pd.DataFrame({"electrolyte_id": ["c"]})}
    assert _training_tables(tables, formula_only=True) is tables
    told = _training_tables(tables, formula_only=False)
    assert told["prompts"]["prompt"].dropna().tolist() == ["a"]
    assert told["formula_only"].empty


def test_the_learning_curve_of_the_small_model_trains_on_shares_of_the_papers(step: Step) -> None:
    """Four papers train, of two rows each, and two are held out."""
    ids = [f"invented:{number}" for number in range(12)]
    roles = ["train"] * 8 + ["test"] * 4
    folds = pd.DataFrame({"protocol": "papers", "fold": 0, "electrolyte_id": ids, "role": roles})
    dois = [f"10.1000/{number // 2}" for number in range(12)]
    electrolytes = TableKey("curated", "electrolytes")
    TableStore(step.settings.blob_root).write(
        electrolytes, pd.DataFrame({"electrolyte_id": ids, "doi": dois, "source": "obelix"})
    )
    result = dg.materialize(
        [
            *step.sources[:1],
            _source("splits", "assignments", folds),
            _source("splits", "formula_only", folds.iloc[:0]),
            dg.AssetSpec(["curated", "electrolytes"]),
            small_language_model_learning_curve,
        ],
        partition_key="case_2",
        instance=step.instance,
        resources={"io_manager": TableIOManager(step.settings), "settings": step.settings},
        tags=dict(ASKED_FOR),
    )
    assert result.success
    table = step.table("small_language_model_learning_curve", "metrics", "case_2")
    assert table["share"].tolist() == [0.125, 0.25, 0.5, 1.0]
    assert table["n_train"].tolist() == [2.0, 2.0, 4.0, 8.0]
    assert set(table["n"]) == {4}
    assert table["mae"].between(0.1, 18).all()
    assert set(table["case"]) == {"case_2"}
    assert not (step.settings.home / "working" / "small_language_model_learning_curve" / "case_2").exists()


def test_the_step_asks_for_a_gpu() -> None:
    assert language_models.op.pool == GPU_POOL
    assert language_models.op.tags["dagster-k8s/config"]
