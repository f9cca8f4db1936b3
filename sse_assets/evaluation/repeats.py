"""The scatter between measurements of one material: no honest test error can be expected below it."""

from dataclasses import dataclass
from itertools import combinations

import numpy as np
import pandas as pd


@dataclass(frozen=True)
class RepeatNoise:
    """Differences between measurements of one material, in log units."""

    n_pairs: int
    median: float
    mean: float


def repeat_measurements(electrolytes: pd.DataFrame) -> RepeatNoise:
    """Return the absolute differences between all pairs of rows of one composition and space group.

    Censored rows are left out. Without a pair the median and the mean are NaN.

    Args:
        electrolytes: columns composition_key, space_group, log10_sigma and censored.
    """
    measured = electrolytes[~electrolytes["censored"].astype(bool)]
    differences = [
        abs(first - second)
        for _, labels in measured.groupby(["composition_key", "space_group"])["log10_sigma"]
        for first, second in combinations(labels, 2)
    ]
    if not differences:
        return RepeatNoise(0, np.nan, np.nan)
    return RepeatNoise(len(differences), float(np.median(differences)), float(np.mean(differences)))
