import pandas as pd

from sse_assets.splits.leakage import shared_sources
from sse_assets.splits.protocols import assign
from sse_assets.splits.settings import SplitSettings


def test_counts_worked_by_hand() -> None:
    sources = pd.DataFrame(
        [("a", "10.1/x", "LiF"), ("b", "10.1/X", "LiCl"), ("c", "10.1/y", "LiF"), ("d", None, "LiI")],
        columns=["electrolyte_id", "doi", "composition_key"],
    )
    assignments = pd.DataFrame(
        [("random", 0, "a", "train"), *(("random", 0, row, "test") for row in "bcd")],
        columns=["protocol", "fold", "electrolyte_id", "role"],
    )
    assert shared_sources(assignments, sources).to_dict("records") == [
        {
            "protocol": "random",
            "fold": 0,
            "n_train": 1,
            "n_test": 3,
            "n_test_sharing_doi": 1,
            "n_test_sharing_composition": 1,
        }
    ]


def test_grouped_shares_nothing_and_random_shares_much(electrolytes, features) -> None:
    shared = shared_sources(assign(electrolytes, features, SplitSettings()), electrolytes).set_index(
        "protocol"
    )
    counts = shared[["n_test_sharing_doi", "n_test_sharing_composition"]]
    assert (counts.loc["grouped"] == 0).all(axis=None)
    assert (counts.loc["random"] > 0).all(axis=None)


def test_on_obelix_the_honest_protocols_share_nothing(obelix: pd.DataFrame) -> None:
    features = obelix.set_index("electrolyte_id")[["a", "b", "c"]]
    shared = shared_sources(assign(obelix, features, SplitSettings()), obelix).set_index("protocol")
    counts = shared[["n_test_sharing_doi", "n_test_sharing_composition"]]
    assert (counts.loc[["papers", "official", "grouped"]] == 0).all(axis=None)
    assert (counts.loc["random", "n_test_sharing_doi"] > 60).all()
    # OBELiX's own split is 478 and 121 rows; two of its training rows have a test row's composition.
    assert shared.loc["official", ["n_train", "n_test"]].tolist() == [476, 121]
