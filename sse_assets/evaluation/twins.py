"""Rows with a formula alone that have the composition of a test row: they give its label away."""

import pandas as pd

from sse_assets.materials.conductivity import labels
from sse_assets.tables.names import Role

COPIED_WITHIN = 0.005 + 1e-9
"""A prediction this near to a label, in log units, may be the label with two decimals."""
_FOLD = ["protocol", "fold"]


def barred_twins(
    electrolytes: pd.DataFrame, assignments: pd.DataFrame, further: pd.DataFrame
) -> pd.DataFrame:
    """Return what a model can know of a test row only from a row that may not train in its fold.

    A twin is a row with a formula alone that has the composition of the test row and does not train in the
    fold. A label that a training row of the fold with that composition has too is left out: who predicts it
    may know it from there.

    Args:
        electrolytes: a frame as `tables.curated.ELECTROLYTES`.
        assignments: a frame as `tables.splits.ASSIGNMENTS`.
        further: a frame as `tables.splits.FORMULA_ONLY`.

    Returns:
        Columns `protocol`, `fold`, `electrolyte_id` of the test row, and `twin_label`, log10(σ / (S/cm)): a
        line for each twin and label convention.
    """
    keys = electrolytes[["electrolyte_id", "composition_key", "formula_only"]]
    of_rows = labels(electrolytes).rename_axis("electrolyte_id").reset_index()
    measured = keys.merge(
        of_rows.melt("electrolyte_id", value_name="label")[["electrolyte_id", "label"]].drop_duplicates()
    )
    roles = assignments.merge(measured)
    trains, tests = (roles[roles["role"] == role] for role in Role)
    alone = measured[measured["formula_only"]].rename(
        columns={"electrolyte_id": "twin_id", "label": "twin_label"}
    )
    pairs = tests[[*_FOLD, "electrolyte_id", "composition_key"]].merge(alone).drop_duplicates()
    may_train = pd.MultiIndex.from_frame(further[[*_FOLD, "electrolyte_id"]])
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[[*_FOLD, "twin_id"]]).isin(may_train)]
    pairs = pairs.reset_index(drop=True)
    by_training = pairs.reset_index().merge(trains, on=[*_FOLD, "composition_key"])
    known = (by_training["twin_label"] - by_training["label"]).abs() <= COPIED_WITHIN
    barred = pairs[~pairs.index.isin(by_training.loc[known, "index"])]
    return barred[[*_FOLD, "electrolyte_id", "twin_label"]].reset_index(drop=True)
