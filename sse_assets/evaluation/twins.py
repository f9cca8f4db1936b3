"""Rows with a formula alone that have the composition of a test row: they give its label away."""

import pandas as pd

from sse_assets.materials.conductivity import labels
from sse_assets.tables.names import Role

_FOLD = ["protocol", "fold"]
_EQUAL = 0.005 + 1e-9
"""Difference, in log units, up to which two labels may be one with two decimals."""


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
        Columns `protocol`, `fold` and `electrolyte_id` of the test row, `composition_key`,
        `label_convention`, and `twin_label`, log10(σ / (S/cm)): a line for each twin and label convention.
    """
    of_rows = labels(electrolytes).rename_axis("electrolyte_id").reset_index()
    measured = electrolytes[["electrolyte_id", "composition_key", "formula_only"]].merge(
        of_rows.melt("electrolyte_id", var_name="label_convention", value_name="label")
    )
    roles = assignments.merge(measured)
    trains, tests = (roles[roles["role"] == role] for role in Role)
    alone = measured[measured["formula_only"]].rename(
        columns={"electrolyte_id": "twin_id", "label": "twin_label"}
    )
    same = ["composition_key", "label_convention"]
    pairs = tests[[*_FOLD, "electrolyte_id", *same]].merge(alone, on=same)
    may_train = pd.MultiIndex.from_frame(further[[*_FOLD, "electrolyte_id"]])
    pairs = pairs[~pd.MultiIndex.from_frame(pairs[[*_FOLD, "twin_id"]]).isin(may_train)]
    pairs = pairs.reset_index(drop=True)
    by_training = pairs.reset_index().merge(trains, on=[*_FOLD, *same])
    known = (by_training["twin_label"] - by_training["label"]).abs() <= _EQUAL
    barred = pairs[~pairs.index.isin(by_training.loc[known, "index"])]
    return barred[[*_FOLD, "electrolyte_id", *same, "twin_label"]].reset_index(drop=True)
