"""The choice of the model and who answers, in print."""

from sse_assets.report.choice_tables import answering_table, candidates_table, choice_table
from sse_assets.tables import models

CANDIDATE = {"label_convention": "bound", "level": "every paper", "model": "m", "n": 9, "n_papers": 3}


def test_the_chosen_stands_first_and_the_others_with_their_difference() -> None:
    table = models.CANDIDATES.frame(
        [
            CANDIDATE
            | {"candidate": "worse", "can_answer": False, "mae": 1.2, "difference": 0.2}
            | {"low": 0.1, "high": 0.3, "chosen": False},
            CANDIDATE
            | {"candidate": "best", "can_answer": True, "mae": 1.0, "difference": 0.0, "chosen": True},
            CANDIDATE
            | {"candidate": "best", "level": "without fold 0", "can_answer": True, "mae": 0.5}
            | {"difference": 0.0, "chosen": True},
        ]
    )
    best, worse = candidates_table(table).rows
    assert [cell.text for cell in best] == ["best", "at the limit", "1.000", "–"]
    assert best[2].is_best
    assert [cell.text for cell in worse] == ["worse", "at the limit", "1.200", "0.200"]
    assert (worse[0].note, worse[3].note) == ("not stored, so not to be chosen", "0.10 to 0.30")


def test_the_cost_of_the_choice_is_printed_beside_the_nested_error() -> None:
    row = {"label_convention": "bound", "candidate": "best", "how": "so", "mae": 0.97, "nested_mae": 0.98}
    row |= {"low": 0.8, "high": 1.2, "cost": 0.01, "n": 474, "n_papers": 172, "n_rows": 824}
    [printed] = choice_table(models.CHOICE.frame([row])).rows
    assert [cell.text for cell in printed] == [
        "at the limit",
        "best",
        "0.970",
        "0.980",
        "0.010",
        "474",
        "172",
        "824",
    ]
    assert (printed[1].note, printed[3].note) == ("so", "0.80 to 1.20")


def test_who_answers_is_printed_by_what_is_told() -> None:
    row = {"kind": "formula_and_cell", "model": "gaussian_process", "variant": "none", "mae": 1.0, "n": 30}
    row |= {"difference": 0.0, "low": 0.0, "high": 0.0, "n_papers": 3, "answers": True, "reason": "why"}
    [printed] = answering_table(models.ANSWERING.frame([row])).rows
    texts = [cell.text for cell in printed]
    assert texts == ["Formula and cell", "Gaussian process", "1.000", "–", "30", "why"]
