"""Predictions of language models are kept while they answer today's questions."""

import pandas as pd
import pytest

from sse_assets.evaluation.current_rows import keep_current


def test_answers_to_todays_questions_are_kept_with_the_exact_labels(run, answers) -> None:
    kept, left_out = keep_current(answers.assign(mode="text"), run.predictions)
    assert left_out == []
    assert len(kept) == len(answers)
    assert list(kept.columns) == list(run.predictions.columns)
    labels = run.predictions.set_index("electrolyte_id").query("label_convention == 'bound'")["log10_sigma"]
    assert (kept.query("label_convention == 'bound'")["log10_sigma"].isin(labels)).all()


def test_nothing_earlier_leaves_nothing(run) -> None:
    kept, left_out = keep_current(pd.DataFrame(), run.predictions)
    assert kept.empty
    assert list(kept.columns) == list(run.predictions.columns)
    assert left_out == []


def _without_a_test_row(answers: pd.DataFrame) -> pd.DataFrame:
    return answers.drop(answers.query("role == 'test' and protocol == 'diversity'").index[0])


def _with_another_label(answers: pd.DataFrame) -> pd.DataFrame:
    row = answers.query("protocol == 'diversity'").index[0]
    return answers.assign(log10_sigma=answers["log10_sigma"].where(answers.index != row, -1.0))


def _with_a_row_that_has_changed_sides(answers: pd.DataFrame) -> pd.DataFrame:
    row = answers.query("protocol == 'diversity' and role == 'train'").index[0]
    return answers.assign(role=answers["role"].where(answers.index != row, "test"))


@pytest.mark.parametrize(
    "change", [_without_a_test_row, _with_another_label, _with_a_row_that_has_changed_sides]
)
def test_answers_to_other_questions_are_left_out_and_named(run, answers, change) -> None:
    one_case = answers.query("variant == 'case_1' and label_convention == 'bound'")
    kept, left_out = keep_current(change(one_case), run.predictions)
    assert left_out == ["llama-3.1-8b, case_1, diversity (bound) was trained on other data: train it again"]
    assert set(kept["protocol"]) == {"grouped"}


def test_a_training_row_without_a_prompt_may_lack(run, answers) -> None:
    row = answers.query("role == 'train' and protocol == 'diversity'").index[0]
    kept, left_out = keep_current(answers.drop(row), run.predictions)
    assert (len(kept), left_out) == (len(answers) - 1, [])
