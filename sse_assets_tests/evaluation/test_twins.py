"""Which labels of formula-only rows tell of a test row, worked by hand."""

import pandas as pd

from sse_assets.evaluation.twins import barred_twins


def electrolytes() -> pd.DataFrame:
    rows = [
        ("e0", "x", False, -3.0, False),
        ("e1", "x", False, -4.0, False),
        ("e2", "y", False, -5.0, False),
        ("t0", "x", True, -3.5, False),
        ("t1", "x", True, -4.0, False),
        ("t2", "z", True, -6.0, False),
        ("t3", "y", True, -9.0, True),
    ]
    names = ["electrolyte_id", "composition_key", "formula_only", "log10_sigma", "censored"]
    return pd.DataFrame(rows, columns=names).assign(sigma_s_cm=lambda table: 10 ** table["log10_sigma"])


def assignments() -> pd.DataFrame:
    """Fold 0 tests e0 and has e1 train; fold 1 tests e0 and e2 alone."""
    rows = [(0, "e0", "test"), (0, "e1", "train"), (1, "e0", "test"), (1, "e2", "test")]
    return pd.DataFrame(rows, columns=["fold", "electrolyte_id", "role"]).assign(protocol="random")


def barred(further: list[tuple[int, str]]) -> set[tuple[int, str, float]]:
    may_train = pd.DataFrame(further, columns=["fold", "electrolyte_id"]).assign(protocol="random")
    found = barred_twins(electrolytes(), assignments(), may_train.astype({"fold": int}))
    assert not found.duplicated().any()
    assert set(found["label_convention"]) == {"bound", "obelix"}
    return set(found[["fold", "electrolyte_id", "twin_label"]].round(3).itertuples(index=False, name=None))


def test_a_label_is_barred_unless_a_training_row_has_it_too() -> None:
    assert barred([]) == {
        (0, "e0", -3.5),  # -4.0 is known from e1
        (1, "e0", -3.5),
        (1, "e0", -4.0),
        (1, "e2", -9.0),  # under both conventions
        (1, "e2", -15.0),
    }


def test_a_row_that_may_train_bars_nothing() -> None:
    assert barred([(0, "t0"), (1, "t0"), (1, "t3")]) == {(1, "e0", -4.0)}
