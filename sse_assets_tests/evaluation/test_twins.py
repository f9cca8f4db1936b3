"""Which rows with a formula alone may tell nothing of a test row, worked by hand."""

import pandas as pd

from sse_assets.evaluation.twins import barred_twins


def electrolytes() -> pd.DataFrame:
    rows = [
        ("e0", "x", False, -3.0, False),
        ("e1", "y", False, -5.0, False),
        ("e2", "w", False, -5.0, False),
        ("t0", "x", True, -3.5, False),
        ("t1", "x", True, -4.0, False),
        ("t2", "z", True, -6.0, False),
        ("t3", "y", True, -9.0, True),
    ]
    names = ["electrolyte_id", "composition_key", "formula_only", "log10_sigma", "censored"]
    return pd.DataFrame(rows, columns=names).assign(sigma_s_cm=lambda table: 10 ** table["log10_sigma"])


def assignments() -> pd.DataFrame:
    """Fold 0 tests e0, fold 1 tests e1 and e2; each trains where it is not tested."""
    rows = [(0, "e0", "test"), (0, "e1", "train"), (0, "e2", "train")]
    rows += [(1, "e0", "train"), (1, "e1", "test"), (1, "e2", "test")]
    return pd.DataFrame(rows, columns=["fold", "electrolyte_id", "role"]).assign(protocol="grouped")


def barred(further: list[tuple[int, str]]) -> set[tuple[int, str, str, float]]:
    may_train = pd.DataFrame(further, columns=["fold", "electrolyte_id"]).assign(protocol="grouped")
    found = barred_twins(electrolytes(), assignments(), may_train.astype({"fold": int}))
    columns = ["fold", "electrolyte_id", "label_convention", "twin_label"]
    return set(found[columns].round(3).itertuples(index=False, name=None))


def test_rows_of_the_composition_of_a_test_row_are_its_twins() -> None:
    assert barred([]) == {
        (0, "e0", "bound", -3.5),
        (0, "e0", "obelix", -3.5),
        (0, "e0", "bound", -4.0),
        (0, "e0", "obelix", -4.0),
        (1, "e1", "bound", -9.0),
        (1, "e1", "obelix", -15.0),
    }


def test_a_row_that_may_train_in_the_fold_is_no_twin() -> None:
    assert {label for *_, label in barred([(0, "t0"), (1, "t1"), (1, "t3")])} == {-4.0}
