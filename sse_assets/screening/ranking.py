"""The ranking of candidates, and a shortlist of which no two are much alike."""

from collections.abc import Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd
from scipy.spatial.distance import cdist

from sse_assets.curation.families import main_anion
from sse_assets.materials.formula import parse_composition
from sse_assets.screening.filters import set_aside
from sse_assets.screening.measured import fraction_table
from sse_assets.screening.settings import Filters
from sse_assets.tables import screening

ALIKE = 0.2
"""Sum of the differences in atomic fractions up to which two compounds of one anion count as alike."""


def ranked(predictions: pd.DataFrame, candidates: pd.DataFrame, filters: Filters) -> pd.DataFrame:
    """Order the answered candidates by their predicted conductivity, those that are set aside last.

    Args:
        predictions: a frame as `tables.screening.PREDICTIONS`; refused candidates are left out.
        candidates: a frame as `tables.screening.CANDIDATES`.
        filters: what a candidate has to be.

    Returns:
        A frame as `tables.screening.RANKING`.
    """
    key = ["candidate_set", "candidate_id"]
    stated = candidates[[*key, "band_gap_ev", "energy_above_hull_ev", "reported_family"]]
    rows = predictions[predictions["refused"].isna()].merge(stated, on=key, how="left")
    rows = rows.assign(
        anion=[main_anion(parse_composition(formula)) for formula in rows["formula"]],
        set_aside=pd.Series(set_aside(rows, filters), index=rows.index, dtype="str"),
    )
    rows = rows.sort_values("log10_sigma", ascending=False, kind="stable")
    passes = rows["set_aside"].isna()
    rows = pd.concat([rows[passes], rows[~passes]], ignore_index=True)
    places = pd.Series(np.arange(1.0, passes.sum() + 1))
    return screening.RANKING.frame(rows.assign(rank=places.reindex(rows.index)))


def shortlist(ranking: pd.DataFrame, n: int) -> pd.DataFrame:
    """Take the best `n` candidates of which no two have one anion and nearly one composition.

    Args:
        ranking: a frame as `tables.screening.RANKING`.
        n: length of the list at most.

    Returns:
        A frame as `tables.screening.SHORTLIST`.
    """
    rows = ranking[ranking["rank"].notna()].sort_values("rank")
    taken = [row for _, row in zip(range(n), unlike(rows), strict=False)]
    return screening.SHORTLIST.frame([{**row, "place": place} for place, row in enumerate(taken, start=1)])


def unlike(rows: pd.DataFrame) -> Iterator[Mapping[Any, Any]]:
    """Yield rows in their order, without those that are like one before.

    Args:
        rows: columns `formula` and `anion`.
    """
    fractions = fraction_table([parse_composition(formula) for formula in rows["formula"]])
    anions = rows["anion"].to_numpy()
    taken: list[int] = []
    for place, row in enumerate(rows.to_dict("records")):
        same_anion = [other for other in taken if anions[other] == anions[place]]
        if same_anion:
            distances = cdist(fractions[[place]], fractions[same_anion], "cityblock")
            if distances.min() < ALIKE:
                continue
        taken.append(place)
        yield row
