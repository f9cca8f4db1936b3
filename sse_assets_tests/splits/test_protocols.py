import numpy as np
import pandas as pd
import pytest

from sse_assets.splits.groups import merged_groups, sources_in_common
from sse_assets.splits.leakage import shared_sources
from sse_assets.splits.protocols import assign
from sse_assets.splits.settings import SplitSettings
from sse_assets.tables.names import Protocol


def ids(assignments: pd.DataFrame, protocol: Protocol, role: str, fold: int = 0) -> set[str]:
    chosen = assignments.query("protocol == @protocol and role == @role and fold == @fold")
    return set(chosen["electrolyte_id"])


def test_every_fold_has_each_row_once_and_k_fold_tests_each_row_once(electrolytes, features) -> None:
    assignments = assign(electrolytes, features, SplitSettings())
    assert assignments["protocol"].unique().tolist() == ["diversity", "random", "papers", "grouped"]
    for (_, _), rows in assignments.query("protocol != 'papers'").groupby(["protocol", "fold"]):
        assert sorted(rows["electrolyte_id"]) == sorted(electrolytes["electrolyte_id"])
    for protocol in (Protocol.RANDOM, Protocol.GROUPED):
        tested = assignments[(assignments["protocol"] == protocol) & (assignments["role"] == "test")]
        assert tested["fold"].nunique() == 5
        assert sorted(tested["electrolyte_id"]) == sorted(electrolytes["electrolyte_id"])
    assert len(ids(assignments, Protocol.DIVERSITY, "test")) == 24


@pytest.mark.parametrize(("n_rows", "n_test"), [(499, 100), (503, 101), (10, 2)])
def test_diversity_tests_the_papers_share_of_the_rows(n_rows: int, n_test: int) -> None:
    rows = pd.DataFrame({"electrolyte_id": [f"e{n}" for n in range(n_rows)], "doi": None}).assign(
        composition_key=lambda table: table["electrolyte_id"],
        conductivity_class="low",
        official_role=None,
        source="obelix",
    )
    features = pd.DataFrame({"x": np.arange(n_rows) ** 2.0}, index=rows["electrolyte_id"])
    assignments = assign(rows, features, SplitSettings())
    assert len(ids(assignments, Protocol.DIVERSITY, "test")) == n_test


def test_grouped_keeps_groups_whole_and_folds_balanced(electrolytes, features) -> None:
    assignments = assign(electrolytes, features, SplitSettings())
    tested = assignments.query("protocol == 'grouped' and role == 'test'").set_index("electrolyte_id")
    folds_of_group = tested["fold"].groupby(merged_groups(electrolytes)).nunique()
    assert (folds_of_group == 1).all()
    assert tested["fold"].value_counts().between(12, 36).all()


def test_a_seed_gives_one_split_whatever_the_order_of_the_rows(electrolytes, features) -> None:
    first = assign(electrolytes, features, SplitSettings(seed=5))
    shuffled = electrolytes.sample(frac=1, random_state=1)
    pd.testing.assert_frame_equal(first, assign(shuffled, features, SplitSettings(seed=5)))
    other = assign(electrolytes, features, SplitSettings(seed=6))
    for protocol in (Protocol.RANDOM, Protocol.GROUPED):
        assert ids(first, protocol, "test") != ids(other, protocol, "test")
    assert ids(first, Protocol.DIVERSITY, "test") == ids(other, Protocol.DIVERSITY, "test")


def test_official_leaves_out_what_shares_a_source_with_its_test_rows(features: pd.DataFrame) -> None:
    rows = pd.DataFrame(
        [
            ("test", "10.1/a", "LiF", "test"),
            ("train", "10.1/b", "LiCl", "train"),
            ("same composition", "10.1/c", "LiF", "train"),
            ("other source", "10.1/d", "LiI", None),
            ("other source, same paper", "10.1/A", "LiBr", None),
            ("other source, no paper", None, "Li2O", None),
        ],
        columns=["electrolyte_id", "doi", "composition_key", "official_role"],
    ).assign(conductivity_class="low", source="obelix")
    x = pd.DataFrame({"x": np.arange(6.0)}, index=rows["electrolyte_id"])
    assignments = assign(rows, x, SplitSettings(folds=2))
    assert ids(assignments, Protocol.OFFICIAL, "test") == {"test"}
    assert ids(assignments, Protocol.OFFICIAL, "train") == {"train", "other source", "other source, no paper"}


def test_papers_tests_official_training_rows_and_sees_nothing_of_the_official_test(electrolytes) -> None:
    role = np.where(np.arange(120) < 20, "test", "train")
    official = electrolytes.assign(official_role=role)
    tested = official.dropna(subset="doi").iloc[0]
    others = official.head(3).assign(
        electrolyte_id=["free", "of its paper", "of its composition"],
        doi=["10.1/new", tested["doi"], None],
        composition_key=["Q", "R", tested["composition_key"]],
        official_role=None,
    )
    rows = pd.concat([official, others], ignore_index=True)
    x = pd.DataFrame({"x": np.arange(float(len(rows)))}, index=rows["electrolyte_id"])
    assignments = assign(rows, x, SplitSettings()).query("protocol == 'papers'")
    table = rows.set_index("electrolyte_id")
    used = table.loc[assignments["electrolyte_id"].unique()]
    assert not sources_in_common(used, table[table["official_role"] == "test"]).any(axis=None)
    tests = assignments.loc[assignments["role"] == "test", "electrolyte_id"]
    assert tests.is_unique
    assert set(table.loc[tests, "official_role"]) == {"train"}
    assert len(tests) > 80
    assert "free" in set(used.index)
    assert not {"of its paper", "of its composition"} & set(used.index)
    assert (shared_sources(assignments, rows).filter(like="sharing") == 0).all(axis=None)


def test_what_a_person_measures_changes_no_protocol_but_grouped(electrolytes, features) -> None:
    before = assign(electrolytes, features, SplitSettings())
    own = electrolytes.head(3).assign(electrolyte_id=["inbox:1", "inbox:2", "inbox:3"], source="inbox")
    rows = pd.concat([electrolytes, own], ignore_index=True)
    x = pd.concat([features, features.head(3).set_axis(own["electrolyte_id"])])
    after = assign(rows, x, SplitSettings())
    others = before["protocol"] != Protocol.GROUPED
    pd.testing.assert_frame_equal(
        after[after["protocol"] != Protocol.GROUPED].reset_index(drop=True),
        before[others].reset_index(drop=True),
    )
    tested = after[(after["protocol"] == Protocol.GROUPED) & (after["role"] == "test")]
    assert sorted(tested["electrolyte_id"]) == sorted(rows["electrolyte_id"])
    alone = assign(own.assign(doi=None), x, SplitSettings(folds=2))
    assert set(alone.query("protocol == 'random'")["electrolyte_id"]) == set(own["electrolyte_id"])


def test_too_few_papers_leave_papers_out(electrolytes, features) -> None:
    paper = np.arange(len(electrolytes)) % 5
    five = electrolytes.assign(doi=[f"10.1/{number}" for number in paper], composition_key=paper.astype(str))
    assert "papers" not in set(assign(five, features, SplitSettings())["protocol"])


def test_a_row_without_features_a_repeated_id_and_too_few_rows_are_named(electrolytes, features) -> None:
    with pytest.raises(ValueError, match=r"made-up:000 has no features \(1 of 120 lack them\)"):
        assign(electrolytes, features.drop(index="made-up:000"), SplitSettings())
    with pytest.raises(ValueError, match="made-up:000 occurs twice"):
        assign(pd.concat([electrolytes, electrolytes.head(1)]), features, SplitSettings())
    with pytest.raises(ValueError, match="0 electrolytes cannot be split into 5 folds"):
        assign(electrolytes.head(0), features, SplitSettings())


@pytest.mark.parametrize("wrong", [{"test_share": 0.0}, {"test_share": 1.0}, {"folds": 1}])
def test_settings_that_split_nothing_are_refused(wrong: dict) -> None:
    with pytest.raises(ValueError, match=next(iter(wrong))):
        SplitSettings(**wrong)
