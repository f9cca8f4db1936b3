"""A model can be fitted again from what lies beside it, and says so when it cannot."""

from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from sse_assets.boosted_trees.folds import Fold, predict_folds
from sse_assets.boosted_trees.model import BoostedTreesModel, ModelCard
from sse_assets.boosted_trees.recipe import Recipe, RecipeError
from sse_assets.boosted_trees.training import train_feature_set
from sse_assets.materials.conductivity import LabelConvention

ROLES = ("train", "test")


@pytest.fixture
def recipe(features, labels, settings) -> Recipe:
    sources = pd.DataFrame(
        {"electrolyte_id": features.index, "doi": None, "composition_key": "Li1.000"}
    ).astype({"doi": "str"})
    sources.loc[::2, "doi"] = "10.1/x"
    return Recipe.of(features.iloc[::-1], labels["bound"], sources, settings)


@pytest.fixture
def folder(recipe: Recipe, tmp_path: Path) -> Path:
    card = ModelCard("all", "all_rows", LabelConvention.BOUND, "v1", len(recipe.label), {}, None)
    BoostedTreesModel.fit(recipe.features, recipe.label, recipe.settings).with_card(card).save(tmp_path)
    recipe.save_rows(str(tmp_path))
    return tmp_path


def test_a_recipe_is_read_back_as_it_was(recipe: Recipe, folder: Path) -> None:
    again = Recipe.load(folder)
    assert again.version == recipe.version
    assert again.settings == recipe.settings
    pd.testing.assert_frame_equal(again.features, recipe.features)
    pd.testing.assert_series_equal(again.label, recipe.label)
    pd.testing.assert_frame_equal(again.sources, recipe.sources)


def test_its_version_follows_rows_and_settings(recipe: Recipe) -> None:
    others = [
        replace(recipe, settings=replace(recipe.settings, seed=1)),
        replace(recipe, label=recipe.label + 1e-12),
        replace(recipe, features=recipe.features * (1 + 1e-15)),
        replace(recipe, features=recipe.features.rename(columns={"O": "S"})),
        replace(recipe, sources=recipe.sources.assign(doi="10.1/y")),
    ]
    assert len({recipe.version, *(other.version for other in others)}) == 6


@pytest.mark.parametrize("file", ["model.json", "model.ubj", "training_rows.parquet"])
def test_what_is_gone_or_damaged_is_named(folder: Path, file: str) -> None:
    (folder / file).write_bytes(b"half")
    with pytest.raises(RecipeError, match="cannot be read"):
        Recipe.load(folder)
    (folder / file).unlink()
    with pytest.raises(RecipeError, match="lacks a file"):
        Recipe.load(folder)


def test_refitted_on_the_folds_it_predicts_what_training_did(recipe, labels, assignments, settings) -> None:
    folds = assignments[assignments["protocol"] == "random"]
    trained = train_feature_set(
        recipe.features,
        labels.assign(obelix=labels["bound"]),
        assignments,
        settings,
        feature_set="all",
        cv_groups=pd.Series(np.arange(len(recipe.label)), index=recipe.label.index),
        workers=2,
    ).predictions.query("protocol == 'random' and role == 'test' and label_convention == 'bound'")
    refitted = predict_folds(
        [
            Fold(name, *(pd.Index(rows.loc[rows["role"] == role, "electrolyte_id"]) for role in ROLES))
            for name, rows in folds.groupby("fold")
        ],
        recipe.features,
        recipe.label,
        settings,
        tested=recipe.features,
        workers=2,
    )
    by = ["fold", "electrolyte_id"]
    pd.testing.assert_series_equal(
        refitted.set_index(by)["predicted"].sort_index(), trained.set_index(by)["predicted"].sort_index()
    )


def test_no_folds_are_no_predictions(recipe: Recipe, settings) -> None:
    nothing = predict_folds([], recipe.features, recipe.label, settings, tested=recipe.features, workers=1)
    assert nothing.empty
