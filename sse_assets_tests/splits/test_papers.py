from collections.abc import Sequence

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_assets.splits.groups import sources_in_common
from sse_assets.splits.leakage import shared_sources
from sse_assets.splits.papers import paper_folds

sources = st.lists(
    st.tuples(
        st.sampled_from([None, *(f"10.1/{letter}" for letter in "abcdef"), "10.1/A|10.1/g"]),
        st.sampled_from("UVWXYZ"),
    ),
    min_size=8,
    max_size=30,
)


def table(rows: Sequence[tuple[str | None, str]]) -> pd.DataFrame:
    return pd.DataFrame(rows, columns=["doi", "composition_key"]).assign(
        electrolyte_id=[f"e{number}" for number in range(len(rows))], conductivity_class="low"
    )


def roles(folds: pd.DataFrame, fold: int, role: str) -> set[str]:
    return set(folds.loc[(folds["fold"] == fold) & (folds["role"] == role), "electrolyte_id"])


def test_a_neighbour_is_dropped_and_the_neighbours_neighbour_trains() -> None:
    rows = table(
        [
            ("10.1/a", "U"),  # e0
            ("10.1/A", "V"),  # e1: e0's paper
            ("10.1/b", "U"),  # e2: e0's composition
            ("10.1/b", "W"),  # e3: the paper of e2, and nothing of e0
            (None, "U"),  # e4: no paper, e0's composition
            (None, "X"),  # e5
        ]
    )
    folds = paper_folds(rows, folds=2, tested=pd.Index(["e0", "e5"]))
    fold = folds.loc[(folds["role"] == "test") & (folds["electrolyte_id"] == "e0"), "fold"].item()
    assert roles(folds, fold, "test") == {"e0"}
    assert roles(folds, fold, "train") == {"e3", "e5"}


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(sources)
def test_every_row_is_tested_once_and_no_training_row_shares_its_paper_or_composition(
    rows: list[tuple[str | None, str]],
) -> None:
    every = table(rows).set_index("electrolyte_id", drop=False).rename_axis(None)
    papers = every["doi"].nunique() + every["doi"].isna().sum()
    if papers < 4:
        return
    folds = paper_folds(every, folds=3)
    assert sorted(folds.loc[folds["role"] == "test", "electrolyte_id"]) == sorted(every.index)
    for fold in range(3):
        test, train = (every.loc[sorted(roles(folds, fold, role))] for role in ("test", "train"))
        assert not sources_in_common(test, train).any(axis=None)


@settings(deadline=None, max_examples=20)  # a busy machine is no failure
@given(sources, st.randoms(use_true_random=False))
def test_the_order_of_rows_changes_nothing(rows: list[tuple[str | None, str]], random: object) -> None:
    every = table(rows)
    if every["doi"].nunique() + every["doi"].isna().sum() < 4:
        return
    order = list(every.index)
    random.shuffle(order)  # type: ignore[attr-defined]
    pd.testing.assert_frame_equal(paper_folds(every, folds=2), paper_folds(every.loc[order], folds=2))


def test_a_planted_repeat_in_another_paper_does_not_train() -> None:
    rows = table([(f"10.1/{number}", f"C{number}") for number in range(12)] + [("10.1/new", "C3")])
    folds = paper_folds(rows, folds=6)
    fold = folds.loc[(folds["role"] == "test") & (folds["electrolyte_id"] == "e3"), "fold"].item()
    assert "e12" not in roles(folds, fold, "train")


def test_the_leakage_table_finds_nothing_shared(electrolytes: pd.DataFrame) -> None:
    shared = shared_sources(paper_folds(electrolytes), electrolytes)
    assert shared["fold"].tolist() == [0, 1, 2, 3, 4, 5]
    assert (shared[["n_test_sharing_doi", "n_test_sharing_composition"]] == 0).all(axis=None)


def test_too_few_papers_are_refused() -> None:
    with pytest.raises(ValueError, match="2 papers cannot be held out in 3 folds"):
        paper_folds(table([("10.1/a", "U"), ("10.1/b", "V"), ("10.1/b", "W")]), folds=3)


def test_few_rows_of_many_classes_are_held_out_all_the_same() -> None:
    rows = table([(f"10.1/{number}", f"C{number}") for number in range(7)])
    rows["conductivity_class"] = ["low", "high", "low", "high", "moderate", "superionic", "superionic"]
    folds = paper_folds(rows, folds=6)
    assert sorted(folds.loc[folds["role"] == "test", "electrolyte_id"]) == [f"e{n}" for n in range(7)]
