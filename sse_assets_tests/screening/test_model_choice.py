"""The stored models that can be asked, and which of them is."""

import pandas as pd
import pytest

from sse_assets.screening.model_choice import choose_model, stored_models, with_champions
from sse_assets.screening.prediction import PredictionError
from sse_assets.tables import models
from sse_assets.tables.names import Decision, FeatureSet, ModelName, PromptCase, Protocol, Task

STORED = pd.DataFrame(
    [
        ("boosted_trees", "all", "diversity", "bound", "trees-d"),
        ("boosted_trees", "all", "all_rows", "obelix", "trees-o"),
        ("boosted_trees", "all", "all_rows", "bound", "trees"),
        ("boosted_trees", "stoichiometric", "all_rows", "bound", "formula"),
        ("gaussian_process", "none", "all_rows", "bound", "process"),
        ("qwen3-8b", "case_2", "official", "bound", "qwen"),
    ],
    columns=["model", "variant", "protocol", "label_convention", "model_path"],
)


@pytest.mark.parametrize(
    ("model", "variant", "has_crystal", "path"),
    [
        ("boosted_trees", None, True, "trees"),
        ("boosted_trees", None, False, "formula"),
        ("boosted_trees", "all", False, "trees"),
        ("gaussian_process", None, True, "process"),
        ("gaussian_process", None, False, "process"),
        ("qwen3-8b", None, True, "qwen"),
    ],
)
def test_the_model_asked_is_the_richest_one_trained_on_all_rows(
    model: str, variant: str | None, has_crystal: bool, path: str
) -> None:
    assert choose_model(STORED, model, variant, has_crystal=has_crystal)["model_path"] == path


ANSWERING = pd.DataFrame(
    [
        ("formula", "gaussian_process", "none", 1.0, True),
        ("formula", "boosted_trees", "stoichiometric", 1.1, False),
        ("cif", "boosted_trees", "all", 1.5, False),
        ("cif", "boosted_trees", "stoichiometric", 1.2, True),
    ],
    columns=["kind", "model", "variant", "mae", "answers"],
)


@pytest.mark.parametrize(
    ("model", "variant", "has_crystal", "path"),
    [
        (None, None, False, "process"),
        (None, None, True, "formula"),
        ("boosted_trees", None, True, "formula"),
        ("boosted_trees", "all", True, "trees"),
        (None, "all", True, "trees"),
        ("qwen3-8b", None, True, "qwen"),
    ],
)
def test_who_is_asked_follows_the_table_among_those_that_are_named(
    model: str | None, variant: str | None, has_crystal: bool, path: str
) -> None:
    chosen = choose_model(STORED, model, variant, has_crystal=has_crystal, answering=ANSWERING)
    assert chosen["model_path"] == path


def test_the_next_best_answers_for_a_model_that_is_no_longer_stored() -> None:
    left = STORED[STORED["model"] != "gaussian_process"]
    assert choose_model(left, None, None, has_crystal=False, answering=ANSWERING)["model_path"] == "formula"


@pytest.mark.parametrize("answering", [None, models.ANSWERING.frame()])
def test_a_home_without_the_table_still_answers(answering: pd.DataFrame | None) -> None:
    chosen = choose_model(STORED, None, None, has_crystal=True, answering=answering)
    assert chosen["model_path"] == "trees"


def test_a_champion_answers_in_the_place_of_the_trees_trained_last() -> None:
    champions = pd.DataFrame(
        [("all", "champion", 83, "2026-03-01T12:00:00+00:00")],
        columns=["feature_set", "model_path", "n_train", "since"],
    )
    stored = with_champions(STORED, champions)
    chosen = choose_model(stored, "boosted_trees", None, has_crystal=True)
    assert (chosen["model_path"], chosen["protocol"]) == ("champion", "all_rows")
    assert chosen["standing"] == "champion since 2026-03-01, 83 rows"
    formula = choose_model(stored, "boosted_trees", None, has_crystal=False)
    assert (formula["model_path"], formula["standing"]) == ("formula", "")
    assert len(stored) == len(STORED)
    assert with_champions(STORED, champions.head(0))["model_path"].tolist() == STORED["model_path"].tolist()


def test_a_model_that_is_not_there_is_named_with_those_that_are() -> None:
    with pytest.raises(PredictionError, match="no stored model llama; there are: boosted_trees / all, "):
        choose_model(STORED, "llama", None, has_crystal=False)
    with pytest.raises(PredictionError, match="none yet: run the pipeline first"):
        choose_model(STORED.head(0), "boosted_trees", None, has_crystal=False)


def test_what_is_stored_is_read_from_every_table_that_there_is() -> None:
    fit = {"protocol": Protocol.ALL_ROWS, "fold": 0, "label_convention": "bound"}
    trees = {**fit, "feature_set": FeatureSet.ALL}
    text = {**fit, "case": PromptCase.CASE_1, "base_model": ModelName.QWEN, "kind": Task.TEXT}
    decision = {
        "feature_set": FeatureSet.ALL,
        "decision": Decision.FIRST,
        "model_path": "champion",
        "n_train": 83,
        "decided_at": "2026-03-01T12:00:00+00:00",
    }
    tables = {
        "boosted_trees": models.BOOSTED_TREES.frame([{**trees, "model_path": "trees"}, trees]),
        "gaussian_process": models.GAUSSIAN_PROCESS.frame([{**fit, "model_path": "process"}, fit]),
        "language_models": models.LANGUAGE_MODELS.frame(
            [{**text, "model_path": "qwen"}, {**text, "kind": Task.REGRESSION, "model_path": "head"}]
        ),
    }

    def listed() -> list[tuple[str, str, str]]:
        found = stored_models(lambda schema, name: tables.get(name) if schema == "models" else None)
        return sorted(found[["model", "variant", "model_path"]].itertuples(index=False, name=None))

    others = [("gaussian_process", "none", "process"), ("qwen3-8b", "case_1", "qwen")]
    assert listed() == [("boosted_trees", "all", "trees"), *others]
    tables["champions"] = models.CHAMPIONS.frame([decision])
    assert listed() == [("boosted_trees", "all", "champion"), *others]
