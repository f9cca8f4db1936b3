import pandas as pd
from hypothesis import given, settings
from hypothesis import strategies as st

from sse_assets.splits.groups import merged_groups, sharing_nothing, sources_in_common

rows_of_sources = st.lists(
    st.tuples(st.sampled_from([None, "10.1/a", "10.1/b", "10.1/c", "10.1/d"]), st.sampled_from("UVWXYZ")),
    min_size=1,
    max_size=25,
)


def electrolytes(sources: list[tuple[str | None, str]]) -> pd.DataFrame:
    return pd.DataFrame(sources, columns=["doi", "composition_key"]).assign(
        electrolyte_id=[f"e{number}" for number in range(len(sources))]
    )


def test_groups_follow_papers_and_compositions_transitively() -> None:
    table = electrolytes(
        [
            ("10.1/a", "Li3N"),
            ("10.1/b", "LiI"),
            ("10.1/a", "LiCl"),  # the paper of e0
            ("10.1/c", "LiCl"),  # the composition of e2, so with e0 too
            (None, "LiF"),
            (None, "LiBr"),  # neither has a DOI: that links nothing
            ("", "Li2O"),
        ]
    )
    groups = merged_groups(table)
    assert groups.index.tolist() == table["electrolyte_id"].tolist()
    assert groups.tolist() == [0, 1, 0, 0, 2, 3, 4]


def test_a_doi_is_the_same_in_capitals_and_with_blanks() -> None:
    table = electrolytes([("10.1039/C3DT52917G", "LiF"), (" 10.1039/c3dt52917g", "LiCl")])
    assert merged_groups(table).tolist() == [0, 0]


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(rows_of_sources)
def test_rows_of_one_source_are_in_one_group_and_groups_share_no_source(
    sources: list[tuple[str | None, str]],
) -> None:
    table = electrolytes(sources).assign(group=merged_groups(electrolytes(sources)).to_numpy())
    for column in ("doi", "composition_key"):
        assert table.dropna(subset=column).drop_duplicates([column, "group"])[column].is_unique


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(rows_of_sources)
def test_groups_are_no_larger_than_links_make_them(sources: list[tuple[str | None, str]]) -> None:
    table = electrolytes(sources)
    for _, members in table.groupby(merged_groups(table).to_numpy()):
        reached = members.iloc[[0]]
        for _ in range(len(members)):
            reached = members[sources_in_common(members, reached).any(axis="columns")]
        assert len(reached) == len(members)


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(rows_of_sources, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_change_who_is_together(
    sources: list[tuple[str | None, str]], random: object
) -> None:
    table = electrolytes(sources)
    shuffled = list(table.index)
    random.shuffle(shuffled)  # type: ignore[attr-defined]

    def partition(of: pd.DataFrame) -> set[frozenset[str]]:
        return {frozenset(members.index) for _, members in merged_groups(of).groupby(merged_groups(of))}

    assert partition(table) == partition(table.loc[shuffled])


def test_sources_in_common_says_which_source_is_shared() -> None:
    shared = sources_in_common(
        electrolytes([("10.1/a", "LiF"), ("10.1/b", "LiCl"), (None, "LiI")]),
        electrolytes([("10.1/A", "LiCl"), (None, "LiBr")]),
    )
    assert shared["doi"].tolist() == [True, False, False]
    assert shared["composition"].tolist() == [False, True, False]


def test_a_row_that_names_two_papers_is_linked_to_both() -> None:
    table = electrolytes(
        [("10.1/a", "LiF"), ("10.1/b", "LiCl"), ("10.1/B|10.1/a", "LiBr"), ("10.1/c", "LiI")]
    )
    assert merged_groups(table).tolist() == [0, 0, 0, 1]
    shared = sources_in_common(table, table.iloc[[0]])
    assert shared["doi"].tolist() == [True, False, True, False]


@settings(deadline=None, max_examples=50)  # a busy machine is no failure
@given(rows_of_sources, st.integers(0, 24))
def test_outside_of_whole_groups_nothing_is_shared(
    sources: list[tuple[str | None, str]], number: int
) -> None:
    table = electrolytes(sources).set_index("electrolyte_id")
    groups = merged_groups(table.reset_index())
    is_tested = groups == number % (groups.max() + 1)
    assert sharing_nothing(table, table[is_tested]).tolist() == table.index[~is_tested].tolist()


def test_rows_that_a_table_no_longer_holds_share_what_they_once_did() -> None:
    once = electrolytes([("10.1/a", "LiF"), ("10.1/b", "LiCl"), ("10.1/c", "LiI"), ("10.1/d", "Li2S")])
    today = electrolytes([("10.1/A", "LiBr"), ("10.1/x", "LiCl"), ("10.1/y", "Li2O")])
    tested = today.assign(electrolyte_id=["new:0", "new:1", "e2"])  # e2 has another paper and formula now
    free = sharing_nothing(once.set_index("electrolyte_id"), tested.set_index("electrolyte_id"))
    assert free.tolist() == ["e3"]
