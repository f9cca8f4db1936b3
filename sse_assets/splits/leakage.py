"""Sources that train and test have in common: they show how far a protocol flatters."""

import pandas as pd

from sse_assets.splits.groups import sources_in_common
from sse_assets.tables import splits
from sse_assets.tables.names import Role


def shared_sources(assignments: pd.DataFrame, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Count the test rows that share a source paper, or a composition, with a row that trains.

    Args:
        assignments: a frame as `tables.splits.ASSIGNMENTS`.
        electrolytes: columns `electrolyte_id`, `doi` and `composition_key`.

    Returns:
        A frame as `tables.splits.LEAKAGE`, one row for each protocol and fold.
    """
    sources = electrolytes.set_index("electrolyte_id")
    counts = []
    for (protocol, fold), rows in assignments.groupby(["protocol", "fold"], sort=False):
        train = sources.loc[rows.loc[rows["role"] == Role.TRAIN, "electrolyte_id"]]
        test = sources.loc[rows.loc[rows["role"] == Role.TEST, "electrolyte_id"]]
        shared = sources_in_common(test, train)
        counts.append(
            {
                "protocol": protocol,
                "fold": fold,
                "n_train": len(train),
                "n_test": len(test),
                "n_test_sharing_doi": int(shared["doi"].sum()),
                "n_test_sharing_composition": int(shared["composition"].sum()),
            }
        )
    return splits.LEAKAGE.frame(counts)
