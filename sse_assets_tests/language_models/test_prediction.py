from collections.abc import Callable

import pandas as pd
import pytest
from transformers import PreTrainedTokenizerBase

from sse_assets.language_models.adapters import TrainingData
from sse_assets.language_models.answers import SamplingSettings, answer_scores
from sse_assets.language_models.errors import LanguageModelError
from sse_assets.language_models.prediction import PREDICTION_COLUMNS, new_prompt, predict, predict_new
from sse_assets.language_models.regression_head import LabelScale
from sse_assets.language_models.runtime import load
from sse_assets.language_models.settings import LoadSettings
from sse_assets.materials.crystal import CifError
from sse_assets.materials.formula import FormulaError
from sse_assets.tables.names import NumberMode, PromptCase
from sse_assets_tests.language_models.conftest import Learnt

ROCK_SALT = """\
data_rock_salt
_space_group_name_H-M_alt 'P 1'
_cell_length_a 5.13
_cell_length_b 5.13
_cell_length_c 5.13
_cell_angle_alpha 90
_cell_angle_beta 90
_cell_angle_gamma 90
{units}
loop_
_atom_site_label
_atom_site_type_symbol
_atom_site_fract_x
_atom_site_fract_y
_atom_site_fract_z
_atom_site_occupancy
Li1 Li 0.0 0.0 0.0 {occupancy}
Li2 Li 0.5 0.5 0.0 {occupancy}
Li3 Li 0.5 0.0 0.5 {occupancy}
Li4 Li 0.0 0.5 0.5 {occupancy}
Cl1 Cl 0.5 0.5 0.5 1
Cl2 Cl 0.0 0.0 0.5 1
Cl3 Cl 0.0 0.5 0.0 1
Cl4 Cl 0.5 0.0 0.0 1
"""
LICL = ROCK_SALT.format(units="", occupancy=1)
Predict = Callable[..., pd.DataFrame]


@pytest.fixture(scope="module")
def tokenizer(learnt: Learnt) -> PreTrainedTokenizerBase:
    return load(learnt.base, LoadSettings()).tokenizer


@pytest.fixture(scope="module")
def table(fifty: TrainingData) -> pd.DataFrame:
    return pd.DataFrame(
        {
            "electrolyte_id": [example.electrolyte_id for example in fifty.examples],
            "prompt": [example.prompt for example in fifty.examples],
        }
    )


@pytest.fixture(scope="module")
def truth(fifty: TrainingData) -> pd.Series:
    return pd.Series({example.electrolyte_id: float(example.answer) for example in fifty.examples})


@pytest.fixture(scope="module")
def ask(learnt: Learnt, tokenizer: PreTrainedTokenizerBase, table: pd.DataFrame, truth: pd.Series) -> Predict:
    """`predict` with the model that has learnt the fifty examples."""

    def ask(mode: NumberMode, **arguments: object) -> pd.DataFrame:
        return predict(
            learnt.tuned.model,
            tokenizer,
            table,
            mode,
            chat_kwargs=learnt.base.chat_template_kwargs,
            train_median=truth.median(),
            **arguments,
        )

    return ask


def test_the_distribution_knows_what_was_learnt(ask: Predict, table: pd.DataFrame, truth: pd.Series) -> None:
    predictions = ask(NumberMode.DISTRIBUTION, batch_size=16)
    assert predictions.columns.tolist() == PREDICTION_COLUMNS
    assert predictions["electrolyte_id"].equals(table["electrolyte_id"])
    scores = answer_scores(predictions, truth)
    assert (scores.n_valid, scores.n_total) == (50, 50)
    assert not predictions["imputed"].any()
    assert scores.mae_all < 1.0
    assert (predictions["low"] <= predictions["predicted"]).all()
    assert (predictions["predicted"] <= predictions["high"]).all()
    assert predictions["number_probability"].between(0.01, 1.0 + 1e-6).all()
    pd.testing.assert_frame_equal(predictions, ask(NumberMode.DISTRIBUTION, batch_size=16))


def test_answers_drawn_are_numbers_and_nearly_right(ask: Predict, truth: pd.Series) -> None:
    sampling = SamplingSettings(draws=3)
    predictions = ask(NumberMode.SAMPLE, sampling=sampling, batch_size=50)
    assert predictions.columns.tolist() == PREDICTION_COLUMNS
    scores = answer_scores(predictions, truth)
    assert scores.n_total == 50
    assert scores.n_valid >= 45
    assert scores.mae_all < 1.0
    assert predictions["n_draws"].sum() >= 135
    assert predictions["std"].notna().sum() >= 45
    assert predictions[["low", "high"]].isna().all(axis=None)


def test_a_head_is_asked_through_the_same_door(learnt: Learnt, table: pd.DataFrame) -> None:
    """Its weights are random here; `test_regression_head` trains one."""
    model, tokenizer, _ = load(learnt.base, LoadSettings(), regression=True)
    arguments = {"chat_kwargs": learnt.base.chat_template_kwargs, "train_median": -5.0}
    predictions = predict(
        model, tokenizer, table, NumberMode.REGRESSION, label_scale=LabelScale(-5.0, 1e-6), **arguments
    )
    assert predictions.columns.tolist() == PREDICTION_COLUMNS
    assert predictions["predicted"].tolist() == pytest.approx([-5.0] * 50, abs=1e-3)
    assert predictions["valid"].all()
    assert not predictions["imputed"].any()
    with pytest.raises(LanguageModelError, match="pass the label_scale"):
        predict(model, tokenizer, table, NumberMode.REGRESSION, **arguments)


def test_an_adapter_predicts_for_a_new_cif_as_for_a_table(learnt, tokenizer) -> None:
    fresh = predict_new(learnt.folder, cif=LICL)
    assert fresh["prompt"].tolist() == ["<formula: LiCl> <symmetry: Fm-3m>"]
    known = predict(
        learnt.tuned.model,
        tokenizer,
        fresh[["electrolyte_id", "prompt"]],
        chat_kwargs=learnt.base.chat_template_kwargs,
        train_median=0.0,
    )
    pd.testing.assert_frame_equal(fresh[PREDICTION_COLUMNS], known, atol=1e-4)


def test_what_an_adapter_needs_is_said_before_it_is_loaded(learnt, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr("sse_assets.language_models.prediction.load_adapter")
    with pytest.raises(LanguageModelError, match="give the CIF of LiCl"):
        predict_new(learnt.folder, formula="LiCl")
    with pytest.raises(LanguageModelError, match="give a formula, a CIF or both"):
        predict_new(learnt.folder)
    with pytest.raises(FormulaError):
        predict_new(learnt.folder, formula="lithium", cif=LICL)
    with pytest.raises(CifError):
        predict_new(learnt.folder, cif="data_cut short")


def test_a_formula_is_written_as_in_training() -> None:
    """Reduced, the most electropositive element first, by `materials.formula`."""
    assert new_prompt(PromptCase.CASE_1, "Cl2 Li2", None) == "formula: LiCl"
    assert new_prompt(PromptCase.CASE_1, "(Li2S)0.75 (P2S5)0.25", None) == "formula: Li1.5P0.5S2"


def test_a_cif_tells_formula_space_group_and_disorder() -> None:
    cif = ROCK_SALT.format(units="", occupancy=0.75)
    prompt = new_prompt(PromptCase.CASE_4, None, cif)
    assert prompt == "<formula: Li3Cl4> <symmetry: Fm-3m> <disorder: Li cation disorder>"
    assert new_prompt(PromptCase.CASE_1, None, LICL) == "formula: LiCl"


@pytest.mark.parametrize(
    ("units", "formula"),
    [("_cell_formula_units_Z 4", "Li0.7Cl"), ("", "Li2.8Cl4"), ("_cell_formula_units_Z ?", "Li2.8Cl4")],
)
def test_formula_units_that_a_cif_states_count(units: str, formula: str) -> None:
    """A cell of four times Li0.7Cl, which has no smaller whole amounts."""
    cif = ROCK_SALT.format(units=units, occupancy=0.7)
    assert new_prompt(PromptCase.CASE_1, None, cif) == f"formula: {formula}"


def test_a_given_formula_wins_over_the_cif() -> None:
    prompt = new_prompt(PromptCase.CASE_2, "Li0.98Cl", LICL)
    assert prompt == "<formula: Li0.98Cl> <symmetry: Fm-3m>"


def test_a_crystal_without_a_space_group_is_refused_where_one_is_needed() -> None:
    split = ROCK_SALT.format(units="", occupancy=0.5)
    overlapping = split.replace("Li2 Li 0.5 0.5 0.0", "Li2 Li 0.0 0.0 0.001")
    with pytest.raises(LanguageModelError, match="use an adapter of case_1 or case_3"):
        new_prompt(PromptCase.CASE_2, None, overlapping)
    assert "Li cation disorder" in new_prompt(PromptCase.CASE_3, None, overlapping)
