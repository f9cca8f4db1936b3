from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors.torch import load_file

from sse_assets.language_models import fits
from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.answers import SamplingSettings
from sse_assets.language_models.base_models import BaseModel
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.fits import Fit
from sse_assets.language_models.protocols import (
    CaseOutcome,
    CaseSettings,
    run_case,
)
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings, TrainingSettings
from sse_assets.language_models.training import fine_tune
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables import models
from sse_assets.tables.names import NumberMode, PromptCase, Task
from sse_assets_tests.language_models.conftest import Killed

TRAINING = TrainingSettings(learning_rate=3e-3, epochs=2)
SETTINGS = CaseSettings(
    training=TRAINING,
    sampling=SamplingSettings(draws=2, attempts=1),
    protocols=("official", "grouped"),
    label_conventions=(LabelConvention.BOUND,),
)
LEAKAGE = {"official": "Nothing in common.", "grouped": "Nothing in common, by groups."}
Run = Callable[..., CaseOutcome]


@pytest.fixture(scope="module")
def prompts(fifty: TrainingData) -> pd.DataFrame:
    """Of twenty electrolytes; the last two, 18 and 19, have no space group."""
    rows = [
        {
            "electrolyte_id": example.electrolyte_id,
            "case": "case_2",
            "prompt": example.prompt if number < 18 else None,
            "from_prototype": None,
            "label_obelix": "-15.00",
            "label_bound": example.answer,
        }
        for number, example in enumerate(fifty.examples[:20])
    ]
    return pd.DataFrame(rows, dtype="str")


@pytest.fixture(scope="module")
def assignments(prompts: pd.DataFrame) -> pd.DataFrame:
    """Official: one fold; grouped: two. 18 trains first and tests last, 19 the other way round."""
    ids = prompts["electrolyte_id"].tolist()
    folds = [("official", 0, ids[::2]), ("grouped", 0, ids[::2]), ("grouped", 1, ids[1::2])]
    return pd.DataFrame(
        {
            "protocol": protocol,
            "fold": fold,
            "electrolyte_id": id_,
            "role": "train" if id_ in train else "test",
        }
        for protocol, fold, train in folds
        for id_ in ids
    )


@pytest.fixture(scope="module")
def run(base: BaseModel, prompts: pd.DataFrame, assignments: pd.DataFrame) -> Run:
    def run(folder: Path, settings: CaseSettings = SETTINGS, **others: object) -> CaseOutcome:
        arguments = {"prompts": prompts, "assignments": assignments} | others
        return run_case(
            base,
            PromptCase.CASE_2,
            settings=settings,
            folder=folder,
            data_version="v1",
            split_and_leakage=LEAKAGE,
            **arguments,
        )

    return run


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("case")


@pytest.fixture(scope="module")
def outcome(run: Run, folder: Path) -> CaseOutcome:
    return run(folder)


def test_every_fold_is_trained_for_both_tasks_and_scored(outcome: CaseOutcome, folder: Path) -> None:
    runs = outcome.runs
    assert runs.columns.tolist() == models.LANGUAGE_MODELS.names
    assert runs[["protocol", "fold", "kind"]].to_records(index=False).tolist() == [
        (protocol, fold, kind)
        for kind in ("text", "regression")
        for protocol, fold in (("official", 0), ("grouped", 0), ("grouped", 1))
    ]
    assert runs["n_train"].tolist() == [9] * 6
    assert runs["n_without_prompt"].tolist() == [2] * 6
    text = runs[runs["kind"] == "text"]
    assert text["n_total"].tolist() == [9] * 3
    assert runs.loc[runs["kind"] == "regression", ["n_valid", "mae_all"]].isna().all(axis=None)
    assert (text["final_loss"] < text["first_loss"]).all()
    card = (folder / runs["model_path"][0] / "README.md").read_text()
    assert "Protocol `official`, fold 0. Nothing in common." in card
    assert "mode `distribution`" in card
    assert outcome.losses.groupby(["protocol", "fold", "kind"]).size().tolist() == [4] * 6


def test_every_row_is_predicted_in_every_mode(outcome: CaseOutcome, prompts: pd.DataFrame) -> None:
    table = outcome.predictions
    assert table.columns.tolist() == models.LANGUAGE_MODELS_PREDICTIONS.names
    assert table.groupby("mode")["variant"].unique().map(list).to_dict() == {
        "distribution": ["case_2"],
        "sample": ["case_2_sample"],
        "regression": ["case_2_regression"],
    }
    official = table[(table["protocol"] == "official") & (table["mode"] == "sample")].set_index(
        "electrolyte_id"
    )
    # 18 trains and has no prompt; 19 tests and has none, so the training median stands in.
    assert len(official) == 19
    assert "invented:18" not in official.index
    labels = prompts.set_index("electrolyte_id")["label_bound"].astype(float)
    assert official["log10_sigma"].equals(labels.loc[official.index].rename("log10_sigma"))
    unasked = official.loc["invented:19"]
    assert unasked["predicted"] == labels.iloc[:18:2].median()
    assert (unasked["valid"], unasked["imputed"], unasked["n_draws"]) == (False, True, 0)
    assert official.loc[official["role"] == "train", "n_draws"].max() <= 1
    certain = table[(table["mode"] != "sample") & (table["electrolyte_id"] != "invented:19")]
    assert certain[certain["electrolyte_id"] != "invented:18"]["valid"].all()


def test_rows_that_only_train_are_asked_for_nothing(prompts, assignments) -> None:
    """Of two such rows, one has no prompt in this case and trains nothing."""
    official = assignments[assignments["protocol"] == "official"]
    further = ["invented:16", "invented:18"]
    fold = official[~official["electrolyte_id"].isin(further)]
    how = (Task.TEXT, PromptCase.CASE_2, prompts, fold, LabelConvention.BOUND, "v1")
    without, fit = Fit.of(*how), Fit.of(*how, further)
    pd.testing.assert_frame_equal(fit.rows, without.rows)
    trained = {example.electrolyte_id for example in fit.data.examples}
    assert trained - {example.electrolyte_id for example in without.data.examples} == {"invented:16"}


def test_a_prompt_with_the_symmetry_of_a_prototype_trains_and_is_never_asked_of_a_test_row(
    prompts, assignments
) -> None:
    """Rows of the official fold: 4 trains, 5 tests, and 6 trains without being asked."""
    placed = prompts["electrolyte_id"].isin(["invented:4", "invented:5", "invented:6"])
    inferred = prompts.assign(from_prototype=prompts["from_prototype"].mask(placed, "space group"))
    fold = assignments[
        (assignments["protocol"] == "official") & (assignments["electrolyte_id"] != "invented:6")
    ]
    how = (fold, LabelConvention.BOUND, "v1", ["invented:6"])
    measured, fit = (Fit.of(Task.TEXT, PromptCase.CASE_2, table, *how) for table in (prompts, inferred))

    marked = [example.electrolyte_id for example in fit.data.examples if example.from_prototype]
    assert marked == ["invented:4", "invented:6"]
    assert fit.data.summary().n_from_prototype == 2
    assert [example.prompt for example in fit.data.examples] == [
        example.prompt for example in measured.data.examples
    ]
    lost = set(measured.asked["electrolyte_id"]) - set(fit.asked["electrolyte_id"])
    assert lost == {"invented:5"}
    assert fit.rows["electrolyte_id"].equals(measured.rows["electrolyte_id"])


def test_a_case_takes_further_rows_for_their_own_fold_alone(run, assignments, tmp_path: Path) -> None:
    further = pd.DataFrame(
        [("grouped", 1, "invented:16", "train")], columns=["protocol", "fold", "electrolyte_id", "role"]
    )
    fewer = assignments[assignments["electrolyte_id"] != "invented:16"]
    settings = replace(SETTINGS, modes=(NumberMode.DISTRIBUTION,))
    outcome = run(tmp_path, settings, assignments=fewer, further=further)
    assert outcome.runs["n_train"].tolist() == [8, 8, 10]
    assert "invented:16" not in set(outcome.predictions["electrolyte_id"])


def test_what_is_finished_is_read_back(run, folder, outcome, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(fits, "load")
    steps: list[tuple[int, int]] = []
    again = run(folder, progress=lambda *done: steps.append(done))
    for table in ("runs", "predictions", "losses"):
        pd.testing.assert_frame_equal(getattr(again, table), getattr(outcome, table))
    assert steps[-1][0] == steps[-1][1]
    assert [done for done, _ in steps] == sorted(done for done, _ in steps)


def test_a_model_used_before_trains_as_a_fresh_one(
    base, outcome, folder, prompts, assignments, tmp_path: Path
) -> None:
    """The last fits of text and of regression, each after two others in the same model."""
    last = assignments[(assignments["protocol"] == "grouped") & (assignments["fold"] == 1)]
    for task in Task:
        fit = Fit.of(task, PromptCase.CASE_2, prompts, last, LabelConvention.BOUND, "v1")
        loaded = load(base, LoadSettings(), regression=task is Task.REGRESSION)
        fine_tune(loaded, base, fit.data, TRAINING, tmp_path / task, task=task)
        kept = folder / outcome.runs.loc[outcome.runs["kind"] == task, "model_path"].iloc[-1]
        expected, found = (load_file(at / "adapter_model.safetensors") for at in (tmp_path / task, kept))
        assert expected.keys() == found.keys()
        assert all(torch.equal(expected[name], found[name]) for name in expected)


def test_a_killed_case_goes_on_where_it_was(run: Run, outcome: CaseOutcome, tmp_path: Path) -> None:
    """Killed in the second epoch of the second fit: one fit is done, and one epoch of the other."""

    def kill(done: int, total: int) -> None:
        if len(list(tmp_path.glob("*/run.json"))) == 1 and list(tmp_path.glob("*/checkpoints/checkpoint-2")):
            raise Killed

    with pytest.raises(Killed):
        run(tmp_path, progress=kill)
    resumed = run(tmp_path)
    assert resumed.runs["resumed_at_step"].tolist() == [0, 2, 0, 0, 0, 0]
    pd.testing.assert_frame_equal(resumed.predictions, outcome.predictions)
    pd.testing.assert_frame_equal(resumed.losses, outcome.losses)


def test_changed_data_train_anew_beside_what_was_there(run, prompts, tmp_path: Path) -> None:
    settings = replace(SETTINGS, protocols=("official",), modes=(NumberMode.DISTRIBUTION,))
    first = run(tmp_path, settings)
    changed = prompts.assign(label_bound=prompts["label_bound"].where(prompts.index != 0, "-1.00"))
    second = run(tmp_path, settings, prompts=changed)
    third = run(tmp_path, replace(settings, training=replace(TRAINING, seed=1)))
    folders = {outcome.runs["model_path"].item() for outcome in (first, second, third)}
    assert len(folders) == 3
    assert all((tmp_path / name / "run.json").is_file() for name in folders)


def test_what_cannot_be_trained_is_refused(run: Run, assignments: pd.DataFrame, tmp_path: Path) -> None:
    with pytest.raises(LanguageModelError, match="one of official, grouped"):
        run(tmp_path, replace(SETTINGS, protocols=("diversity",)))
    stranger = assignments.assign(
        electrolyte_id=assignments["electrolyte_id"].replace("invented:3", "strange")
    )
    with pytest.raises(LanguageModelError, match="strange is assigned to a fold and has no row"):
        run(tmp_path, assignments=stranger)
