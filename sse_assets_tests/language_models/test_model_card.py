from dataclasses import replace
from pathlib import Path

from sse_assets.language_models.adapters import read_run
from sse_assets.language_models.model_card import write_model_card
from sse_assets_tests.language_models.conftest import Learnt


def test_the_card_states_data_leakage_licence_and_validity(learnt: Learnt, tmp_path: Path) -> None:
    write_model_card(
        tmp_path,
        read_run(learnt.folder),
        split_and_leakage="Rows of the same paper stand on both sides.",
        n_valid=48,
        n_total=50,
        test_metrics={"mae": 1.2345},
    )
    card = (tmp_path / "README.md").read_text()

    assert "50 measured electrolytes, data version invented.\nA measurement" in card
    assert "Protocol `official`, fold 0. Rows of the same paper stand on both sides." in card
    assert "licence: none: random weights" in card
    assert "answers that are a number: 48 of 50\n- mae: 1.234" in card


def test_the_card_counts_rows_with_the_symmetry_of_a_prototype(learnt: Learnt, tmp_path: Path) -> None:
    run = read_run(learnt.folder)
    run = replace(run, data=replace(run.data, n_from_prototype=7))
    write_model_card(tmp_path, run, split_and_leakage="", n_valid=None, n_total=None, test_metrics={})
    assert "The space group or the disorder class of 7 of them is that of a prototype." in (
        (tmp_path / "README.md").read_text()
    )


def test_an_adapter_has_no_card_before_it_is_scored(learnt: Learnt) -> None:
    assert not (learnt.folder / "README.md").exists()
