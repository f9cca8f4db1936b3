"""Measurements without a cell of their own: they teach the models that need none."""

import pandas as pd

from sse_assets.curation.measurements import curate_measurements
from sse_assets.tables import curated
from sse_assets.tables.names import Reason

_GOOD_FOR_A_FORMULA = (Reason.FORMULA_ONLY, Reason.GLASS, Reason.REPEATED_COMPOSITION)
"""Reasons for which a row is no electrolyte, though its formula and its conductivity are sound."""


def formula_only(reported: pd.DataFrame, rejected: pd.DataFrame) -> pd.DataFrame:
    """Label the reported rows that are no electrolytes for want of a cell alone.

    A row that repeats the composition of an electrolyte is among them: another paper measured it. Two of
    these rows with one composition still count once, the one measured nearest to 25 °C.

    Args:
        reported: rows of every source, as `curate_measurements` takes them.
        rejected: the rows that curation refused, as `tables.curated.REJECTED`.

    Returns:
        A frame as `tables.curated.FORMULA_ONLY`.
    """
    names = ["source", "source_id"]
    sound = rejected[rejected["reason_code"].isin(_GOOD_FOR_A_FORMULA)]
    of_sound = pd.MultiIndex.from_frame(reported[names]).isin(pd.MultiIndex.from_frame(sound[names]))
    labelled, _ = curate_measurements(reported[of_sound])
    return curated.FORMULA_ONLY.frame(labelled)
