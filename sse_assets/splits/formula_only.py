"""Rows of which the formula alone is known: where they may train."""

import pandas as pd

from sse_assets.splits.groups import published, sharing_nothing, sources_in_common
from sse_assets.tables import splits
from sse_assets.tables.names import Protocol, Role


def further_training_rows(assignments: pd.DataFrame, electrolytes: pd.DataFrame) -> pd.DataFrame:
    """Let a row train in every fold whose test rows share neither its DOI nor its composition.

    This holds under each protocol, the flattering ones included: no score gets better because a test row has
    a twin among these rows. Under `papers`, on which models are chosen, a row that shares something with an
    official test row does not train either. Rows of the inbox train under `grouped` alone, as in `assign`.

    Args:
        assignments: a frame as `tables.splits.ASSIGNMENTS`.
        electrolytes: columns `electrolyte_id`, `source`, `doi`, `composition_key`, `official_role` and
            `formula_only`.

    Returns:
        A frame as `tables.splits.FORMULA_ONLY`.
    """
    every = electrolytes.set_index("electrolyte_id")
    rows = every[every["formula_only"]]
    public = rows.index.intersection(published(every).index)
    parts = []
    for (protocol, fold), assigned in assignments.groupby(["protocol", "fold"], sort=False):
        test = every.loc[assigned.loc[assigned["role"] == Role.TEST, "electrolyte_id"]]
        if protocol == Protocol.PAPERS:
            test = pd.concat([test, every[every["official_role"] == Role.TEST]])
        ids = sharing_nothing(rows if protocol == Protocol.GROUPED else rows.loc[public], test)
        parts.append(
            pd.DataFrame(
                {"protocol": protocol, "fold": fold, "electrolyte_id": ids, "role": Role.TRAIN.value}
            )
        )
    return splits.FORMULA_ONLY.frame(pd.concat(parts) if parts else ())


def shared_with_tests(
    further: pd.DataFrame, assignments: pd.DataFrame, electrolytes: pd.DataFrame
) -> pd.DataFrame:
    """Count the test rows that share something with a further training row of their fold.

    Args:
        further: a frame as `tables.splits.FORMULA_ONLY`; the others as in `further_training_rows`.

    Returns:
        Columns `protocol`, `fold`, `doi` and `composition`: test rows that share one.
    """
    sources = electrolytes.set_index("electrolyte_id")[["doi", "composition_key"]]
    counts = []
    for (protocol, fold), rows in further.groupby(["protocol", "fold"], sort=False):
        in_fold = (assignments["protocol"] == protocol) & (assignments["fold"] == fold)
        test = assignments.loc[in_fold & (assignments["role"] == Role.TEST), "electrolyte_id"]
        shared = sources_in_common(sources.loc[test], sources.loc[rows["electrolyte_id"]])
        counts.append({"protocol": protocol, "fold": fold, **shared.sum().to_dict()})
    return pd.DataFrame(counts, columns=["protocol", "fold", "doi", "composition"])
