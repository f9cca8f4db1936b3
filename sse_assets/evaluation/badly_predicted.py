"""Families of materials on which a model errs much more than on the whole."""

import pandas as pd

from sse_assets.evaluation.selection import rows_with
from sse_assets.materials.conductivity import LabelConvention
from sse_assets.tables.names import Role

_TIMES = 1.25
"""How many times the error on all materials the error on a badly predicted family is, or more."""
_FEWEST = 5
"""Test rows that a family needs for a verdict."""
_MODEL = ["model", "variant"]


def is_badly_predicted(mae: float, n: int, mae_of_all: float) -> bool:
    """Return whether the error on the `n` test rows of a family is much larger than that on all rows."""
    return n >= _FEWEST and mae >= _TIMES * mae_of_all


def badly_predicted(predictions: pd.DataFrame, electrolytes: pd.DataFrame, protocol: str) -> pd.DataFrame:
    """Return the families and chemical groups that each model predicts badly under a protocol.

    Args:
        predictions: a frame as `tables.metrics.PREDICTIONS`; the test rows under `bound` count.
        electrolytes: columns electrolyte_id, family and chemical_group.
        protocol: protocol of the test.

    Returns:
        Columns model, variant, kind (`family` or `chemical_group`), part (its name), n, mae, bias (mean of
        predicted minus measured) and mae_of_all, in log10(σ / (S/cm)); the largest error first.
    """
    test = rows_with(
        predictions, protocol=protocol, label_convention=LabelConvention.BOUND, role=Role.TEST
    ).merge(electrolytes[["electrolyte_id", "family", "chemical_group"]], on="electrolyte_id")
    test = test.assign(bias=test["predicted"] - test["log10_sigma"])
    test = test.assign(mae=test["bias"].abs())
    whole = test.groupby(_MODEL)["mae"].mean().rename("mae_of_all").reset_index()
    parts = pd.concat(
        test.groupby([*_MODEL, kind])
        .agg(n=("mae", "size"), mae=("mae", "mean"), bias=("bias", "mean"))
        .reset_index()
        .rename(columns={kind: "part"})
        .assign(kind=kind)
        for kind in ("family", "chemical_group")
    ).merge(whole, on=_MODEL)
    bad = [is_badly_predicted(row["mae"], row["n"], row["mae_of_all"]) for row in parts.to_dict("records")]
    parts = parts[pd.Series(bad, index=parts.index, dtype=bool)]
    return parts.sort_values("mae", ascending=False, ignore_index=True)
