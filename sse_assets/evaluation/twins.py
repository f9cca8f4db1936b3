"""Rows with a formula alone that have the composition of a test row: they give its label away."""

import pandas as pd

from sse_assets.materials.conductivity import labels
from sse_assets.tables.names import Role

_FOLD = ["protocol", "fold"]
_SAME = ["composition_key", "label_convention"]


def barred_twins(
    electrolytes: pd.DataFrame, assignments: pd.DataFrame, further: pd.DataFrame
) -> pd.DataFrame:
    """Return the twins of test rows: rows with a formula alone and the same composition that may not train.

    Args:
        electrolytes: a frame as `tables.curated.ELECTROLYTES`.
        assignments: a frame as `tables.splits.ASSIGNMENTS`.
        further: a frame as `tables.splits.FORMULA_ONLY`, which says in which folds a row may train.

    Returns:
        Columns `protocol`, `fold` and `electrolyte_id` of the test row, `composition_key`,
        `label_convention`, and `twin_label`, log10(σ / (S/cm)): a line for each twin and label convention.
    """
    by_row = labels(electrolytes).rename_axis("electrolyte_id").reset_index()
    measured = electrolytes[["electrolyte_id", "composition_key", "formula_only"]].merge(
        by_row.melt("electrolyte_id", var_name="label_convention", value_name="label")
    )
    tests = assignments[assignments["role"] == Role.TEST].merge(measured)
    alone = measured[measured["formula_only"]].rename(
        columns={"electrolyte_id": "twin_id", "label": "twin_label"}
    )
    twins = tests[[*_FOLD, "electrolyte_id", *_SAME]].merge(alone, on=_SAME)
    may_train = pd.MultiIndex.from_frame(further[[*_FOLD, "electrolyte_id"]])
    barred = twins[~pd.MultiIndex.from_frame(twins[[*_FOLD, "twin_id"]]).isin(may_train)]
    return barred[[*_FOLD, "electrolyte_id", *_SAME, "twin_label"]].reset_index(drop=True)
