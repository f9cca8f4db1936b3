"""A process with all that an answer needs: how wide its intervals are, and where it is out of its depth."""

import json
import math
from dataclasses import dataclass

import numpy as np
import pandas as pd
from fsspec.core import url_to_fs

from sse_assets.gaussian_process.conformal import ConformalIntervals
from sse_assets.gaussian_process.domain import Domain
from sse_assets.gaussian_process.files import CALIBRATION_FILE
from sse_assets.gaussian_process.model import GaussianProcessModel


@dataclass(frozen=True)
class TrainedProcess:
    """A fitted process, its conformal intervals and its domain."""

    model: GaussianProcessModel
    intervals: ConformalIntervals
    domain: Domain

    def predict(self, features: pd.DataFrame) -> pd.DataFrame:
        """Predict a new measurement of each material.

        Returns:
            `predicted`, log10(σ / (S/cm)), and `std`; `low` and `high`, the ends of the 90 % interval, and
            `low_50` and `high_50`, those of the 50 % interval, NaN where too few papers were held out to
            tell; `nearest_distance`, that of `Domain.examine`, and `outside_domain`. Index as that of
            features.
        """
        answers = self.model.predict(features)
        mean, std = answers["mean"].to_numpy(), answers["std"].to_numpy()
        low, high = self.intervals.interval(mean, std, 0.9)
        low_50, high_50 = self.intervals.interval(mean, std, 0.5)
        columns = {"predicted": mean, "std": std, "low": low, "high": high, "low_50": low_50}
        table = pd.DataFrame(columns | {"high_50": high_50}, index=features.index)
        table = table.where(np.isfinite(table))
        place = self.domain.examine(features)
        return table.assign(nearest_distance=place["nearest_distance"], outside_domain=place["outside"])

    def save(self, folder: str) -> None:
        """Write the model and `CALIBRATION_FILE` into a folder; any URL that fsspec reads will do.

        `served.ServedProcess` reads them.
        """
        self.model.save(folder)
        filesystem, path = url_to_fs(folder)
        known = {
            str(coverage): width
            for coverage, width in self.intervals.multipliers.items()
            if math.isfinite(width)
        }
        card = {
            "interval_widths_in_std": known,
            "domain_limit": self.domain.limit if math.isfinite(self.domain.limit) else None,
        }
        filesystem.pipe_file(f"{path}/{CALIBRATION_FILE}", json.dumps(card, indent=2).encode())
