"""Rows with a formula alone train only where they say nothing of a test row."""

import dagster as dg
import pandas as pd
import pytest

from sse_assets.assets.splits import formula_only_shares_nothing
from sse_assets.splits.formula_only import further_training_rows, shared_with_tests
from sse_assets.tables import splits

ELECTROLYTES = pd.DataFrame(
    [
        ("e0", "10.1/a", "Li2O", False),
        ("e1", "10.1/b", "LiF", False),
        ("e2", None, "LiCl", False),
        ("twin", "10.1/x", "Li2O", True),
        ("same paper", "10.1/B | 10.1/c", "LiI", True),
        ("free", None, "LiBr", True),
    ],
    columns=["electrolyte_id", "doi", "composition_key", "formula_only"],
).assign(official_role=None, source="liion")
TESTED = ELECTROLYTES[~ELECTROLYTES["formula_only"]]
ASSIGNMENTS = splits.ASSIGNMENTS.frame(
    [
        {"protocol": protocol, "fold": fold, "electrolyte_id": name, "role": "test" if n == fold else "train"}
        for protocol in ("random", "grouped")
        for fold in range(3)
        for n, name in enumerate(TESTED["electrolyte_id"])
    ]
)


def test_a_row_trains_where_it_shares_nothing_under_every_protocol() -> None:
    rows = further_training_rows(ASSIGNMENTS, ELECTROLYTES)
    assert set(rows["role"]) == {"train"}
    for _, of_protocol in rows.groupby("protocol"):
        assert of_protocol.groupby("fold")["electrolyte_id"].apply(list).to_dict() == {
            0: ["same paper", "free"],
            1: ["twin", "free"],
            2: ["twin", "same paper", "free"],
        }


def test_a_model_is_chosen_without_what_says_something_of_the_official_test() -> None:
    electrolytes = ELECTROLYTES.assign(official_role=["test", "train", "train", None, None, None])
    of_papers = ASSIGNMENTS.query("protocol == 'grouped' and electrolyte_id != 'e0' and fold > 0")
    rows = further_training_rows(of_papers.assign(protocol="papers"), electrolytes)
    assert rows.groupby("fold")["electrolyte_id"].apply(list).to_dict() == {
        1: ["free"],
        2: ["same paper", "free"],
    }


def test_a_row_of_the_inbox_trains_under_grouped_alone() -> None:
    source = ["liion", "liion", "liion", "liion", "liion", "inbox"]
    rows = further_training_rows(ASSIGNMENTS, ELECTROLYTES.assign(source=source))
    assert set(rows.loc[rows["electrolyte_id"] == "free", "protocol"]) == {"grouped"}


@pytest.mark.parametrize(("planted", "counts"), [("twin", (0, 1)), ("same paper", (1, 0))])
def test_a_planted_duplicate_is_found(planted: str, counts: tuple[int, int]) -> None:
    sound = further_training_rows(ASSIGNMENTS, ELECTROLYTES)
    fold = 0 if planted == "twin" else 1
    row = {"protocol": "random", "fold": fold, "electrolyte_id": planted, "role": "train"}
    leaking = pd.concat([sound, pd.DataFrame([row])], ignore_index=True)
    shared = shared_with_tests(leaking, ASSIGNMENTS, ELECTROLYTES)
    assert (shared["doi"].sum(), shared["composition"].sum()) == counts
    for rows, passed in ((sound, True), (leaking, False)):
        result = formula_only_shares_nothing(rows, ASSIGNMENTS, ELECTROLYTES)
        assert isinstance(result, dg.AssetCheckResult)
        assert result.passed is passed


def test_without_such_rows_the_table_is_empty() -> None:
    rows = further_training_rows(ASSIGNMENTS, TESTED)
    splits.FORMULA_ONLY.check(rows)
    assert rows.empty
